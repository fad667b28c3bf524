"""Bad changes brought in by every way there is, and the door that catches it; `python -m tests.doors` writes the page.

Each case gets a copy of a bare remote and of a desk, a clone with cpl's hooks. The bad change is made, the hook says
what it thinks of it; then it is made all the same, pushed, and judged by CI and by the hook of a server. A last one is
made by a hosting site.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Final

from cpl import record
from tests import ci
from tests.ledger import CPL_YAML, Ledger
from tests.processes import command, environment

PAGE: Final = Path(__file__).parent.parent / "docs" / "doors.md"
_CODE: Final = re.compile(r":\d+: (E\d{3}) ")
_DATED: Final = {"GIT_AUTHOR_DATE": "2026-11-18T17:00:00+08:00", "GIT_COMMITTER_DATE": "2026-11-18T17:00:00+08:00"}
NO_HOOK: Final = "no hook runs"


class Desk(Ledger):
    """A clone with hooks, its remote, and a server that judges what is pushed."""

    @property
    def remote(self) -> Path:
        """The bare repository that it pushes to."""
        return self.root.with_name("remote.git")

    @property
    def server(self) -> Path:
        """The same as the remote, with the hook of a server."""
        return self.root.with_name("server.git")

    def sh(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git as a person does, hooks and all."""
        env = environment(**_DATED, GIT_EDITOR="true", GIT_TRACE="1")  # the trace tells whether a hook was run
        return subprocess.run(["git", *args], cwd=self.root, env=env, check=check, capture_output=True, text=True)

    def record(self, number: int = 0) -> str:
        """The id of a complaint of the store, by its place."""
        return sorted(path.stem for path in (self.root / "records").rglob("CPL-*.md"))[number]

    def change(self, old: str, new: str) -> None:
        """Replace a text in the first complaint's file."""
        path = self.path(self.record())
        text = path.read_text(encoding="utf-8")
        assert old in text, text
        path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")

    def events(self, *verbs: str, at: str = "2026-11-18T16:0{n}:00+08:00") -> None:
        """Record events with cpl, a minute apart."""
        for number, verb in enumerate(verbs, 1):
            self.ok("did", self.record(), verb, now=at.format(n=number))


def prepare(folder: Path) -> Desk:
    """A desk with two complaints of which the first has events, a promise and evidence; all of it is pushed."""
    desk = _desk(folder)
    desk.root.mkdir()
    (desk.root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    (desk.root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(desk.remote)], check=True)
    desk.sh("init", "--quiet", "--initial-branch=main")
    desk.sh("config", "user.name", "Li Na")
    desk.sh("config", "user.email", "li.na@example.org")
    desk.commit("Start")
    (folder / "door.jpg").write_bytes(b"a door")
    desk.open("Door 2 does not lock", "--attach", str(folder / "door.jpg"), now="2026-11-18T09:00:00+08:00")
    desk.open("Lamp", now="2026-11-18T10:00:00+08:00")
    desk.ok("task", desk.record(), "add", "mend it", "--kind", "promise", "--due", "2026-11-20T12:00")
    desk.ok("contact", desk.record(), "--via", "phone", "--about", "acknowledge", now="2026-11-18T15:00:00+08:00")
    desk.sh("remote", "add", "origin", f"../{desk.remote.name}")
    desk.sh("push", "--quiet", "--set-upstream", "origin", "main")
    subprocess.run(["git", "clone", "--quiet", "--bare", str(desk.remote), str(desk.server)], check=True)
    for where in ((), ("--server", str(desk.server))):
        install = command("hooks", "install", *where)
        subprocess.run(install, cwd=desk.root, env=environment(), check=True, capture_output=True)
    return desk


def copied(model: Path, folder: Path) -> Desk:
    """The desk that was prepared in `model`, with its remote and server, once more in another folder."""
    desk = _desk(folder)
    for each in (desk.root, desk.remote, desk.server):
        shutil.copytree(model / each.name, each, symlinks=True)
    return desk


def _desk(folder: Path) -> Desk:
    return Desk(folder / "desk", env={"CPL_USER": "li.na"})


