"""`cpl merge-driver`: git calls it to merge a record; it reads no settings, for they may be in conflict too."""

from __future__ import annotations

from collections.abc import Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click

from cpl import files
from cpl.cli.app import App, pass_app
from cpl.errors import EXIT_OK, EXIT_PROBLEMS, CplError
from cpl.git import Git, GitFailed
from cpl.merge import Marks, merge, whole
from cpl.merge_registers import merged
from cpl.registers import FOLDER, is_register, register_at
from cpl.render import one_line
from cpl.values import frozen

MERGED: Final = "merged"
CONFLICTS: Final = "conflicts"

_LIMIT: Final = 1 << 30  # of a file that is no record any more; git merges such files too
_REFUSED: Final = 128  # git merge-file ends with the number of conflicts, at most 127; from here on it could not


@click.command("merge-driver")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("path")
@click.argument("size", metavar="[MARKER-SIZE]", type=click.IntRange(min=1), default=7)
@click.argument("labels", metavar="[LABELS]", nargs=-1)
@pass_app
def merge_driver_command(
    app: App, base: Path, ours: Path, theirs: Path, path: str, size: int, labels: Sequence[str]
) -> int:
    """Merge the record, or register, PATH for git: what BASE, OURS and THEIRS hold; the result goes to OURS.

    Prints `merged`, or `conflicts` and ends with 1 when OURS now has conflict markers. What is not a record, or can't
    be read, is merged as text. `cpl init` enters this command in git's settings of the clone.

    \b
    Example:
      cpl merge-driver %O %A %B %P %L %X %Y
    """
    job = _Job(app, path, (base, ours, theirs), Marks(size, *_labels(labels)))
    try:
        conflicts = job.merge()
    except CplError as error:
        app.say(f"{path}: {error}")
        conflicts = job.merge_as_text()
    except Exception:  # whatever is wrong in cpl, theirs must not be lost; the bug is told as always
        _tell(job.merge_as_text())
        raise
    if conflicts:
        app.say(_("{path}: both sides changed {what}").format(path=path, what=", ".join(conflicts)))
    return _tell(conflicts)


def _tell(conflicts: Sequence[str]) -> int:
    """Print the word that the setting in git waits for; the exit code."""
    click.echo(CONFLICTS if conflicts else MERGED)
    return EXIT_PROBLEMS if conflicts else EXIT_OK


def _labels(given: Sequence[str]) -> tuple[str, str]:
    """What git calls the two sides; a git before 2.44 leaves the `%` as it is."""
    ours, theirs, *_rest = [*given, "", ""]
    known = [one_line(label) if not label.startswith("%") else "" for label in (ours, theirs)]
    return known[0] or "ours", known[1] or "theirs"


@frozen
class _Job:
    """One merge: of which file, where base, ours and theirs are, and how to mark conflicts."""

    app: App
    path: str
    versions: tuple[Path, Path, Path]
    marks: Marks

    @property
    def ours(self) -> Path:
        """The version of this branch, which git takes the result from."""
        return self.versions[1]

    @property
    def folder(self) -> Path:
        """Where git started us: the top of the work tree."""
        return self.app.folder or Path.cwd()

    def merge(self) -> Sequence[str]:
        """Merge as a record; what is in conflict. Raises Unmergeable, and CplError where a file can't be used."""
        base, ours, theirs = map(self._read, self.versions)
        if is_register(name := self._in_store):
            return self._merge_register(name, (base, ours, theirs))
        found = merge(base, ours, theirs, self.marks)
        self._write(found.data)
        for comment in found.left_out:
            message = _("{path}: the other side's comment was not taken over, enter it again: {comment}")
            self.app.say(message.format(path=self.path, comment=comment))
        return found.conflicts

    @property
    def _in_store(self) -> str:
        """The path from the root of its store, which may lie in a folder below the top."""
        at = f"/{self.path}".rfind(f"/{FOLDER}/")
        return self.path[max(at, 0) :]

    def _merge_register(self, name: str, versions: tuple[bytes, bytes, bytes]) -> Sequence[str]:
        register = register_at(name)
        data = None if register is None else merged(register, *versions)
        if data is None:
            return self.merge_as_text()
        self._write(data)
        return []

    def merge_as_text(self) -> Sequence[str]:
        """Merge as git does without us, or where git refuses, mark all of both sides; what is in conflict."""
        labels = [word for label in (self.marks.ours, "base", self.marks.theirs) for word in ("-L", label)]
        options = ("--quiet", f"--marker-size={self.marks.size}", *labels)
        try:
            self._git.run("merge-file", *options, "--", *map(str, (self.ours, self.versions[0], self.versions[2])))
        except GitFailed as error:
            if not 0 < error.code < _REFUSED:
                self._write(whole(self._read(self.ours), self._read(self.versions[2]), self.marks))
            return [_("some lines")]
        return []

    @property
    def _git(self) -> Git:
        return Git(self.folder, self.app.git_env)

    def _read(self, name: Path) -> bytes:
        return files.read(self.folder / name, _LIMIT)

    def _write(self, data: bytes) -> None:
        files.write(self.folder / self.ours, data, root=(self.folder / self.ours).parent, durable=False)
