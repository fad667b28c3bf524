"""People who work on the same complaints in clones of their own and sync in random order; what may never get lost."""

from __future__ import annotations

import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from cpl import document
from cpl.merge_front import event_key
from cpl.moments import format_instant
from cpl.record import LOG_SECTION, Record, load
from cpl.sections import parts
from cpl.store import Store
from tests import clones
from tests.ledger import Ledger, instant

PEOPLE: Final = ("li.na", "zhao.qiang", "sun.wei")
_SYNC_EVERY: Final = 8  # operations of a clone, on average
_PATIENCE: Final = 12
_TITLES: Final = ("Door 2 does not lock", "Gate 2 is stuck", "No light on the stairs", "3号楼门禁报修", "Lift stops")
_TASK: Final = re.compile(r"E063 task (t-\w{4}) is still open")


@dataclass
class Facts:
    """What was written down of one complaint by anybody, and may never be missing."""

    events: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)

    def add(self, other: Facts) -> None:
        """Take in what another version has."""
        self.events |= other.events
        self.tasks |= other.tasks
        self.evidence |= other.evidence
        self.notes |= other.notes

    def beyond(self, other: Facts) -> int:
        """How many of these facts another version lacks."""
        pairs = ((self.events, other.events), (self.tasks, other.tasks))
        pairs += ((self.evidence, other.evidence), (self.notes, other.notes))
        return sum(len(mine - its) for mine, its in pairs)


@dataclass
class Result:
    """What was done, and what came of it."""

    clones: int
    operations: int
    syncs: int
    merges: int
    settled: int
    complaints: int
    facts: int
    lost: int
    identical: bool
    problems: list[str]

    def row(self) -> str:
        """A row of a Markdown table: what, clones, operations, merges, conflicts settled, facts, lost."""
        cells = (self.clones, self.operations, self.syncs, self.merges, self.settled, self.facts, self.lost)
        return "| clones synced in random order | " + " | ".join(map(str, cells)) + " |"


HEADER: Final = (
    "| what | clones | operations | syncs | merges | conflicts settled | facts written | lost |\n"
    "|---|---|---|---|---|---|---|---|"
)


def facts_of(data: bytes) -> Facts:
    """The facts that a record's file holds."""
    parsed, problems = document.parse(data, "")
    record = None if parsed is None else load(parsed)[0]
    assert parsed is not None, problems
    assert record is not None
    log = "".join(text for name, text in parts(parsed.body) if name == LOG_SECTION)
    return Facts(
        {event_key(event) for event in record.history},
        {task.id for task in record.tasks},
        {item["sha256"] for item in record.fields.get("evidence", ())},
        {text.strip() for _name, text in parts(log, "###")[1:]},
    )