def make_id(number: int) -> str:
    """The id of a complaint of the 16th, by a number below 32."""
    return record.make_id(date(2026, 11, 16), f"AAAAA{record.ALPHABET[number]}")


EDIT: Final = ("about: acknowledge", "about: progress")


Way = Callable[[Desk], str]
"""Makes a bad change and commits it, without the hook where it refuses; what the hook said."""


def _committed(desk: Desk, *args: str) -> str:
    """Commit; where the hook refuses, commit without it."""
    done = desk.sh("commit", "--quiet", "-m", "bad", *args, check=False)
    if done.returncode != 0:
        desk.sh("commit", "--quiet", "-m", "bad", "--no-verify", *args)
    return _said(done)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """What the hook found, by the codes of errors."""
    codes = sorted(set(_CODE.findall(done.stdout + done.stderr)))
    assert done.returncode != 0 or not codes, done
    if done.returncode != 0 and not codes:
        return "refused"
    was_run = re.search(r"run_command: .*/hooks/pre-", done.stderr)
    return ", ".join(codes) or ("–" if was_run else NO_HOOK)


def hand_edit(desk: Desk) -> str:
    """an event edited by hand, `git commit --all`"""
    desk.change(*EDIT)
    return _committed(desk, "--all")


def amend(desk: Desk) -> str:
    """a published commit amended, pushed with force"""
    desk.change(*EDIT)
    return _committed(desk, "--all", "--amend")


def partial_stage(desk: Desk) -> str:
    """the bad version staged, the file put right again without `git add`"""
    desk.change(*EDIT)
    desk.sh("add", "--all")
    desk.change(*reversed(EDIT))
    return _committed(desk)


def commit_path(desk: Desk) -> str:
    """a good part staged, then `git commit -- path`, which takes the whole file"""
    desk.change("\n## Plan", "\nThe lock was looked at.\n\n## Plan")
    desk.sh("add", "--all")
    desk.change(*EDIT)
    return _committed(desk, "--", desk.path(desk.record()).relative_to(desk.root).as_posix())


def _diverge(desk: Desk) -> None:
    """The complaint is handed over on the branch `side`; later on main work begins and ends."""
    desk.sh("switch", "--quiet", "--create", "side")
    desk.events("handover", at="2026-11-18T16:0{n}:00+08:00")
    desk.sh("switch", "--quiet", "main")
    desk.events("arrive", "finish", at="2026-11-18T17:0{n}:00+08:00")
    desk.sh("push", "--quiet", "origin", "main")


def merge(desk: Desk) -> str:
    """a merge in conflict, settled by taking one side"""
    _diverge(desk)
    desk.sh("-c", "merge.cpl.driver=false", "merge", "side", check=False)
    desk.sh("checkout", "--quiet", "--ours", "--", "records")
    desk.sh("add", "--all")
    return _committed(desk)


def merge_ours(desk: Desk) -> str:
    """a clean merge that drops one side (`--strategy=ours`)"""
    _diverge(desk)
    done = desk.sh("merge", "--strategy=ours", "-m", "bad", "side", check=False)
    if done.returncode != 0:
        desk.sh("merge", "--abort", check=False)
        desk.sh("merge", "--no-verify", "--strategy=ours", "-m", "bad", "side")
    return _said(done)


