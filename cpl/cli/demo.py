"""`cpl demo`: a store in a temporary folder and a few days of complaints, each command shown with what it prints."""

from __future__ import annotations

import random
import shlex
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from cpl import files, hooking
from cpl.cli.app import App
from cpl.errors import CplError
from cpl.git import Git
from cpl.language import of_person, speak
from cpl.moments import format_instant, parse_instant
from cpl.store import Store

_ZONE: Final = "Asia/Shanghai"
_SEED: Final = 2026  # the ids are the same everywhere
_PEOPLE: Final = """\
people:
- {id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk], department: customer-service}
- {id: zhao.qiang, name: 赵强, emails: [zhao.qiang@example.org], roles: [engineer], department: engineering}
- {id: sun.wei, name: 孙伟, emails: [sun.wei@example.org], roles: [manager], department: management}
"""

# When, who, and what: `{0}`, `{1}` … stand for the ids of the complaints, in the order of intake.
_STORY: Final = (
    (
        "2026-11-16T08:30",
        "li.na",
        "register residents add name=何奶奶 location.building=2 location.room=1201 phone=13900007777 visits.every=1d",
    ),
    (
        "2026-11-16T09:00",
        "li.na",
        "open -t '5号楼楼道灯不亮' --kind repair --category equipment/corridor-light --channel wechat --building 5 "
        "--spot 3层楼道 --name 周女士 --phone 13900005678 --field order.size=minor "
        "-d '三层两盏灯都不亮,晚上下楼不安全。'",
    ),
    ("2026-11-16T09:05", "li.na", "contact {0} --via wechat --about acknowledge"),
    ("2026-11-16T09:10", "li.na", "assign {0} --to zhao.qiang --department engineering"),
    ("2026-11-16T09:20", "zhao.qiang", "transition {0} resolving"),
    ("2026-11-16T13:30", "zhao.qiang", "transition {0} replying -m 'Both lamps replaced'"),
    ("2026-11-16T13:40", "li.na", "contact {0} --via phone --about reply"),
    ("2026-11-16T17:30", "li.na", "follow-up {0} --via phone --satisfied --score attitude=5"),
    ("2026-11-16T17:31", "li.na", "transition {0} closed"),
    (
        "2026-11-17T08:40",
        "li.na",
        "open -t 'No water in building 3' --category equipment/water --channel desk --building 3 --people 12 "
        "--name 王女士 --phone 13800001234 -d 'The main has burst; the whole building is dry.'",
    ),
    ("2026-11-17T08:45", "li.na", "contact {1} --via desk --about acknowledge"),
    (
        "2026-11-17T08:50",
        "sun.wei",
        "correct {1} nature=A --classify --reason 'the main is ours to keep'",
    ),
    ("2026-11-17T08:51", "sun.wei", "escalate --apply"),
    ("2026-11-17T09:00", "sun.wei", "transition {1} investigating"),
    ("2026-11-17T09:30", "sun.wei", "did {1} agree clock=resolve due=2026-11-17T20:00"),
    (
        "2026-11-17T09:35",
        "li.na",
        "task {1} add 'Two buckets of water for each flat' --kind promise --who zhao.qiang --due 2026-11-17T12:00",
    ),
    ("2026-11-17T09:50", "zhao.qiang", "transition {1} resolving"),
    (
        "2026-11-17T09:55",
        "zhao.qiang",
        "set {1} finding.responsible=engineering finding.cause=management-gap 'finding.text=old main, no plan'",
    ),
    ("2026-11-17T10:00", "zhao.qiang", "transition {1} resolving"),
    (
        "2026-11-18T08:30",
        "li.na",
        "open -t 'Neighbour drills at night' --category neighbour --channel phone --building 2 --room 1201 "
        "--name 何先生",
    ),
    ("2026-11-18T08:35", "li.na", "playbook apply {2} neighbour-dispute"),
    ("2026-11-18T08:40", "li.na", "letter acknowledgement {2} --sent wechat"),
    ("2026-11-18T10:05", "li.na", "transition {0} resolving --reason 'the lamps are out again'"),
    ("2026-11-18T16:00", "li.na", "list"),
    ("2026-11-18T16:00", "li.na", "overdue --soon 1d"),
    ("2026-11-18T16:00", "li.na", "explain {1} --clock resolve"),
    ("2026-11-18T16:00", "li.na", "summary --week 2026-W47"),
    ("2026-11-18T16:00", "li.na", "log {0}"),
    ("2026-11-18T16:00", "li.na", "check"),
    ("2026-11-18T16:00", "li.na", "verify"),
)


