"""A record: its ids, its typed fields, what its events make of them, and how it was at an earlier instant."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import document
from cpl import record as records
from cpl.moments import parse_instant
from cpl.record import ALPHABET, Record, as_of, before, judged_at, load, make_id
from tests.ledger import EXAMPLES, ID, Ledger, instant, record, record_text

JUDGED = (
    "17T10:00 did: classify, set: {severity: minor}, was: {}, reason: r",
    "17T12:00 did: classify, set: {severity: major}, was: {severity: minor}, reason: r",
)


def example(name: str) -> Record:
    (path,) = EXAMPLES.glob(f"records/*/*/*/CPL-*-{name}.md")
    return record(path.read_text(encoding="utf-8"))


def at(record_: Record, short: str) -> Record:
    """The record as of an instant such as `17T10:00` in November 2026."""
    found = as_of(record_, instant(f"2026-11-{short}"))
    assert found is not None
    return found


# Ids


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)), st.text(ALPHABET, min_size=6, max_size=6))
def test_made_id_is_an_id_in_the_folder_of_its_day(day: date, random: str) -> None:
    made = make_id(day, random)
    assert records.is_id(made)
    assert records.day_of(made) == f"{day:%Y/%m/%d}"
    assert records.normalize_piece(made.lower()) == made


@given(st.text(ALPHABET, min_size=6, max_size=6), st.integers(0, 6), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(random: str, place: int, other: str) -> None:
    made = make_id(date(2026, 11, 22), random)
    at_place = len(made) - 7 + place
    changed = made[:at_place] + other + made[at_place + 1 :]
    assert records.is_id(changed) is (changed == made)


@given(st.text(ALPHABET, min_size=6, max_size=6), st.integers(0, 5))
def test_neighbours_changing_places_are_noticed(random: str, place: int) -> None:
    made = make_id(date(2026, 11, 22), random)
    start = len(made) - 7 + place
    swapped = made[:start] + made[start + 1] + made[start] + made[start + 2 :]
    # Luhn can't tell 0 and Z, the first and the last of the alphabet, apart when they change places.
    is_blind_spot = {made[start], made[start + 1]} == {ALPHABET[0], ALPHABET[-1]}
    assert records.is_id(swapped) is (swapped == made or is_blind_spot)


@pytest.mark.parametrize("text", ["CPL-20261117-9XE2WH9", "CPL-20261118-3CB6VN4", "CPL-20261116-M4T8RAE"])
def test_ids_of_the_hand_written_records_are_ids(text: str) -> None:
    assert records.is_id(text)


@pytest.mark.parametrize(
    "text", ["CPL-20261117-9XE2WH8", "CPL-20261317-9XE2WH9", "cpl-20261117-9XE2WH9", "CPL-20261117-9XE2WHI", "x"]
)
def test_other_text_is_no_id(text: str) -> None:
    assert not records.is_id(text)


def test_id_of_a_day_that_does_not_exist_is_none_even_with_its_check_character() -> None:
    digits = "20260231" + "AAAAAA"
    assert not records.is_id(f"CPL-20260231-AAAAAA{records.check_character(digits)}")


@pytest.mark.parametrize(
    ("piece", "expected"),
    [("7k3", "7K3"), ("o1Il", "0111"), (" 9xe ", "9XE"), ("cpl-20261117-9xe2wh9", "CPL-20261117-9XE2WH9")],
)
def test_piece_of_an_id_is_read_as_a_person_writes_it(piece: str, expected: str) -> None:
    assert records.normalize_piece(piece) == expected


# Fields


def test_fields_are_typed_by_the_schema() -> None:
    found = record(
        record_text(
            fields="category: equipment/lift\norder: {size: minor, paid: false, price: 12.50, crew: [zhao]}\n"
            "location: {building: 3, room: 0302}\nx-own: [no, 1e5]\ntags: lift\n"
            "evidence: [{file: a.jpg, sha256: 00, taken_at: 2026-11-15}]\n"
        )
    )
    expected = {
        "id": ID,
        "title": "Door 2 does not lock",
        "kind": "complaint",
        "status": "received",
        "received_at": instant("2026-11-16T09:00"),
        "category": "equipment/lift",
        "order": {"size": "minor", "paid": False, "price": Decimal("12.50"), "crew": ("zhao",)},
        "location": {"building": "3", "room": "0302"},
        "x-own": ("no", "1e5"),
        "tags": ("lift",),
        "evidence": ({"file": "a.jpg", "sha256": "00", "taken_at": date(2026, 11, 15)},),
        "history": found.history,
    }
    assert found.fields == expected
    assert (found.id, found.title, found.kind, found.status) == (ID, "Door 2 does not lock", "complaint", "received")
    assert (found.lead, found.source, found.people, found.tasks) == (None, None, 1, ())


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [("location.room", "0302"), ("location.unit", None), ("title.x", None), ("nothing", None), ("kind", "complaint")],
)
def test_dotted_name_finds_a_field_or_none(dotted: str, expected: str | None) -> None:
    assert record(record_text(fields="location: {room: 0302}\n")).get(dotted) == expected


@pytest.mark.parametrize(
    ("fields", "events", "people"),
    [
        ("", (), 1),
        ("complainant: {people: 12}\n", (), 12),
        ("complainant: {name: Wang}\n", ("16T10:00 did: join, people: 3",), 4),
        ("complainant: {people: 12}\n", ("16T10:00 did: join, people: 3",), 12),
    ],
    ids=["nothing said", "stated", "joined", "stated with those who joined"],
)
def test_people_are_those_stated_or_one_and_those_who_joined(fields: str, events: tuple[str, ...], people: int) -> None:
    assert record(record_text(*events, fields=fields)).people == people


def test_task_is_done_or_dropped_by_its_events() -> None:
    tasks = "".join(
        f"- {{id: t-{name}, kind: step, text: {name}, made_at: 2026-11-16T09:00:00+08:00}}\n"
        for name in ("aaaa", "bbbb", "cccc")
    )
    found = record(
        record_text(
            "16T10:00 did: done, task: t-aaaa",
            "16T11:00 did: drop, task: t-bbbb, reason: r",
            fields=f"tasks:\n{tasks}",
        )
    )
    said = [(task.id, task.done_at, task.dropped_at, task.is_open) for task in found.tasks]
    assert said == [
        ("t-aaaa", instant("2026-11-16T10:00"), None, False),
        ("t-bbbb", None, instant("2026-11-16T11:00"), False),
        ("t-cccc", None, None, True),
    ]


def test_history_is_in_order_whatever_the_order_in_the_file() -> None:
    lines = record_text("16T10:00 to: investigating", "16T11:00 to: resolving").splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("- "))
    shuffled = [*lines[:first], lines[first + 2], lines[first], lines[first + 1], *lines[first + 3 :]]
    found = record("\n".join(shuffled) + "\n")
    assert [event.to for event in found.history] == ["received", "investigating", "resolving"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            "id: CPL-20261117-9XE2WH8\n",
            "E030 'CPL-20261117-9XE2WH8' is not an id like CPL-20261122-7K3QDXZ whose last character checks the others",
        ),
        ("tasks: [{id: T-1, kind: step, text: a}]\n", "E057 'T-1' is not a task's id; write t- and four of a-z, 0-9"),
    ],
)
def test_id_of_another_form_is_named(fields: str, problem: str) -> None:
    parsed, _form = document.parse(record_text(fields=fields).encode(), "f.md")
    assert parsed is not None
    _found, problems = load(parsed)
    assert [f"{each.code} {each.message}" for each in problems] == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (record_text().replace("title: Door 2 does not lock\n", ""), "E021 'title' is missing"),
        (record_text(fields="title: ' '\n"), "E022 the title is one line that says what it is about"),
        (record_text(fields="title: |\n  a\n  b\n"), "E022 the title is one line that says what it is about"),
        (
            record_text().partition("history:")[0] + "history: []\n---\n",
            "E021 the history has no event; the first one is the intake",
        ),
        (record_text().partition("history:")[0] + "---\n", "E021 'history' is missing"),
    ],
    ids=["no title", "empty title", "two lines", "no event", "no history"],
)
def test_record_that_lacks_what_is_required_says_so(text: str, problem: str) -> None:
    parsed, form = document.parse(text.encode(), "f.md")
    assert parsed is not None, form
    _found, problems = load(parsed)
    assert [f"{each.code} {each.message}" for each in problems] == [problem]


def test_line_of_a_place_is_that_of_the_nearest_thing_there_is() -> None:
    parsed, _problems = document.parse(record_text(fields="tasks:\n- {id: t-aaaa}\n").encode(), "f.md")
    assert parsed is not None
    assert records.line_of(parsed, ["tasks", 0, "id"]) == 8
    assert records.line_of(parsed, ["tasks", 7]) == 8
    assert records.line_of(parsed, ["tasks", "id"]) == 8
    assert records.line_of(parsed, ["title", "x"]) == 3
    assert records.line_of(parsed, ["nothing"]) == 2


# Copies


def test_derived_fields_are_what_the_last_events_that_count_set() -> None:
    found = record(
        record_text(
            *JUDGED,
            "17T13:00 did: assign, set: {assignee: zhao.qiang, departments: [engineering]}",
            "17T14:00 to: resolving",
            "17T15:00 did: reschedule, task: t-aaaa, set: {due: 2026-11-20T18:00:00+08:00}, reason: r",
            "17T16:00 did: void, reason: r, event: {at: 2026-11-17T12:00:00+08:00, did: classify}",
        )
    )
    assert {name: value for name, (value, _event) in records.derived(found).items()} == {
        "status": "resolving",
        "severity": "minor",
        "assignee": "zhao.qiang",
        "departments": ("engineering",),
    }
    assert {name: due for name, (due, _event) in records.derived_dues(found).items()} == {
        "t-aaaa": instant("2026-11-20T18:00")
    }


# As it was


def test_before_it_was_received_there_is_no_record() -> None:
    found = record(record_text())
    assert as_of(found, found.received_at - timedelta(seconds=1)) is None
    assert as_of(found, found.received_at) is found


def test_record_as_of_an_instant_is_without_what_came_later() -> None:
    found = record(
        record_text(
            "16T10:00 did: assign, set: {assignee: zhao.qiang}",
            "16T11:00 to: investigating",
            *JUDGED,
            "17T13:00 did: assign, set: {assignee: sun.wei, departments: [engineering]}",
            "17T14:00 to: resolving",
            fields="severity: major\nassignee: sun.wei\ndepartments: [engineering]\n",
        )
    )
    names = ("status", "severity", "assignee", "departments")
    said = {
        short: tuple(at(found, short).get(name) for name in names)
        for short in ("16T09:30", "16T12:00", "17T10:00", "17T12:30", "18T00:00")
    }
    assert said == {
        "16T09:30": ("received", None, None, None),
        "16T12:00": ("investigating", None, "zhao.qiang", None),
        "17T10:00": ("investigating", "minor", "zhao.qiang", None),
        "17T12:30": ("investigating", "major", "zhao.qiang", None),
        "18T00:00": ("resolving", "major", "sun.wei", ("engineering",)),
    }
    assert at(found, "18T00:00") is found
    assert [event.key for event in at(found, "16T12:00").history] == ["to:received", "did:assign", "to:investigating"]
    assert "severity" not in at(found, "16T12:00").fields


def test_later_correction_of_the_time_is_not_known_before_it() -> None:
    found = record(
        record_text(
            "16T12:00 did: correct, reason: r, was: {received_at: 2026-11-16T09:00:00+08:00}, "
            "set: {received_at: 2026-11-16T08:00:00+08:00}",
            fields="received_at: 2026-11-16T08:00:00+08:00\n",
        )
    )
    assert at(found, "16T12:00").received_at == instant("2026-11-16T08:00")
    assert at(found, "16T11:00").received_at == instant("2026-11-16T09:00")
    assert as_of(found, instant("2026-11-16T08:30")) is None


def test_later_void_is_not_known_before_it() -> None:
    found = record(
        record_text(
            "16T10:00 to: closed",
            "16T12:00 did: void, reason: r, event: {at: 2026-11-16T10:00:00+08:00, to: closed}",
            fields="status: received\n",
        )
    )
    assert found.status == "received"
    assert at(found, "16T11:00").status == "closed"
    assert [event.key for event in at(found, "16T11:00").events] == ["to:received", "to:closed"]


def test_tasks_and_their_dues_are_those_of_the_instant() -> None:
    made = "made_at: 2026-11-16T10:00:00+08:00, due: 2026-11-20T18:00:00+08:00"
    found = record(
        record_text(
            "17T10:00 did: reschedule, task: t-aaaa, reason: r, set: {due: 2026-11-19T18:00:00+08:00}, "
            "was: {due: 2026-11-18T18:00:00+08:00}",
            "18T10:00 did: reschedule, task: t-aaaa, reason: r, set: {due: 2026-11-20T18:00:00+08:00}, "
            "was: {due: 2026-11-19T18:00:00+08:00}",
            "19T10:00 did: done, task: t-aaaa",
            fields=f"tasks:\n- {{id: t-aaaa, kind: step, text: a, {made}}}\n- {{id: t-bbbb, kind: step, text: b}}\n",
        )
    )
    dues = {
        short: [(task.id, task.due) for task in at(found, short).tasks]
        for short in ("16T09:30", "16T10:00", "17T10:00", "18T10:00")
    }
    timeless = ("t-bbbb", None)
    assert dues == {
        "16T09:30": [timeless],
        "16T10:00": [("t-aaaa", instant("2026-11-18T18:00")), timeless],
        "17T10:00": [("t-aaaa", instant("2026-11-19T18:00")), timeless],
        "18T10:00": [("t-aaaa", instant("2026-11-20T18:00")), timeless],
    }


def test_people_who_joined_later_are_not_counted_before() -> None:
    group = example("9XE2WH9")
    assert (group.people, at(group, "17T11:00").people) == (12, 11)


def test_events_of_one_second_count_together() -> None:
    text = record_text("16T10:00 to: investigating").replace("T10:00:00+08:00", "T10:00:00.001+08:00")
    assert at(record(text), "16T10:00").status == "investigating"
    next_second = record(text.replace("T10:00:00.001", "T10:00:01"))
    assert at(next_second, "16T10:00").status == "received"


def test_before_a_move_the_record_is_as_it_was_known_then_without_what_was_voided() -> None:
    found = record(
        record_text(
            "16T10:00 to: resolving",
            "16T10:30 did: contact, via: phone, about: reply",
            "16T11:00 to: replying",
            *JUDGED,
            "18T10:00 did: void, reason: r, event: {at: 2026-11-16T10:30:00+08:00, did: contact}",
            fields="severity: major\n",
        )
    )
    move = next(event for event in found.events if event.to == "replying")
    previous = before(found, move)
    assert previous is not None
    assert (previous.status, previous.get("severity")) == ("resolving", None)
    assert [event.key for event in previous.events] == ["to:received", "to:resolving"]
    assert before(found, found.history[0]) is None


@pytest.mark.parametrize(
    ("short", "severity"),
    [("17T09:00", None), ("17T11:00", "minor"), ("17T12:00", "important"), ("19T00:00", "important")],
)
def test_judged_at_takes_back_a_later_judgement_but_no_correction_of_a_slip(short: str, severity: str | None) -> None:
    found = record(
        record_text(
            *JUDGED,
            "17T14:00 did: correct, set: {severity: important}, was: {severity: major}, reason: slip",
            "17T15:00 did: correct, set: {category: equipment/lift}, was: {category: other}, reason: slip",
            fields="severity: important\ncategory: equipment/lift\n",
        )
    )
    judged = judged_at(found, instant(f"2026-11-{short}"))
    assert (judged.get("severity"), judged.get("category")) == (severity, "equipment/lift")


EVENTS = (
    "16T10:00 did: assign, set: {assignee: zhao.qiang}",
    "16T11:00 to: investigating",
    "16T12:00 did: classify, set: {nature: A, severity: minor}, was: {}, reason: r",
    "16T13:00 did: classify, set: {severity: major}, was: {severity: minor}, reason: r",
    "16T14:00 to: resolving",
    "16T15:00 did: assign, set: {assignee: sun.wei}",
    "16T16:00 did: correct, set: {category: other}, was: {}, reason: r",
    "16T17:00 did: classify, set: {severity: important}, was: {severity: major}, reason: r",
)
SETS = (
    {"assignee": "zhao.qiang"},
    {"status": "investigating"},
    {"nature": "A", "severity": "minor"},
    {"severity": "major"},
    {"status": "resolving"},
    {"assignee": "sun.wei"},
    {"category": "other"},
    {"severity": "important"},
)


def grown(count: int) -> Record:
    """The record after the first so many of EVENTS, with the fields as these have set them."""
    fields: dict[str, str] = {}
    for each in SETS[:count]:
        fields |= each
    return record(record_text(*EVENTS[:count], fields="".join(f"{name}: {value}\n" for name, value in fields.items())))


@given(st.integers(0, len(EVENTS)), st.integers(0, len(EVENTS)), st.integers(0, 3599))
def test_record_as_of_an_instant_is_the_record_of_that_time(known: int, count: int, seconds: int) -> None:
    now = instant("2026-11-16T09:00") + timedelta(hours=known, seconds=seconds)
    later = as_of(grown(max(known, count)), now)
    then = grown(known)
    assert later is not None
    assert dict(later.fields) | {"history": ()} == dict(then.fields) | {"history": ()}
    assert (later.history, later.events) == (then.history, then.events)


def test_event_by_the_source_of_an_imported_record_is_imported() -> None:
    text = record_text("16T10:00 to: closed", fields="source: {system: nyc311, key: '1'}\n")
    found = record(text.replace("by: li.na, to: received", "by: nyc311, to: received"))
    assert [found.is_imported(event) for event in found.events] == [True, False]
    assert not grown(0).is_imported(grown(0).events[0])


def test_local_day_is_that_of_the_zone() -> None:
    late = parse_instant("2026-11-16T20:00:00+00:00")
    assert records.local_day(late, ZoneInfo("Asia/Shanghai")) == date(2026, 11, 17)


def test_piece_that_people_type_is_the_random_part() -> None:
    assert records.piece_of("CPL-20261117-9XE2WH9") == "9XE2WH9"


@pytest.mark.parametrize("lacking", ["id", "kind", "text"])
def test_a_task_that_lacks_something_harms_no_other_record(ledger: Ledger, lacking: str) -> None:
    sound, broken = ledger.open("Sound"), ledger.open("Broken")
    path = ledger.path(broken)
    task = {"id": "t-4hq2", "kind": "promise", "text": "call"}
    fields = ", ".join(f"{name}: {value}" for name, value in task.items() if name != lacking)
    path.write_text(path.read_text().replace("\nhistory:", f"\ntasks:\n- {{{fields}}}\nhistory:"))
    assert f"E021 '{lacking}' is missing" in ledger("check").out
    assert sound in ledger.ok("list", "--format", "plain")
    assert ledger("overdue").code == ledger("show", broken).code == 0