def _take_both(desk: Desk) -> None:
    """Settle a conflict by taking the events of both sides, in order of time."""
    path = desk.path(desk.record())
    text = re.sub(r"^(<{7}|={7}|>{7}|\|{7}).*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    events = sorted(re.findall(r"^- \{at: .*\n", text, re.MULTILINE))
    head, _first, tail = text.partition(events[0])
    for event in events:
        tail = tail.replace(event, "")
    path.write_text(head + "".join(events) + tail, encoding="utf-8", newline="")
    desk.sh("add", "--all")


def squash(desk: Desk) -> str:
    """`git merge --squash` of a branch whose events are older than those that are there"""
    _diverge(desk)
    desk.sh("merge", "--squash", "side", check=False)
    _take_both(desk)
    return _committed(desk)


def rebase(desk: Desk) -> str:
    """`git rebase` of events onto newer ones"""
    _diverge(desk)
    desk.sh("switch", "--quiet", "side")
    desk.sh("rebase", "main", check=False)
    _take_both(desk)
    done = desk.sh("rebase", "--continue")
    desk.sh("switch", "--quiet", "main")
    desk.sh("merge", "--quiet", "--ff-only", "side")
    return _said(done)


def cherry_pick(desk: Desk) -> str:
    """`git cherry-pick` of a bad commit of another branch"""
    desk.sh("switch", "--quiet", "--create", "side")
    desk.change(*EDIT)
    desk.sh("commit", "--quiet", "--all", "--no-verify", "-m", "bad")
    desk.sh("switch", "--quiet", "main")
    return _said(desk.sh("cherry-pick", "side"))


def revert(desk: Desk) -> str:
    """`git revert` of a commit that added an event"""
    return _said(desk.sh("revert", "--no-edit", "HEAD"))


def no_verify(desk: Desk) -> str:
    """`git commit --no-verify`"""
    desk.change(*EDIT)
    return _said(desk.sh("commit", "--quiet", "--all", "--no-verify", "-m", "bad"))


def hosting_merge(desk: Desk) -> str:
    """the merge button of a hosting site: one side closes, the other adds a task, and the lines do not touch"""
    desk.sh("switch", "--quiet", "--create", "side")
    desk.ok("task", desk.record(), "add", "paint it", now="2026-11-18T16:01:00+08:00")
    desk.sh("switch", "--quiet", "main")
    task = re.findall(r"t-\w{4}", desk.path(desk.record()).read_text(encoding="utf-8"))[0]
    desk.ok("task", desk.record(), "drop", task, "--reason", "no use", now="2026-11-18T16:02:00+08:00")
    desk.ok("transition", desk.record(), "withdrawn", "--reason", "twice", now="2026-11-18T16:03:00+08:00")
    desk.sh("push", "--quiet", "origin", "main")
    return _said(desk.sh("-c", "core.hooksPath=/dev/null", "merge", "-m", "button", "side"))


WAYS: Final[tuple[Way, ...]] = (
    hand_edit, amend, partial_stage, commit_path, merge, merge_ours, squash, rebase, cherry_pick, revert, no_verify,
    hosting_merge,
)  # fmt: skip  # a table reads best with a row a line


def _remove(pattern: str) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        path = desk.path(desk.record())
        text, count = re.subn(pattern, "", path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        assert count == 1, text
        path.write_text(text, encoding="utf-8", newline="")

    return change


def _replace(old: str, new: str) -> Callable[[Desk], None]:
    return lambda desk: desk.change(old, new)


def _delete(desk: Desk) -> None:
    desk.path(desk.record()).unlink()


def _reuse(desk: Desk) -> None:
    path = desk.path(desk.record())
    door = path.with_suffix("") / "door.jpg"
    door.write_bytes(b"another door")
    digest = hashlib.sha256(door.read_bytes()).hexdigest()
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?<=sha256: )\w+", digest, text), encoding="utf-8", newline="")


def _new_file(desk: Desk) -> None:
    (desk.path(desk.record()).with_suffix("") / "door.jpg").write_bytes(b"another door")


def _event(text: str) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        path = desk.path(desk.record())
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        events = [at for at, line in enumerate(lines) if line.startswith("- {at: ")]
        at = next((at for at in events if lines[at] > f"- {{at: {text}"), events[-1] + 1)
        lines.insert(at, f"- {{at: {text}}}\n")
        path.write_text("".join(lines), encoding="utf-8", newline="")

    return change


def _move(desk: Desk) -> None:
    _event("2026-11-18T15:30:00+08:00, by: li.na, to: following-up")(desk)
    desk.change("status: received", "status: following-up")


def _earlier_intake(desk: Desk) -> None:
    for before in ("received_at: ", "- {at: "):
        desk.change(f"{before}2026-11-18T09:00", f"{before}2026-11-18T08:00")


def _remove_settings(desk: Desk) -> None:
    (desk.root / "cpl.yaml").unlink()


CHANGES: Final[tuple[tuple[str, Callable[[Desk], None]], ...]] = (
    ("a record deleted", _delete),
    ("an event removed", _remove(r"^- \{at: .*did: contact.*\n")),
    ("an event edited", _replace(*EDIT)),
    ("the intake edited, and `received_at` with it", _earlier_intake),
    ("`received_at` alone changed", _replace("received_at: 2026-11-18T09:00", "received_at: 2026-11-18T08:00")),
    ("an event back-dated", _event("2026-11-18T10:00:00+08:00, by: li.na, did: handover")),
    ("a move that the profile has not", _move),
    ("the id changed", _remove(r"(?<=^id: CPL-20261118-).")),
    ("the lead changed without an event", _replace("lead: li.na", "lead: sun.wei")),
    ("a promise's due moved without an event", _replace("due: 2026-11-20", "due: 2026-11-27")),
    ("a task removed", _remove(r"^tasks:\n- .*\n")),
    ("evidence taken off the list", _remove(r"^evidence:\n- .*\n")),
    ("an evidence file replaced", _new_file),
    ("the name of evidence used for another file", _reuse),
    ("broken YAML", _replace("title: ", "title: '")),
    ("a key that there is not", _replace("title: ", "titel: ")),
    ("the settings removed", _remove_settings),
)  # fmt: skip  # a table reads best with a row a line


def judged(desk: Desk, hook: str) -> tuple[str, ...]:
    """What `cpl check`, the hook, CI and a server say of what the desk has; for CI it is pushed first."""
    before = subprocess.run(["git", "rev-parse", "main"], cwd=desk.remote, check=True, capture_output=True, text=True)
    checked = subprocess.run(command("check"), cwd=desk.root, env=environment(), capture_output=True, text=True)
    desk.sh("push", "--quiet", "--force", "origin", "main")
    run = ci.github(ci.Push(desk.remote, before.stdout.strip()), desk.root.parent)
    server = desk.sh("push", "--quiet", "--force", f"../{desk.server.name}", "main", check=False)
    verdicts = ((checked.stdout, checked.returncode), (run.printed, run.code), (server.stderr, server.returncode))
    check, ci_, refusal = (_verdict(printed, code) for printed, code in verdicts)
    return check, hook, ci_, refusal


def _verdict(printed: str, code: int) -> str:
    codes = ", ".join(sorted(set(_CODE.findall(printed))))
    return codes or ("–" if code == 0 else "refused")


def way_row(way: Way, desk: Desk) -> str:
    """The row of the table for a way of bringing in a bad change."""
    return _row(str(way.__doc__), judged(desk, way(desk)))


def change_row(name: str, change: Callable[[Desk], None], desk: Desk) -> str:
    """The row of the table for a bad change, committed by hand."""
    change(desk)
    desk.sh("add", "--all")
    return _row(name, judged(desk, _committed(desk)))


def _row(name: str, doors: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(doors)} |"


def names() -> list[str]:
    """What the rows of both tables are about, in their order."""
    return [*(str(way.__doc__) for way in WAYS), *(name for name, _change in CHANGES)]


def row(name: str, desk: Desk) -> str:
    """The row of that name, made at a new desk."""
    ways = {str(way.__doc__): way for way in WAYS}
    return way_row(ways[name], desk) if name in ways else change_row(name, dict(CHANGES)[name], desk)


def rewritten(page: str, folder: Path) -> str:
    """The page with every row made anew."""
    (model := folder / "model").mkdir()
    prepare(model)
    for number, name in enumerate(names()):
        desk = copied(model, folder / str(number))
        lines = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        page = page.replace(lines[0], row(name, desk))
    return page


if __name__ == "__main__":
    os.environ.update(HOME="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8")
    with tempfile.TemporaryDirectory() as temporary:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), Path(temporary)), encoding="utf-8")
    sys.exit(0)