@click.command("demo")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def demo_command(context: click.Context, folder: Path | None) -> None:
    """Show a store at work: complaints taken in, moved, one reopened, what is overdue, the summary, the audit trail.

    Works in a new temporary folder, or in DIR, which must not exist, in your language. It has a git identity and a
    fixed clock of its own, so that it prints the same everywhere; one move is refused on purpose. The store stays
    there for you.

    \b
    Example:
      cpl demo
    """
    if folder is not None and folder.exists():
        message = _("{folder} exists already; name a new folder, or none")
        raise CplError(message.format(folder=folder))
    if context.find_root().get_parameter_source("lang") is not ParameterSource.COMMANDLINE:
        speak(of_person(context.ensure_object(App).env))  # the store that we are in is not the one that is shown
    root = (folder or Path(tempfile.mkdtemp(prefix="cpl-demo-")) / "estate").resolve()
    stage = _Stage(context.find_root().command, root)
    stage.begin()
    for at, who, line in _STORY:
        stage.play(at, who, line)
    program = sys.argv[0] if Path(sys.argv[0]).name == "cpl" else "cpl"
    click.echo(_("\nThe store is {root}; look around: {program} -C {root} list").format(root=root, program=program))
    stage.leave()


class _Stage:
    """Where the story is played: a store with a clock and an identity of its own."""

    def __init__(self, program: click.Command, root: Path) -> None:
        self.program = program
        self.root = root
        self.ids: list[str] = []
        self.chance = random.Random(_SEED)

    def begin(self) -> None:
        """Make the store and its people."""
        self.play(
            "2026-11-16T08:00",
            "li.na",
            f"init {shlex.quote(str(self.root))} --name 锦绣花园 --timezone {_ZONE} --no-hooks",
        )
        marker = self.root / "cpl.yaml"
        kept = marker.read_text(encoding="utf-8").partition("people:")[0]
        files.write(marker, (kept + _PEOPLE).encode(), root=self.root)
        self._git("2026-11-16T08:01", "li.na").commit(["cpl.yaml"], "Name the people\n")

    def leave(self) -> None:
        """Give the store's repository the identity of the desk and the hooks, so that it can be used on."""
        git = Git(self.root)
        git.run("config", "--local", "user.name", "Li Na", write=True)
        git.run("config", "--local", "user.email", "li.na@example.org", write=True)
        with suppress(hooking.NotDone):  # hooks that are set for all repositories; the next write says so
            hooking.install(Store(self.root))

    def _environment(self, at: str, who: str) -> dict[str, str]:
        stamp = format_instant(_instant(at))
        return {
            "GIT_AUTHOR_NAME": who,
            "GIT_AUTHOR_EMAIL": f"{who}@example.org",
            "GIT_COMMITTER_NAME": who,
            "GIT_COMMITTER_EMAIL": f"{who}@example.org",
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
        }

    def _git(self, at: str, who: str) -> Git:
        return Git(self.root, self._environment(at, who))

    def play(self, at: str, who: str, line: str) -> None:
        """Run one command at that time as that person, and show it with what it prints."""
        words = line.format(*self.ids) if self.ids else line
        click.secho(f"\n[{at.replace('T', ' ')}  {who}]", dim=True)
        click.secho(f"$ cpl {words}", bold=True)
        before = self._known()
        app = App(
            clock=lambda: _instant(at),
            env={},
            git_env=self._environment(at, who),
            folder=self.root if self.root.exists() else None,
            no_input=True,
            choose=self.chance.choice,
            hints=False,  # the story is played without hooks: they have the clock of the computer
        )
        self._run(shlex.split(words), app)
        self.ids += [each for each in self._known() if each not in before]

    def _run(self, args: Sequence[str], app: App) -> None:
        try:
            self.program.main(args=list(args), prog_name="cpl", obj=app, standalone_mode=False)
        except CplError as error:
            app.say(str(error))

    def _known(self) -> list[str]:
        """The ids so far, by the piece that people type."""
        return sorted(path.stem.rpartition("-")[2] for path in self.root.glob("records/*/*/*/CPL-*.md"))


def _instant(at: str) -> datetime:
    return parse_instant(f"{at}:00+08:00")
