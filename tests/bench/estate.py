"""A store of many records with their history, for the benchmarks: `python tests/bench/estate.py FOLDER --records N`.

The records are of six estates in the last three years before NOW, in Chinese and in English, with contacts,
assignments, findings, pauses, promises and texts; of a hundred thousand some 2,500 are open, every eighth of them
overdue. Each is opened in one commit and moved on in a later one, with the trailers that cpl writes. Nothing but the
number of a record decides what it is like, so two stores of one size are the same to the byte.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from measuring import ENVIRONMENT, ROOT, run
from words import ATTRIBUTES, CHANNELS, CPL_YAML, DESK, DONE, FOUND, HOW_OFTEN, INTAKE, NAMES, SITES, TEXTS, TOPICS

from cpl.record import ALPHABET, ORDER, day_of, make_id

NOW: Final = datetime.fromisoformat("2026-11-26T09:00:00+08:00")
DAYS: Final = 3 * 365
# How likely a record is still open, by its greatest age in days.
STILL_OPEN: Final = ((2, 0.9), (7, 0.5), (30, 0.2), (120, 0.1), (DAYS, 0.01))
OVERDUE_OF_OPEN: Final = 0.125


@dataclass
class Story:
    """What happens on one record; an event is (minutes after the one before, who, what)."""

    events: list[tuple[int, str, str]] = field(default_factory=list)
    status: str = "received"
    tasks: list[tuple[str, datetime]] = field(default_factory=list)  # id and due

    def tell(self, minutes: int, by: str, what: str) -> None:
        """Add an event."""
        self.events.append((minutes, by, what))

    def move(self, minutes: int, by: str, to: str, more: str = "") -> None:
        """Add a move."""
        self.tell(minutes, by, f"to: {to}{more}")
        self.status = to


@dataclass(frozen=True)
class Version:
    """What one commit writes."""

    at: datetime
    by: str
    subject: str
    action: str
    text: str


@dataclass(frozen=True)
class Facts:
    """What is known of a record when it is taken in."""

    id: str
    now: datetime
    received_at: datetime
    title: str
    kind: str
    category: str
    department: str
    lead: str
    doer: str
    is_open: bool
    is_overdue: bool
    chance: random.Random


class Estate:
    """The records of a store of `records`, as of `now`."""

    def __init__(self, records: int, now: datetime = NOW) -> None:
        self.records = records
        self.now = now

    def day(self, number: int) -> datetime:
        """The midnight of the day on which a record is received; the last day is that before `now`."""
        last = self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        return last - timedelta(days=DAYS - 1 - number * DAYS // self.records)

    def id_of(self, number: int) -> str:
        """The id of a record."""
        mixed = number * 0x9E3779B1 & 0x3FFFFFFF  # odd, so that each number has its own
        digits = "".join(ALPHABET[mixed >> bits & 31] for bits in (25, 20, 15, 10, 5, 0))
        return make_id(self.day(number).date(), digits)

    def path_of(self, number: int) -> str:
        """The path of a record."""
        identifier = self.id_of(number)
        return f"records/{day_of(identifier)}/{identifier}.md"

    def versions(self, number: int) -> list[Version]:
        """What is committed of a record: as it was taken in, and with all that came then, if anything did."""
        chance = random.Random(number)
        day = self.day(number)
        received_at = day + timedelta(minutes=chance.randrange(450, 1290))
        age = (self.now - day).days
        is_open = chance.random() < next(share for days, share in STILL_OPEN if age <= days)
        is_overdue = is_open and chance.random() < OVERDUE_OF_OPEN
        kinds = ("complaint", "repair", "suggestion", "help", "consultation", "coordination")
        (kind,) = chance.choices(kinds, (45, 35, 5, 5, 5, 5))
        category, department, doer, *titles = chance.choice(TOPICS)
        place, words = _place(chance)
        title = titles[chance.random() < 0.3].format(**words)
        facts = Facts(
            self.id_of(number), self.now, received_at, title, kind, category, department,
            chance.choice(DESK), doer, is_open, is_overdue, chance,
        )  # fmt: skip  # a table reads best with a row a line
        front, story = _fields(facts), _story(facts)
        return list(_versions(facts, place, front, story))


def _place(chance: random.Random) -> tuple[str, dict[str, str]]:
    """A location, and the words for it in a title."""
    floor, unit = chance.randrange(1, 19), chance.randrange(1, 4)
    building, room = chance.randrange(1, 13), f"{floor}{chance.randrange(1, 5):02}"
    where = f"{{site: {chance.choice(SITES)}, building: '{building}', unit: '{unit}', room: '{room}'}}"
    return where, {"B": str(building), "U": str(unit), "R": room, "F": str(floor)}


def _fields(facts: Facts) -> dict[str, str]:
    """The fields that are judged at intake."""
    chance, front = facts.chance, {}
    if facts.kind == "complaint":
        natures = ("B", "C", "") if facts.is_open and not facts.is_overdue else ("A", "A", "B", "C")
        if nature := chance.choice(natures):
            front["nature"] = nature
        if nature == "A":
            (front["severity"],) = chance.choices(("minor", "important", "major"), (70, 25, 5))
    if facts.kind == "repair":
        sizes = ("large",) if facts.is_open and not facts.is_overdue else ("minor", "minor", "medium", "large")
        front["order"] = f"{{size: {chance.choice(sizes)}, paid: false}}"
    (channel,) = chance.choices(CHANNELS, HOW_OFTEN)
    # A letter of consultation has to be answered in writing.
    front["channel"] = "visit" if facts.kind == "consultation" and channel == "letter" else channel
    return front


def _story(facts: Facts) -> Story:
    """What became of a record after its intake."""
    chance, story = facts.chance, Story()
    is_new = facts.is_open and not facts.is_overdue and facts.now - facts.received_at < timedelta(days=1)
    if is_new and chance.random() < 0.5:
        return story
    story.tell(chance.randrange(3, 50), facts.lead, "did: contact, via: phone, about: acknowledge, reached: true")
    if not facts.is_open and (fate := chance.random()) < 0.08:
        _turned_away(facts, story, fate)
        return story
    assignment = f"did: assign, set: {{departments: [{facts.department}], assignee: {facts.doer}}}"
    story.tell(chance.randrange(2, 90), facts.lead, assignment)
    story.tell(chance.randrange(2, 60), facts.doer, "did: handover")
    if facts.kind in ("complaint", "help"):
        story.move(chance.randrange(5, 300), facts.doer, "investigating")
    if not facts.is_open or story.status == "received" or chance.random() < 0.7:
        story.move(chance.randrange(10, 600), facts.doer, "resolving")
    if facts.is_open:
        _left_open(facts, story)
    else:
        _closed(facts, story)
    return story


def _turned_away(facts: Facts, story: Story, fate: float) -> None:
    minutes = facts.chance.randrange(10, 400)
    if fate < 0.03:
        story.move(minutes, "sun.wei", "declined", ", reason: 属于业主自有部位并已告知维修途径")
    elif fate < 0.06:
        story.move(minutes, facts.lead, "referred", ", reason: handed on to the city's road office")
    else:
        story.move(minutes, facts.lead, "withdrawn", ", reason: entered twice")


def _left_open(facts: Facts, story: Story) -> None:
    """Work goes on: a promise, a pause, a reply that is still to be given, or none of them; late if it is to be."""
    chance = facts.chance
    off = timedelta(hours=chance.randrange(1, 400))
    due = facts.now - min(off, (facts.now - facts.received_at) / 2) if facts.is_overdue else facts.now + off
    way = chance.random()
    if facts.is_overdue or way < 0.5:
        story.tasks.append((_task_id(chance), due.replace(second=0)))
    elif way < 0.7:
        until = f", reason: 等待配件到货, until: {due.replace(second=0).isoformat()}"
        story.move(chance.randrange(10, 900), facts.doer, "on-hold", until)
    elif way > 0.8 and facts.now - facts.received_at < timedelta(hours=40):
        story.move(chance.randrange(10, 900), facts.doer, "replying")
    if way > 0.3:
        story.tell(chance.randrange(60, 900), facts.lead, "did: contact, via: wechat, about: progress, reached: true")


def _closed(facts: Facts, story: Story) -> None:
    """From work to the archive: perhaps a pause or a promise, the reply, perhaps the follow-up; a few come back."""
    chance = facts.chance

    def minutes(most: int) -> int:
        return chance.randrange(5, most)

    if chance.random() < 0.15:
        until = (facts.received_at + timedelta(days=5)).isoformat()
        story.move(minutes(600), facts.doer, "on-hold", f", reason: part ordered, until: {until}")
        story.move(minutes(2000), facts.doer, "resolving")
    if chance.random() < 0.3:
        task = _task_id(chance)
        story.tasks.append((task, facts.received_at + timedelta(days=2)))
        story.tell(minutes(3000), facts.doer, f"did: done, task: {task}")
    story.tell(minutes(300), "sun.wei", "did: sign-off, about: plan")
    story.move(minutes(1500), facts.doer, "replying")
    story.tell(minutes(1500), facts.lead, "did: contact, via: phone, about: reply, reached: true")
    if facts.kind in ("complaint", "help") or chance.random() < 0.5:
        story.move(minutes(600), facts.lead, "following-up")
        followed = "did: follow-up, via: phone, about: desk, reached: true, satisfied: true"
        story.tell(minutes(3000), facts.lead, followed)
    story.move(minutes(300), facts.lead, "closed")
    if chance.random() < 0.04:
        story.move(minutes(9000), facts.lead, "resolving", ", reason: it has come back")
        story.tell(minutes(300), "sun.wei", "did: sign-off, about: plan")
        story.move(minutes(2000), facts.doer, "replying")
        story.tell(minutes(1500), facts.lead, "did: contact, via: phone, about: reply, reached: true")
        story.move(minutes(300), facts.lead, "closed", ", reason: content with it this time")


def _task_id(chance: random.Random) -> str:
    return "t-" + "".join(chance.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=4))


def _versions(facts: Facts, place: str, front: dict[str, str], story: Story) -> Iterator[Version]:
    """The texts, with the events at their times: all of them lie before `now`."""
    chance = facts.chance
    described = "## Description\n" + "\n\n".join(chance.choice(TEXTS)) + f"\n\n{INTAKE}"
    phone = chance.randrange(13000000000, 20000000000)
    fields = {
        "id": facts.id,
        "title": facts.title,
        "kind": facts.kind,
        "status": "received",
        **front,
        "category": facts.category,
        "received_at": facts.received_at.isoformat(),
        "location": place,
        "complainant": f"{{name: {chance.choice(NAMES)}, phone: '{phone}', role: owner}}",
        "lead": facts.lead,
    }
    lines = [f"- {{at: {facts.received_at.isoformat()}, by: {facts.lead}, to: received}}"]
    text = _text(fields, lines, [], f"{described}\n## Handling log\n")
    yield Version(facts.received_at + timedelta(seconds=20), facts.lead, f"{facts.id}: received", "open", text)
    if story.events:
        yield _moved_on(facts, fields, story, described)


def _moved_on(facts: Facts, fields: dict[str, str], story: Story, described: str) -> Version:
    """The record with all that came after its intake."""
    needed = timedelta(minutes=sum(minutes for minutes, _by, _what in story.events))
    scale = min(1.0, (facts.now - facts.received_at) * 0.95 / needed)
    at = facts.received_at
    lines = [f"- {{at: {at.isoformat()}, by: {facts.lead}, to: received}}"]
    for minutes, by, what in story.events:
        at += timedelta(seconds=max(1, round(minutes * 60 * scale)))
        lines.append(f"- {{at: {at.isoformat()}, by: {by}, {what}}}")
    fields = {**fields, "status": story.status}
    if any("did: assign" in line for line in lines):
        fields["departments"], fields["assignee"] = f"[{facts.department}]", facts.doer
        fields["finding"] = f"{{responsible: {facts.department}, share: full, cause: wear}}"
    done = facts.chance.choice(DONE)
    body = (
        f"{described}\n## Investigation\n{facts.chance.choice(FOUND)}\n\n## Plan\n\n## Result\n{done}\n\n"
        f"## Handling log\n### {at:%Y-%m-%d %H:%M} {facts.doer}\n{done}\n"
    )
    subject = f"{facts.id}: received → {story.status}" if story.status != "received" else f"{facts.id}: contact"
    text = _text(fields, lines, [_task(facts, *task) for task in story.tasks], body)
    return Version(at + timedelta(seconds=15), story.events[-1][1], subject, "transition", text)


def _task(facts: Facts, identifier: str, due: datetime) -> str:
    made = facts.received_at.isoformat()
    words = f"kind: promise, text: 上门修复并电话告知结果, who: {facts.doer}, made_at: {made}"
    return f"- {{id: {identifier}, {words}, due: {due.isoformat()}}}"


def _text(fields: dict[str, str], history: Sequence[str], tasks: Sequence[str], body: str) -> str:
    front = "".join(f"{name}: {fields[name]}\n" for name in ORDER if name in fields)
    listed = "\n".join(["history:", *history, *(["tasks:", *tasks] if tasks else [])])
    return f"---\n{front}{listed}\n---\n{body}"


def make(folder: Path, records: int, now: datetime = NOW) -> None:
    """Make the store in a new folder."""
    folder.mkdir(parents=True)
    estate = Estate(records, now)
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Li Na"),
        ("config", "user.email", "li.na@example.org"),
    ):
        run(["git", *command], folder)
    # Deep chains of deltas are what makes a packed history small; git's own default for it.
    command = ["git", "fast-import", "--quiet", "--done", "--depth=50"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        _write_history(process.stdin, estate)
    if process.returncode:
        raise SystemExit(f"git fast-import failed with code {process.returncode}")
    # As a clone has it: one pack, no commit-graph, every file checked out.
    run(["git", "repack", "-a", "-d", "-q"], folder)
    run(["git", "checkout", "--quiet", "main"], folder)


def _write_history(stream: IO[bytes], estate: Estate) -> None:
    """All texts, then all commits in the order of time; a blob's mark is its place among the texts."""
    commits: list[tuple[datetime, int, int, bytes]] = []
    for number in range(estate.records):
        for version in estate.versions(number):
            data = version.text.encode()
            mark = len(commits) + 1
            stream.write(f"blob\nmark :{mark}\ndata {len(data)}\n".encode() + data + b"\n")
            commits.append((version.at, number, mark, _commit(version, estate.id_of(number))))
    start = Version(estate.day(0) - timedelta(days=1), "li.na", "Start", "", "")
    stream.write(_commit(start, ""))
    for path, text in _settings().items():
        stream.write(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n".encode())
    for _at, number, mark, commit in sorted(commits):
        stream.write(commit + f"M 100644 :{mark} {estate.path_of(number)}\n\n".encode())
    stream.write(b"done\n")


def _settings() -> dict[str, str]:
    """The files of a store beside its records; the profile is the store's own, as `cpl init` makes it."""
    profiles = ("templates/profiles/residential.yaml", "templates/profiles/common.yaml")
    return {
        "cpl.yaml": CPL_YAML,
        ".gitattributes": ATTRIBUTES,
        **{path: (ROOT / path).read_text(encoding="utf-8") for path in profiles},
    }


def _commit(version: Version, identifier: str) -> bytes:
    """The head of a commit as fast-import reads it, with the message that cpl would write."""
    trailers = f"\n\nComplaint: {identifier}\nAction: {version.action}\n" if identifier else "\n"
    message = (version.subject + trailers).encode()
    who = f"{version.by} <{version.by}@example.org> {int(version.at.timestamp())} +0800"
    return f"commit refs/heads/main\ncommitter {who}\ndata {len(message)}\n".encode() + message


def main() -> None:
    """Make a store in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--now", type=datetime.fromisoformat, default=NOW)
    given = parser.parse_args()
    if os.path.lexists(given.folder):
        sys.exit(f"{given.folder} is there already")
    make(given.folder, given.records, given.now)


if __name__ == "__main__":
    main()
