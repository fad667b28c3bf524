"""Three-way merges of records: what must always hold, and what a merge looks like."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cpl import document, opinion, validate
from cpl.events import set_last
from cpl.merge import Merged, merge
from cpl.merge_front import event_key
from cpl.record import ORDER, Record, derived, load
from cpl.sections import parts
from cpl.yaml_writer import entry
from tests.ledger import ID, instant
from tests.ledger import settings as store_settings

START = instant("2026-11-16T09:00")
FACTS = validate.Facts(f"records/2026/11/16/{ID}.md", instant("2026-12-31T00:00"))


# A record that can be changed, and how it may be written


@dataclass
class Model:
    """A record as plain values: its front matter, the lines of its sections, the entries of its log."""

    fields: dict[str, Any]
    sections: dict[str, list[str]]
    log: list[tuple[str, str]] = field(default_factory=list)

    @property
    def history(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.fields["history"]
        return events

    def settled(self) -> Model:
        """The same with the fields that events set as the events say."""
        found = read(Style().write(self))
        made = copy.deepcopy(self)
        names = {name for event in found.history if "task" not in event.data for name in event.sets}
        made.fields |= {name: set_last(found.history, name) for name in names}
        made.fields["status"] = derived(found)["status"][0]
        for task in made.fields["tasks"]:
            if any(event.data.get("task") == task["id"] and event.sets for event in found.history):
                task["due"] = set_last(found.history, "due", task["id"])
        made.fields = {name: value for name, value in made.fields.items() if value is not None}
        return made


@dataclass
class Style:
    """How a record is written, which is nobody's business but the writer's."""

    newline: str = "\n"
    bom: bool = False
    comments: tuple[str, ...] = ()
    quoted: bool = False

    def write(self, model: Model) -> bytes:
        lines = ""
        ordered = sorted(model.fields, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
        for index, name in enumerate(ordered):
            lines += "".join(f"# {each} {name}\n" for each in self.comments if index % 3 == 0)
            value = model.fields[name]
            if name == "history":
                value = sorted(value, key=lambda event: event["at"])
            text = entry(name, value)
            if self.quoted and name == "title":
                text = f'title:   "{value}"   # as told\n'
            lines += text
        body = "".join("\n".join([f"## {name}", *content, "", ""]) for name, content in model.sections.items())
        log = "".join(f"### {time} li.na, note\n{text}\n\n" for time, text in sorted(model.log))
        text = f"---\n{lines}---\n{body}## Handling log\n{log}"
        return (("\ufeff" if self.bom else "") + text.replace("\n", self.newline)).encode()


def base_model() -> Model:
    fields = {
        "id": ID,
        "title": "Door 2 does not lock",
        "kind": "complaint",
        "status": "received",
        "received_at": START,
        "category": "equipment",
        "tags": ["a", "b"],
        "location": {"building": "3", "unit": "1", "room": "1201"},
        "complainant": {"name": "Wang", "people": 2, "others": [{"name": "Li"}]},
        "links": [{"as": "same-cause", "id": "CPL-20261116-AAAAAA6"}],
        "history": [
            {"at": START, "by": "li.na", "to": "received"},
            {"at": START + timedelta(minutes=1), "by": "li.na", "did": "contact", "via": "phone", "about": "reply"},
        ],
        "tasks": [{"id": "t-0000", "kind": "promise", "text": "mend it", "due": START + timedelta(days=1)}],
        "evidence": [{"file": "a.jpg", "sha256": "00"}],
        "x-own": "mine",
    }
    sections = {
        "Description": ["one", "two", "three", "four", "five"],
        "Intake": ["- [ ] heard", "- [ ] asked", "- [ ] written"],
        "Plan": [],
    }
    return Model(fields, sections, [("2026-11-16 09:00", "taken in")])


def read(data: bytes) -> Record:
    parsed, problems = document.parse(data, FACTS.path)
    assert parsed is not None, problems
    found, more = load(parsed)
    assert found is not None, more
    assert [each for each in [*problems, *more] if each.is_error] == []
    return found


WORDS = st.sampled_from(["p", "q", "r"])
MINUTES = st.integers(2, 12)
SCALARS = st.sampled_from(["title", "object", "cause", "x-own", "forwarded_by"])
PARTS = st.sampled_from(["building", "unit", "room", "spot"])
LISTS = st.sampled_from(["tags", "demands"])
TASKS = st.sampled_from(["t-0000", "t-0001", "t-0002"])
Change = tuple[Any, ...]


def change(model: Model, what: Change) -> None:
    """Do one thing that a person may do."""
    kind, *args = what
    CHANGES[kind](model, *args)


def add_event(model: Model, minute: int, data: dict[str, Any]) -> None:
    event = {"at": START + timedelta(minutes=minute), "by": "li.na", **data}
    if event not in model.history:
        model.history.append(event)


def classify(model: Model, minute: int, category: str) -> None:
    was = {"category": model.fields["category"]}
    add_event(model, minute, {"did": "classify", "set": {"category": category}, "was": was, "reason": "seen"})


def join(model: Model, minute: int, people: int) -> None:
    before = len(model.history)
    add_event(model, minute, {"did": "join", "people": people})
    model.fields["complainant"]["people"] += people * (len(model.history) - before)


def void_contact(model: Model, minute: int) -> None:
    target = model.history[1]
    add_event(model, minute, {"did": "void", "event": {"at": target["at"], "did": "contact"}, "reason": "slip"})


def reschedule(model: Model, minute: int, hours: int) -> None:
    due = model.fields["tasks"][0]["due"]
    data = {"task": "t-0000", "set": {"due": due + timedelta(hours=hours)}, "was": {"due": due}, "reason": "late"}
    add_event(model, minute, {"did": "reschedule", **data})


def set_scalar(model: Model, name: str, value: str) -> None:
    model.fields[name] = value


def remove_scalar(model: Model, name: str) -> None:
    if name != "title":
        model.fields.pop(name, None)


def set_part(model: Model, name: str, value: str) -> None:
    model.fields.setdefault("location", {})[name] = value


def toggle(model: Model, name: str, item: str) -> None:
    items = model.fields.setdefault(name, [])
    items.remove(item) if item in items else items.append(item)


def add_task(model: Model, task: str, who: str) -> None:
    found = next((each for each in model.fields["tasks"] if each["id"] == task), None)
    if found is None:
        model.fields["tasks"].append({"id": task, "kind": "step", "text": "do it", "who": who})
    else:
        found["who"] = who


def add_evidence(model: Model, name: str) -> None:
    if all(each["file"] != name for each in model.fields["evidence"]):
        model.fields["evidence"].append({"file": name, "sha256": "11"})


def write_line(model: Model, index: int, text: str) -> None:
    model.sections["Description"][index] = text


def tick(model: Model, index: int) -> None:
    model.sections["Intake"][index] = model.sections["Intake"][index].replace("[ ]", "[x]")


def write_section(model: Model, name: str, text: str) -> None:
    model.sections[name] = [text]


def note(model: Model, minute: int, text: str) -> None:
    model.log.append((f"2026-11-16 09:{minute:02}", text))


CHANGES: dict[str, Any] = {each.__name__: each for each in (
    add_event, classify, join, void_contact, reschedule, set_scalar, remove_scalar, set_part, toggle, add_task,
    add_evidence, write_line, tick, write_section, note,
)}  # fmt: skip  # a table reads best with a row a line

MOVES = st.builds(lambda to: {"to": to}, st.sampled_from(["resolving", "replying"]))
CONTACTS = st.builds(lambda text: {"did": "contact", "via": "phone", "about": "progress", "text": text}, WORDS)
ONE_CHANGE: st.SearchStrategy[Change] = st.one_of(
    st.tuples(st.just("add_event"), MINUTES, MOVES | CONTACTS),
    st.tuples(st.just("classify"), MINUTES, WORDS),
    st.tuples(st.just("join"), MINUTES, st.integers(1, 3)),
    st.tuples(st.just("void_contact"), MINUTES),
    st.tuples(st.just("reschedule"), MINUTES, st.integers(1, 3)),
    st.tuples(st.just("set_scalar"), SCALARS, WORDS),
    st.tuples(st.just("remove_scalar"), SCALARS),
    st.tuples(st.just("set_part"), PARTS, WORDS),
    st.tuples(st.just("toggle"), LISTS, st.sampled_from(["a", "b", "c", "d"])),
    st.tuples(st.just("add_task"), TASKS, WORDS),
    st.tuples(st.just("add_evidence"), st.sampled_from(["b.jpg", "c.jpg"])),
    st.tuples(st.just("write_line"), st.integers(0, 4), WORDS),
    st.tuples(st.just("tick"), st.integers(0, 2)),
    st.tuples(st.just("write_section"), st.sampled_from(["Plan", "Result"]), WORDS),
    st.tuples(st.just("note"), st.integers(0, 9), WORDS),
)
STYLES = st.builds(
    Style,
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    comments=st.sampled_from([(), ("first",), ("first", "second")]),
    quoted=st.booleans(),
)


@st.composite
def sides(draw: st.DrawFn) -> bytes:
    """The base as somebody changed it, written in a style of their own."""
    model = base_model()
    for what in draw(st.lists(ONE_CHANGE, max_size=5)):
        change(model, what)
    return draw(STYLES).write(model.settled())


BASE = Style().write(base_model().settled())
ALWAYS = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


SETS = ("tags", "demands", "tasks", "evidence")


def content(data: bytes) -> dict[str, Any]:
    """What a record says, without order and notation."""
    found = read(data)
    body = parts(data.decode("utf-8-sig").replace("\r\n", "\n").partition("\n---\n")[2])
    fields = {name: sorted(value, key=str) if name in SETS else value for name, value in found.fields.items()}
    log = parts("".join(text for name, text in body if name == "Handling log"), "###")
    return {
        **{name: value for name, value in fields.items() if value not in ((), {}, [])},
        "history": sorted(map(event_key, found.history)),
        "sections": {name: text.strip() for name, text in body if name != "Handling log"},
        "log": sorted(text.strip() for _name, text in log),
    }


# What must always hold


@given(sides())
def test_where_one_side_changed_nothing_the_other_is_the_merge(side: bytes) -> None:
    assert merge(BASE, BASE, side) == Merged(side)
    assert merge(BASE, side, BASE) == Merged(side)
    assert merge(BASE, side, side) == Merged(side)
    assert merge(None, side, side) == Merged(side)


@ALWAYS
@given(sides(), sides())
def test_nothing_of_either_side_is_lost_and_nothing_new_is_wrong(ours: bytes, theirs: bytes) -> None:
    merged = merge(BASE, ours, theirs)
    one, other = read(ours), read(theirs)
    if merged.conflicts:
        assert problems(merged.data) == {"E011"}
        for sign in ("<<<<<<< ours", "=======", ">>>>>>> theirs"):
            assert sign in merged.data.decode().splitlines()
    for side, take in ((one, True), (other, False)):
        found = read(resolved(merged.data, ours=take))
        assert {event_key(event) for event in found.history} >= {event_key(event) for event in side.history}
        assert {task.id for task in found.tasks} >= {task.id for task in side.tasks}
        assert {each["file"] for each in found.fields["evidence"]} >= {each["file"] for each in side.fields["evidence"]}
        assert [event.at for event in found.history] == sorted(event.at for event in found.history)
        parsed, _problems = document.parse(resolved(merged.data, ours=take), FACTS.path)
        assert parsed is not None
        assert opinion.second_opinion(parsed) == []
        wrong = problems(resolved(merged.data, ours=take)) - problems(ours) - problems(theirs)
        assert {code for code in wrong if code.startswith("E05")} == set()


@ALWAYS
@given(sides(), sides())
def test_it_does_not_matter_who_merges(ours: bytes, theirs: bytes) -> None:
    one, other = merge(BASE, ours, theirs), merge(BASE, theirs, ours)
    assert sorted(one.conflicts) == sorted(other.conflicts)
    assert content(resolved(one.data, ours=True)) == content(resolved(other.data, ours=False))
    assert content(resolved(one.data, ours=False)) == content(resolved(other.data, ours=True))


@ALWAYS
@given(sides(), sides(), sides())
def test_the_order_of_merges_does_not_matter_where_nothing_is_in_conflict(a: bytes, b: bytes, c: bytes) -> None:
    ab, bc = merge(BASE, a, b), merge(BASE, b, c)
    assume(not ab.conflicts and not bc.conflicts)
    one, other = merge(BASE, ab.data, c), merge(BASE, a, bc.data)
    assume(not one.conflicts and not other.conflicts)
    assert content(one.data) == content(other.data)


@ALWAYS
@given(sides(), sides())
def test_the_notation_of_ours_stays(ours: bytes, theirs: bytes) -> None:
    assume(ours != BASE)
    merged = merge(BASE, ours, theirs)
    assert merged.data.startswith(b"\xef\xbb\xbf") == ours.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in merged.data) == (b"\r\n" in ours)
    assert merged.data.replace(b"\r\n", b"").count(b"\n") in (0, merged.data.count(b"\n"))
    before, after = ours.decode().splitlines(), merged.data.decode().splitlines()
    assert [line for line in after if line.startswith("# ")] == [line for line in before if line.startswith("# ")]


@ALWAYS
@given(sides(), sides())
def test_who_has_merged_already_gets_nothing_new(ours: bytes, theirs: bytes) -> None:
    merged = merge(BASE, ours, theirs)
    assume(not merged.conflicts)
    assert merge(BASE, merged.data, merged.data).data == merged.data
    assert merge(theirs, merged.data, theirs).data == merged.data
    assert content(merge(BASE, merged.data, theirs).data) == content(merged.data)


@ALWAYS
@given(sides(), sides())
def test_without_a_base_everything_of_both_is_there(ours: bytes, theirs: bytes) -> None:
    merged = merge(b"", ours, theirs)
    assert merge(None, ours, theirs) == merged
    for take in (True, False):
        found = read(resolved(merged.data, ours=take))
        for side in (read(ours), read(theirs)):
            assert {event_key(event) for event in found.history} >= {event_key(event) for event in side.history}
            assert set(found.fields.get("tags", ())) >= set(side.fields.get("tags", ()))


def problems(data: bytes) -> set[str]:
    """The codes of what is wrong with a record, without what its files and links are."""
    parsed, found = document.parse(data, FACTS.path)
    errors = [each for each in found if each.is_error]
    if parsed is not None and not errors:
        errors = validate.check(parsed, store_settings(), FACTS)
    return {each.code for each in errors}


def resolved(data: bytes, *, ours: bool) -> bytes:
    """The file after somebody took one side of every conflict."""
    lines, side = [], None
    for line in data.decode().splitlines(keepends=True):
        mark = line[:7]
        if mark in ("<<<<<<<", "=======", ">>>>>>>"):
            side = {"<": True, "=": False, ">": None}[mark[0]]
        elif side in (None, ours):
            lines.append(line)
    return "".join(lines).encode()