class Office:
    """Clones around a remote, a clock that all share, and all facts that were ever written."""

    def __init__(self, folder: Path, seed: int, people: Sequence[str] = PEOPLE) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.clones = clones.make(folder, people)
        self.now = instant("2026-11-18T08:00")
        self.known: dict[str, Facts] = defaultdict(Facts)
        self.counts: Counter[str] = Counter()
        for number, each in enumerate(self.clones):
            each.chance = random.Random(seed * 100 + number)

    def play(self, operations: int) -> Result:
        """Let each clone do so many operations and sync now and then, then sync until all are the same."""
        todo = [each for each in self.clones for _number in range(operations)]
        self.chance.shuffle(todo)
        self.clones[0].ok("open", "-t", _TITLES[0], now=self.tick())
        self.note(self.clones[0], self.ids(self.clones[0])[0])
        for clone in self.clones:
            self.sync(clone)
        for clone in todo:
            self.operate(clone)
            if self.chance.randrange(_SYNC_EVERY) == 0:
                self.sync(clone)
        self.meet()
        return self.result(len(todo))

    def meet(self) -> None:
        """Sync all clones until they are the same, and put right what a further event puts right."""
        for _round in range(_PATIENCE):
            for clone in self.chance.sample(self.clones, len(self.clones)):
                self.sync(clone)
            heads = {clones.git(each.root, "rev-parse", "HEAD") for each in self.clones}
            if len(heads) == 1 and not self.put_right(self.clones[0]):
                return
        raise AssertionError("the clones do not become the same")

    def tick(self) -> str:
        """The next minute, as the time of an operation."""
        self.now += timedelta(minutes=1)
        for each in self.clones:
            each.now = format_instant(self.now)
        os.environ["GIT_AUTHOR_DATE"] = os.environ["GIT_COMMITTER_DATE"] = format_instant(self.now)
        return format_instant(self.now)

    def ids(self, clone: Ledger) -> list[str]:
        """The complaints that a clone has."""
        return sorted(path.stem for path in (clone.root / "records").glob("*/*/*/CPL-*.md"))

    def record(self, clone: Ledger, identifier: str) -> Record:
        """A complaint as a clone has it."""
        parsed, _problems = document.parse(clone.path(identifier).read_bytes(), "")
        assert parsed is not None
        found, problems = load(parsed)
        assert found is not None, problems
        return found

    def note(self, clone: Ledger, identifier: str) -> None:
        """Remember all facts that a clone has of a complaint."""
        self.known[identifier].add(facts_of(clone.path(identifier).read_bytes()))

    def operate(self, clone: Ledger) -> None:
        """Do one thing that this person may do now; what is refused is done in another way."""
        for _attempt in range(_PATIENCE * 3):
            identifier = self.chance.choice(self.ids(clone))
            args = self.chance.choice(_OPERATIONS)(self, clone, identifier)
            now = self.tick()
            before = set(self.ids(clone))
            outcome = clone(*args, now=now) if args else None
            if outcome is not None and outcome.code == 0:
                self.counts[args[0]] += 1
                for each in {identifier} | (set(self.ids(clone)) - before):
                    self.note(clone, each)
                return
            assert outcome is None or outcome.code == 2, outcome
        raise AssertionError("nothing can be done")

    def sync(self, clone: Ledger) -> None:
        """Sync a clone, and settle what has to be."""
        for _attempt in range(_PATIENCE):
            self.counts["sync"] += 1
            outcome = clone("sync", now=self.tick())
            if outcome.code == 0:
                return
            assert outcome.code == 1, outcome
            self.settle(clone)
        raise AssertionError("a sync does not come to an end")

    def settle(self, clone: Ledger) -> None:
        """Settle a merge that has stopped: a side by chance, and what its result lacks."""
        self.counts["settled"] += 1
        side = self.chance.choice(["--ours", "--theirs"])
        for _attempt in range(_PATIENCE):
            outcome = clone("settle", side, now=self.tick())
            if Store(clone.root).git.state() is None:
                return  # the merge is concluded; what a further event has to put right waits for the end
            for line in outcome.err.splitlines():
                self.mend(clone, line)
        raise AssertionError(outcome)

    def mend(self, clone: Ledger, problem: str) -> None:
        """Do what the message of a problem says, in the merge."""
        found = re.search(r"CPL-\d{8}-\w{7}", problem)
        if found and (task := _TASK.search(problem)):
            clone("task", found[0], "done", task[1], "--no-commit", now=self.tick())
        elif found and " E058 " in problem:
            options = ("--classify", "--reason", "two at once", "--no-commit")
            clone("correct", found[0], "nature=A", *options, now=self.tick())

    def put_right(self, clone: Ledger) -> bool:
        """Do one thing about moves that do not go together, if there is any; whether something was done."""
        before = clones.git(clone.root, "rev-parse", "HEAD")
        clone("settle", "--void", "--reason", "two at once", now=self.tick())
        if clones.git(clone.root, "rev-parse", "HEAD") != before:
            return True
        told = clone("settle", now=self.tick()).err
        until = format_instant(self.now + timedelta(days=1))
        for identifier, state in re.findall(r"^  cpl transition (\S+) (\S+)$", told, re.MULTILINE):
            options = ["--reason", "two at once", *(["--until", until] if state == "on-hold" else [])]
            if clone("transition", identifier, state, *options, now=self.tick()).code == 0:
                return True
        return False

    def result(self, operations: int) -> Result:
        """Compare what each clone has with all that was ever written."""
        trees = {clones.git(each.root, "rev-parse", "HEAD^{tree}") for each in self.clones}
        dirty = "".join(clones.git(each.root, "status", "--porcelain") for each in self.clones)
        lost = sum(self.lost(each) for each in self.clones)
        facts = sum(each.beyond(Facts()) for each in self.known.values())
        checked = self.clones[-1]("check", now=self.tick())
        merges = int(clones.git(self.clones[0].root, "rev-list", "--merges", "--count", "HEAD"))
        return Result(
            len(self.clones),
            operations,
            self.counts["sync"],
            merges,
            self.counts["settled"],
            len(self.known),
            facts,
            lost,
            len(trees) == 1 and not dirty,
            checked.out.splitlines(),
        )

    def lost(self, clone: Ledger) -> int:
        """How many facts a clone lacks; that the files of evidence are there, `check` tells."""
        missing = 0
        for identifier, facts in self.known.items():
            path = clone.path(identifier)
            missing += facts.beyond(facts_of(path.read_bytes()) if path.exists() else Facts())
        return missing


