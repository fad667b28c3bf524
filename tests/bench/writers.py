"""Many writers in one clone: `python -m tests.bench.writers [--writers 8] [--changes 50] [--json]`.

So many processes make so many changes each with cpl, on one record that all share and on records of their own, while
an editor changes one more record by hand and commits it with git; the last process changes that one too. Each change
has a word of its own. One that ended with 0 has to be in its file and to have been brought by one commit; every other
has to have said why, and to have left nothing. Prints a row of a Markdown table, with --json the same for programs;
exits with 1 when something is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cpl.cli.app import system_now
from cpl.moments import format_instant
from tests.bench.crash import left_over, make_base, trap
from tests.ledger import ONE, Ledger

WORD: Final = re.compile(r"\b(?:w\d+|hand)-\d+\b")
WHAT: Final = "changes by many processes and an editor at once"
HAND: Final = "by hand"
_TRIES: Final = 200
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """A change that somebody tried: its word, the exit code, and what was said."""

    word: str
    code: int
    said: str


def by_cpl(root: Path, number: int, changes: int, targets: Sequence[str]) -> Iterator[Change]:
    """The changes of one process, on each of the records in turn."""
    for each in range(changes):
        word, target = f"w{number}-{each}", targets[each % len(targets)]
        commands = (
            ["note", target, "-m", word],
            ["contact", target, "--via", "phone", "--about", "progress", "-m", word],
            ["task", target, "add", word],
        )
        outcome = Ledger(root, now=format_instant(system_now()))(*commands[each % len(commands)])
        yield Change(word, outcome.code, outcome.err)


def by_hand(root: Path, changes: int, target: str) -> Iterator[Change]:
    """What an editor does beside: it saves the file, unless it has changed since it was read, and commits it."""
    path = Ledger(root).path(target)
    for each in range(changes):
        word = f"hand-{each}"
        for _try in range(_TRIES):
            text = path.read_text("utf-8")
            if path.read_text("utf-8") == text:
                path.write_text(f"{text}\n{word}\n", "utf-8")
                break
        commit = ["git", "commit", "--quiet", "--message", HAND, "--", os.fspath(path)]
        for _try in range(_TRIES):
            done = subprocess.run(commit, cwd=root, capture_output=True, text=True)
            if done.returncode == 0 or ".lock" not in done.stderr:
                break
            time.sleep(_PAUSE)
        yield Change(word, done.returncode, done.stderr)
        time.sleep(_PAUSE)


def started(work: Iterator[Change], result: Path) -> int:
    """Start a process that does the work and writes down what became of it; its number."""
    child = os.fork()
    if child:
        return child
    try:
        made = [[each.word, each.code, each.said] for each in work]
        result.write_text(json.dumps(made), "utf-8")
    finally:
        os._exit(0)


def tried(root: Path, writers: int, changes: int) -> list[Change]:
    """All writers at once; every change that was tried."""
    own = [Ledger(root).open(f"Door {each}") for each in range(writers)]
    edited = Ledger(root).open("Edited by hand")
    folder = root.parent
    children = [started(by_hand(root, changes, edited), folder / "hand.json")]
    for number in range(writers):
        shared = [ONE, own[number], *([edited] if number == writers - 1 else [])]
        children.append(started(by_cpl(root, number, changes, shared), folder / f"{number}.json"))
    for child in children:
        os.waitpid(child, 0)
    found = [each for path in sorted(folder.glob("*.json")) for each in json.loads(path.read_text("utf-8"))]
    assert len(found) == (writers + 1) * changes, "a writer did not come to its end"
    return [Change(*each) for each in found]


def judged(root: Path, made: Sequence[Change]) -> dict[str, Any]:
    """How many changes were done and refused, and what is lost."""
    text = "".join(path.read_text("utf-8") for path in sorted(root.glob("records/**/*.md")))
    in_files = Counter(WORD.findall(text))
    added, removed = Counter[str](), Counter[str]()
    log = subprocess.run(
        ["git", "log", "--unified=0", "--patch", "--format=", "--", "records"], cwd=root, capture_output=True, text=True
    ).stdout
    for line in log.splitlines():
        if line.startswith(("+", "-")):
            (added if line[0] == "+" else removed).update(WORD.findall(line))
    lost = [f"left: {path}" for path in left_over(root) if path != ".git/cpl/lock"]
    for each in made:
        # The text of a contact or a note stands in the handling log, that of a task in the list of tasks.
        there = (in_files[each.word], added[each.word] - removed[each.word])
        if each.code == 0 and there != (1, 1):
            lost.append(f"{each.word} was done: {there[0]} times in files, {there[1]} times in history")
        elif each.code and there != (0, 0) and not each.word.startswith("hand"):
            lost.append(f"{each.word} was refused: {there[0]} times in files, {there[1]} times in history; {each.said}")
        elif (each.code not in (0, 2) and not each.word.startswith("hand")) or (each.code and not each.said.strip()):
            lost.append(f"{each.word} ended with {each.code}: {each.said}")
    done = sum(each.code == 0 for each in made)
    return {"changes": len(made), "done": done, "refused": len(made) - done, "lost": lost}


def main() -> int:
    """Run and print; 1 when something is lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    trap()
    with tempfile.TemporaryDirectory() as folder:
        root = make_base(Path(os.path.realpath(folder)))
        made = tried(root, options.writers, options.changes)
        found = judged(root, made)
        check = Ledger(root, now=format_instant(system_now()))("check")
        if check.code != 0 or check.out:
            found["lost"].append(f"check: {check}")
    reasons = Counter(re.sub(r"CPL-[\w-]+|/\S+|\d+", "…", each.said.strip()) for each in made if each.code)
    for reason, count in reasons.most_common():
        print(f"{count} refused: {reason}", file=sys.stderr)
    if options.json:
        print(json.dumps({"what": WHAT, "processes": options.writers, "editors": 1, **found}))
    else:
        print(
            f"| writers | {found['changes']} changes by {options.writers} processes and an editor | "
            f"{found['done']} done, {found['refused']} refused with the reason | {len(found['lost'])} |"
        )
    for each in found["lost"]:
        print(each, file=sys.stderr)
    return int(bool(found["lost"]))


if __name__ == "__main__":
    sys.exit(main())