def _open(office: Office, _clone: Ledger, _identifier: str) -> list[str]:
    if len(office.known) > 12:
        return []
    return ["open", "-t", office.chance.choice(_TITLES), "--building", office.chance.choice("123")]


def _contact(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    about = office.chance.choice(["acknowledge", "progress", "reply"])
    return ["contact", identifier, "--via", "phone", "--about", about, "-m", f"Told at {office.now:%H:%M}"]


def _move(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    states = ["investigating", "resolving", "replying", "following-up", "closed", "on-hold", "withdrawn", "received"]
    until = format_instant(office.now + timedelta(days=1))
    state = office.chance.choice(states)
    options = ["--reason", "so it is"] + (["--until", until] if state == "on-hold" else [])
    return ["transition", identifier, state, *options]


def _note(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    return ["note", identifier, "-m", f"Seen at {office.now:%H:%M}"]


def _set(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    name, values = office.chance.choice(
        [
            ("title", _TITLES),
            ("location.room", ("1201", "1202", "0302")),
            ("object", ("lock", "hinge", "")),
            ("tags", ("[a]", "[a, b]", "[b, c]")),
            ("finding.text", ("old", "broken")),
        ]
    )
    return ["set", identifier, f"{name}={office.chance.choice(values)}"]


def _judge(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    values = office.chance.choice([["nature=A", "severity=important"], ["nature=B", "severity="], ["category=service"]])
    return ["correct", identifier, *values, "--classify", "--reason", "looked into"]


def _assign(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    return ["assign", identifier, "--to", office.chance.choice(PEOPLE)]


def _task(office: Office, clone: Ledger, identifier: str) -> list[str]:
    due = format_instant(office.now + timedelta(days=office.chance.randrange(1, 9)))
    tasks = [task.id for task in office.record(clone, identifier).tasks if task.is_open]
    what = office.chance.choice(["add", "done", "due"])
    if what == "add" or not tasks:
        return ["task", identifier, "add", "Mend it", "--kind", "promise", "--due", due]
    options = ["--due", due, "--reason", "a part is missing"] if what == "due" else []
    return ["task", identifier, what, office.chance.choice(tasks), *options]


def _attach(office: Office, clone: Ledger, identifier: str) -> list[str]:
    path = office.folder / office.chance.choice(["door.jpg", "lock.jpg", "lamp.jpg"])
    path.write_bytes(f"{clone.root.name} {office.now}".encode())
    return ["attach", identifier, str(path)]


def _join(office: Office, _clone: Ledger, identifier: str) -> list[str]:
    return ["did", identifier, "join", "people=1", f"room={office.chance.randrange(9)}"]


def _void(office: Office, clone: Ledger, identifier: str) -> list[str]:
    events = [event for event in office.record(clone, identifier).events[1:] if event.did != "void"]
    if not events:
        return []
    return ["correct", identifier, "--void", format_instant(office.chance.choice(events).at), "--reason", "a slip"]


_OPERATIONS: Final[Sequence[Callable[[Office, Ledger, str], list[str]]]] = (
    _open, _contact, _contact, _move, _move, _move, _note, _set, _set, _set, _judge, _assign, _task, _task, _attach,
    _join, _void,
)  # fmt: skip  # a table reads best with a row a line
