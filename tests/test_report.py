"""The figures of a period: which records count where, what their faces show, and what they never show."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import config, document
from cpl.cli import run
from cpl.cli.app import App
from cpl.config import Settings
from cpl.figures import Count, Numbers, Summary, nearest_rank, summed
from cpl.moments import Period, parse_instant, week
from cpl.record import Record, load, make_id
from cpl.render import Column, rows
from cpl.report import as_markdown, as_table
from cpl.report_json import as_json
from cpl.tally import View

ROOT = Path(__file__).parent.parent
STORE = """\
format: 1
name: 锦绣花园
timezone: Asia/Shanghai
profile: residential
people:
- {id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk]}
"""


def settings(store: str = STORE, **templates: str) -> Settings:
    """The settings of a store with this cpl.yaml; `templates` are its own profiles by name."""

    def files(path: str) -> bytes | None:
        if path == config.MARKER:
            return store.encode()
        own = templates.get(Path(path).stem)
        return (ROOT / path).read_bytes() if own is None else own.encode()

    return config.load(files)


SETTINGS = settings()
WEEK = week("2026-W47", SETTINGS.zone)  # Monday 16 to Sunday 22 November
LATER = parse_instant("2026-12-10T12:00:00+08:00")


def instant(short: str) -> str:
    """`17 10:00` in November 2026, as it stands in a record."""
    day, time = short.split()
    return f"2026-11-{day}T{time if time.count(':') == 2 else f'{time}:00'}+08:00"


def name(letter: str) -> str:
    """The id of the record called by this letter."""
    return make_id(date(2026, 11, 1), letter * 6)


def text_of(letter: str, received: str, *events: str, fields: str = "", kind: str = "complaint") -> str:
    """A record's file; an event is written as `17 10:00 to: resolving`."""
    history = [f"{received} to: received", *events]
    moves = [event.split("to: ")[1].split(",")[0] for event in history if " to: " in event]
    lines = [
        f"- {{at: {instant(f'{day} {time}')}, by: li.na, {rest}}}"
        for day, time, rest in (event.split(" ", 2) for event in history)
    ]
    title = "" if "title:" in fields else "title: Lift stuck\n"
    return (
        f"---\nid: {name(letter)}\n{title}kind: {kind}\nstatus: {moves[-1]}\n"
        f"received_at: {instant(received)}\n{fields}history:\n" + "\n".join(lines) + "\n---\n"
    )


def record(letter: str, received: str, *events: str, fields: str = "", kind: str = "complaint") -> Record:
    """The record that `text_of` writes; it has to be right."""
    parsed, problems = document.parse(text_of(letter, received, *events, fields=fields, kind=kind).encode(), letter)
    assert parsed is not None
    made, found = load(parsed)
    assert (problems, found) == ([], [])
    assert made is not None
    return made


def summary(*records: Record | None, at: datetime = LATER, period: Period = WEEK, of: Settings = SETTINGS) -> Summary:
    """The figures of week 47, seen in December unless said otherwise."""
    view = View(of, period, at)
    return summed((view.part(each) for each in records if each is not None), view, (), records.count(None))


def counted(*letters: str) -> Count:
    """These records, each counted once."""
    return Count(len(letters), tuple(sorted(map(name, letters))))


def at(short: str) -> datetime:
    """The instant of `17 10:00`."""
    return parse_instant(instant(short))


def repair(letter: str, received: str, *events: str, fields: str = "") -> Record:
    """A minor repair: 8 hours to resolve."""
    return record(letter, received, *events, fields=f"order: {{size: minor}}\n{fields}", kind="repair")


class TestFlow:
    def test_what_is_received_at_the_start_belongs_and_at_the_end_does_not(self) -> None:
        found = summary(
            record("A", "15 23:59:59"), record("B", "16 00:00"), record("C", "22 23:59:59"), record("D", "23 00:00")
        )
        assert found.total.received == counted("B", "C")
        assert found.open_at_start == counted("A")
        assert found.total.open_at_end == counted("A", "B", "C")

    def test_what_is_closed_at_the_start_belongs_and_at_the_end_does_not(self) -> None:
        found = summary(
            record("A", "10 09:00", "15 23:59:59 to: closed"),
            record("B", "10 09:00", "16 00:00 to: closed"),
            record("C", "10 09:00", "22 23:59:59 to: declined"),
            record("D", "10 09:00", "23 00:00 to: closed"),
        )
        assert found.total.closed == counted("B", "C")
        assert found.open_at_start == counted("B", "C", "D")
        assert found.total.open_at_end == counted("D")

    def test_nothing_after_the_instant_is_known(self) -> None:
        found = summary(
            record("A", "16 09:00", "18 09:00 to: closed", "19 09:00 to: resolving"),
            record("B", "17 09:00", "19 09:00:01 to: closed"),
            record("C", "19 09:00:01"),
            at=at("19 09:00"),
        )
        assert found.total.received == counted("A", "B")
        assert found.total.closed == counted("A")
        assert found.reopened == counted("A")
        assert found.total.open_at_end == counted("A", "B")

    def test_before_the_period_only_what_was_open_then_counts(self) -> None:
        found = summary(record("A", "10 09:00", "14 09:00 to: closed"), record("B", "16 09:00"), at=at("13 12:00"))
        assert found.open_at_start == found.total.open_at_end == counted("A")
        assert found.total.received == found.total.closed == counted()

    def test_a_withdrawn_record_leaves_all_figures(self) -> None:
        withdrawn = record("A", "16 09:00", "17 09:00 to: closed", "20 09:00 to: received", "21 09:00 to: withdrawn")
        assert summary(withdrawn) == summary()
        assert summary(withdrawn, at=at("18 09:00")).total.closed == counted("A")

    def test_a_return_from_withdrawal_counts_again(self) -> None:
        found = summary(record("A", "10 09:00", "17 09:00 to: withdrawn", "18 09:00 to: received"))
        assert (found.total.closed, found.reopened) == (counted(), counted("A"))
        assert found.open_at_start == found.total.open_at_end == counted("A")

    def test_closed_twice_counts_once_and_is_named(self) -> None:
        found = summary(
            record("A", "16 09:00", "17 09:00 to: closed", "18 09:00 to: resolving", "19 09:00 to: closed"),
            record("B", "16 09:00", "19 09:00 to: closed"),
        )
        assert found.total.closed == counted("A", "B")
        assert found.closed_again == found.reopened == counted("A")
        assert as_json(found, ids=False)["closed_again"] == [name("A")]
        expected = f"Closed more than once in the period, counted once: {name('A')}\n"
        assert expected in as_markdown(found, SETTINGS, ids=False)

    def test_a_move_between_final_states_closes_nothing_again(self) -> None:
        found = summary(record("A", "10 09:00", "12 09:00 to: closed", "17 09:00 to: referred"))
        assert (found.total.closed, found.reopened) == (counted(), counted())

    def test_a_voided_move_counts_for_nothing(self) -> None:
        slip = f"17 09:05 did: void, event: {{at: {instant('17 09:00')}, to: closed}}, reason: slip"
        voided = record("A", "16 09:00", "17 09:00 to: closed", slip, "17 10:00 to: resolving")
        assert summary(voided).total.closed == counted()

    @pytest.mark.clause("ML-4")
    def test_nothing_happens_before_the_corrected_receipt(self) -> None:
        corrected = f"set: {{received_at: {instant('16 09:00')}}}, was: {{received_at: {instant('15 20:00')}}}"
        text = text_of("A", "15 20:00", "15 23:00 to: closed", f"17 09:00 did: correct, {corrected}, reason: slip")
        top, _history, rest = text.partition("history:")
        parsed, _problems = document.parse((top.replace("15T20", "16T09") + "history:" + rest).encode(), "A")
        assert parsed is not None
        made, _found = load(parsed)
        found = summary(made)
        assert found.total.received == found.total.closed == counted("A")
        assert found.open_at_start == counted()

    def test_people_are_those_who_complained_and_joined_in_the_period(self) -> None:
        found = summary(
            record("A", "16 09:00", "17 09:00 did: join, people: 3"),
            record("B", "16 10:00", fields="complainant: {people: 12}\n"),
            record("C", "10 09:00", fields="complainant: {people: 40}\n"),
        )
        assert found.people == Count(16, counted("A", "B").ids)

    @given(st.data())
    def test_open_at_end_is_open_at_start_and_received_less_what_was_closed(self, data: st.DataObject) -> None:
        records = [data.draw(st.builds(history_of, st.just(letter), HOURS)) for letter in "ABC"]
        found = summary(*records, at=data.draw(st.sampled_from([at("18 00:00"), at("22 23:00"), LATER])))
        moves = [
            (event.at, event.to in ("closed", "declined"))
            for each in records
            for event in each.events[1:]
            if WEEK.holds(event.at) and event.at <= found.at
        ]
        closings = sum(1 for _at, closes in moves if closes)
        assert found.total.open_at_end.number == (
            found.open_at_start.number + found.total.received.number - closings + (len(moves) - closings)
        )


HOURS = st.lists(st.integers(0, 24 * 21), min_size=1, max_size=6, unique=True).map(sorted)


def history_of(letter: str, hours: Sequence[int]) -> Record:
    """A record that is closed and reopened in turn, at hours from 9 November on."""
    times = [datetime(2026, 11, 9) + timedelta(hours=hour) for hour in hours]  # noqa: DTZ001
    states = ["closed", "resolving", "declined", "investigating", "closed"]
    return record(
        letter,
        f"{times[0]:%d %H:%M}",
        *(f"{time:%d %H:%M} to: {state}" for time, state in zip(times[1:], states, strict=False)),
    )


class TestTimely:
    @pytest.mark.clause("OT-8")
    def test_is_met_through_all_with_those_not_yet_due_apart(self) -> None:
        found = summary(
            repair("A", "16 09:00", "16 17:00 to: replying"),
            repair("B", "16 09:00", "16 17:00:01 to: replying"),
            repair("C", "18 09:00"),
            repair("D", "18 00:59:59"),
            repair("E", "18 09:00", "18 09:30 to: on-hold, reason: part, until: 2026-11-20T09:00:00+08:00"),
            record("F", "16 09:00"),  # no target: no clock
            at=at("18 09:00"),
        )
        timely = found.total.timely
        assert (timely.met, timely.breached, timely.not_yet_due) == (counted("A"), counted("B", "D"), counted("C", "E"))
        assert (timely.of_all, timely.of_due) == ((1, 5), (1, 3))
        data = as_json(found, ids=False)["timely"]
        assert data == {
            "clock": "resolve",
            "met": 1,
            "breached": 2,
            "not_yet_due": 2,
            "rate_of_all": 0.2,
            "rate_of_due": 0.3333,
        }

    @pytest.mark.clause("OT-8")
    def test_is_reported_for_each_kind(self) -> None:
        found = summary(
            repair("A", "16 09:00", "16 10:00 to: replying"),
            record("B", "16 09:00", "17 09:00 to: replying", fields="nature: A\n"),
        )
        rates = {kind: numbers.timely.of_all for kind, numbers in found.dimensions["kind"].items()}
        assert rates == {"repair": (1, 1), "complaint": (0, 1)}

    def test_needs_every_run_to_be_met(self) -> None:
        again = ["16 10:00 to: replying", "16 11:00 to: resolving"]
        found = summary(
            repair("A", "16 09:00", *again, "16 12:00 to: replying"),
            repair("B", "16 09:00", *again, "17 12:00 to: replying"),
            repair("C", "16 09:00", *again),
            at=at("16 18:00"),
        )
        assert found.total.timely.met == counted("A")
        assert found.total.timely.not_yet_due == counted("B", "C")
        assert summary(repair("B", "16 09:00", *again, "17 12:00 to: replying")).total.timely.breached == counted("B")

    def test_is_absent_where_there_is_nothing_to_divide(self) -> None:
        nothing, waiting = summary(), summary(repair("A", "18 09:00"), at=at("18 10:00"))
        assert rates_of(nothing) == (None, None)
        assert rates_of(waiting) == (0.0, None)
        assert "| Timely rate (resolve) | – |" in as_markdown(nothing, SETTINGS, ids=False)
        assert "| Timely rate without those not yet due | – |" in as_markdown(waiting, SETTINGS, ids=False)

    def test_leaves_out_what_was_received_before_or_after(self) -> None:
        found = summary(repair("A", "15 09:00", "16 10:00 to: replying"), repair("B", "23 09:00"))
        assert found.total.timely.of_all == (0, 0)


def rates_of(found: Summary) -> tuple[object, object]:
    """The two rates as JSON has them."""
    timely = as_json(found, ids=False)["timely"]
    assert isinstance(timely, dict)
    return timely["rate_of_all"], timely["rate_of_due"]


class TestTimes:
    def test_are_those_of_stopped_runs_without_pauses(self) -> None:
        found = summary(
            repair(
                "A",
                "16 09:00",
                "16 10:00 to: on-hold, reason: part, until: 2026-11-17T09:00:00+08:00",
                "17 10:00 to: received",
                "17 12:00 to: replying",
            ),
            repair("B", "16 09:00", "16 10:00 to: replying", "16 11:00 to: resolving", "16 11:30 to: replying"),
            repair("C", "16 09:00"),
            repair("D", "15 09:00", "16 10:00 to: replying"),
        )
        assert [(each.clock, each.runs, each.median_seconds, each.p90_seconds) for each in found.total.spreads] == [
            ("respond", counted(), None, None),
            ("resolve", Count(3, (name("A"), name("B"), name("B"))), 3600, 10800),
        ]

    @pytest.mark.parametrize(
        ("count", "percent", "expected"),
        [(1, 50, 1), (2, 50, 1), (3, 50, 2), (10, 50, 5), (10, 90, 9), (11, 90, 10), (1, 90, 1), (100, 90, 90)],
    )
    def test_nearest_rank(self, count: int, percent: int, expected: int) -> None:
        assert nearest_rank(range(1, count + 1), percent) == expected

    def test_nearest_rank_of_nothing_is_absent(self) -> None:
        assert nearest_rank([], 50) is None

    @given(st.lists(st.integers(0, 99), min_size=1).map(sorted), st.sampled_from([50, 90]))
    def test_nearest_rank_is_the_least_that_covers_the_share(self, ordered: list[int], percent: int) -> None:
        found = nearest_rank(ordered, percent)
        needed = math.ceil(len(ordered) * percent / 100)
        covering = [value for value in ordered if sum(1 for each in ordered if each <= value) >= needed]
        assert found == covering[0]


class TestOverdue:
    def test_counts_records_once_and_items_by_basis(self) -> None:
        task = "tasks: [{id: t-0001, kind: promise, text: x, due: 2026-11-17T09:00:00+08:00}, "
        task += "{id: t-0002, kind: promise, text: x, due: 2026-11-17T10:00:00+08:00}]\n"
        answered = "16 09:01 did: contact, via: phone, about: acknowledge"
        found = summary(
            repair("A", "16 09:00", answered),
            repair("B", "16 09:00", answered, "16 09:30 did: agree, clock: resolve, due: 2026-11-19T09:00:00+08:00"),
            record("C", "16 09:00", answered, fields=task),
            record(
                "D",
                "16 09:00",
                answered,
                "16 10:00 to: on-hold, reason: part, until: 2026-11-18T09:00:00+08:00",
            ),
            record("E", "16 09:00", answered),
        )
        assert found.total.overdue == counted("A", "B", "C", "D")
        assert found.overdue_items == {
            "rule": counted("A"),
            "agreed": counted("B"),
            "task": Count(2, (name("C"), name("C"))),
            "pause": counted("D"),
        }

    def test_is_judged_at_the_end_of_the_period(self) -> None:
        late = repair("A", "22 15:59:58", "23 09:00 to: closed")
        in_time = repair("B", "22 16:00", "23 09:00 to: closed")
        assert summary(late, in_time).total.overdue == counted("A")

    def test_is_judged_at_the_instant_while_the_period_lasts(self) -> None:
        records = [repair("A", "17 09:00")]
        assert summary(*records, at=at("17 17:00")).total.overdue == counted()
        assert summary(*records, at=at("17 17:00:01")).total.overdue == counted("A")

    def test_of_an_earlier_period_still_counts(self) -> None:
        found = summary(repair("A", "10 09:00"))
        assert (found.total.received, found.total.overdue) == (counted(), counted("A"))

    def test_an_open_task_of_a_closed_record_counts(self) -> None:
        task = "tasks: [{id: t-0001, kind: promise, text: x, due: 2026-11-17T09:00:00+08:00}]\n"
        found = summary(record("A", "10 09:00", "11 09:00 to: closed", fields=task))
        assert (found.total.overdue, found.total.open_at_end) == (counted("A"), counted())


class TestGroups:
    @pytest.mark.clause("CS-10")
    def test_stand_by_every_dimension_the_most_received_first_the_nameless_last(self) -> None:
        fields = "category: equipment/lift\nchannel: phone\nnature: A\nseverity: minor\n"
        place = "location: {site: S, area: East, building: '3', unit: '2', room: '1201', spot: hall}\n"
        cause = "finding: {cause: management-gap}\n"
        found = summary(
            record("A", "16 09:00", fields=fields + place + cause),
            record("B", "16 09:00", fields=fields + "location: {building: '3'}\n"),
            record("C", "16 09:00", fields="category: security\n"),
            record("D", "16 09:00"),
            record("E", "10 09:00"),
        )
        received = {
            dimension: {key: numbers.received.number for key, numbers in groups.items()}
            for dimension, groups in found.dimensions.items()
        }
        assert [(dimension, list(groups.items())) for dimension, groups in received.items()] == [
            ("kind", [("complaint", 4)]),
            ("category", [("equipment/lift", 2), ("security", 1), (None, 1)]),
            ("place", [("3", 1), ("S/East/3", 1), (None, 2)]),
            ("department", [(None, 4)]),
            ("severity", [("minor", 2), (None, 2)]),
            ("channel", [("phone", 2), (None, 2)]),
            ("cause", [("management-gap", 1), (None, 3)]),
        ]

    def test_several_departments_count_under_each(self) -> None:
        found = summary(record("A", "16 09:00", fields="departments: [security, engineering, security]\n"))
        groups = {key: numbers.received for key, numbers in found.dimensions["department"].items()}
        assert groups == {"engineering": counted("A"), "security": counted("A")}
        for face in (as_markdown(found, SETTINGS, ids=False), as_table(found, SETTINGS, ids=False)):
            assert "A record with several departments counts under each of them.\n" in face

    def test_without_anything_to_count_are_left_out(self) -> None:
        found = summary(record("A", "10 09:00", "11 09:00 to: closed", fields="category: security\n"))
        assert found.dimensions == {}

    def test_have_the_name_that_was_known_at_the_instant(self) -> None:
        moved = "18 09:00 did: classify, set: {category: security}, was: {category: equipment/lift}, reason: seen"
        records = [record("A", "16 09:00", moved, fields="category: security\n")]
        assert list(summary(*records, at=at("17 09:00")).dimensions["category"]) == ["equipment/lift"]
        assert list(summary(*records).dimensions["category"]) == ["security"]

    @given(st.data())
    def test_add_up_to_the_total(self, data: st.DataObject) -> None:
        found = summary(*data.draw(st.lists(ANY_RECORD, max_size=5)))
        for dimension in set(found.dimensions) - {"department"}:
            groups = found.dimensions[dimension].values()
            assert totals(groups) == totals([found.total])


def totals(groups: Iterable[Numbers]) -> list[int]:
    """The sums of what partitions the records."""
    counts = [
        (each.received.number, each.closed.number, each.open_at_end.number, each.overdue.number) for each in groups
    ]
    return [sum(column) for column in zip(*counts, strict=True)] or [0, 0, 0, 0]


class TestFollowUp:
    @pytest.mark.clause("RQ-5")
    def test_counts_who_was_reached_and_what_they_said_last(self) -> None:
        def closed(letter: str, *events: str) -> Record:
            return record(letter, "16 09:00", *events, "17 09:00 to: closed")

        call = "did: follow-up, via: phone, about: desk"
        found = summary(
            closed("A", f"17 08:00 {call}, satisfied: true"),
            closed("B", f"17 07:00 {call}, satisfied: true", f"17 08:00 {call}, satisfied: false"),
            closed("C", f"17 08:00 {call}"),
            closed("D", f"17 08:00 {call}, reached: false"),
            closed("E"),
            record("F", "16 09:00", f"17 08:00 {call}, satisfied: true"),  # not closed
        )
        follow_ups = found.follow_ups
        assert follow_ups.reached == counted("A", "B", "C")
        assert follow_ups.asked == counted("A", "B")
        assert follow_ups.satisfied == counted("A")
        assert as_json(found, ids=False)["followed_up"] == {
            "reached": 3,
            "share_of_closed": 0.6,
            "asked": 2,
            "satisfied": 1,
            "share_satisfied": 0.5,
        }

    def test_after_the_closing_counts_and_from_an_earlier_cycle_does_not(self) -> None:
        call = "did: follow-up, via: phone, about: desk, satisfied"
        again = ["17 09:00 to: closed", f"17 10:00 {call}: false", "17 11:00 to: resolving", "18 09:00 to: closed"]
        assert summary(record("A", "16 09:00", *again)).follow_ups.reached == counted()
        assert summary(record("A", "16 09:00", *again[:2])).follow_ups.asked == counted("A")

    def test_is_absent_where_nothing_was_closed(self) -> None:
        data = as_json(summary(record("A", "16 09:00")), ids=False)["followed_up"]
        assert data == {"reached": 0, "share_of_closed": None, "asked": 0, "satisfied": 0, "share_satisfied": None}


MAJOR = "nature: A\nseverity: major\n"


class TestSingledOut:
    def test_are_those_the_profile_names_that_the_period_touched(self) -> None:
        found = summary(
            record("A", "16 09:00", fields=MAJOR),
            record("B", "10 09:00", "17 09:00 to: closed", fields=MAJOR),
            record("C", "10 09:00", fields=MAJOR),
            record("D", "10 09:00", "12 09:00 to: closed", fields=MAJOR),
            record("E", "16 09:00", fields="nature: A\nseverity: minor\n"),
        )
        assert [single.id for single in found.singled_out] == [name("B"), name("C"), name("A")]

    def test_are_none_in_a_profile_that_names_none(self) -> None:
        plain = settings(RENAMED_STORE, workshop=RENAMED)
        found = summary(renamed("A", "16 09:00"), of=plain)
        assert (found.total.received, found.singled_out) == (counted("A"), ())

    def test_show_where_they_stand_in_the_zone_of_the_store(self) -> None:
        fields = f"{MAJOR}category: equipment/lift\nlocation: {{building: '3', room: '1'}}\nlead: li.na\n"
        found = summary(record("A", "16 09:00", "16 10:00 to: resolving", fields=fields))
        assert as_json(found, ids=False)["singled_out"] == [
            {
                "id": name("A"),
                "title": "Lift stuck",
                "status": "resolving",
                "category": "equipment/lift",
                "place": "3",
                "received_at": at("16 09:00"),
                "due_at": at("17 00:00"),
                "overdue": True,
                "lead": "li.na",
            }
        ]

    def test_show_the_next_of_several_dues(self) -> None:
        tasks = "{{id: t-000{}, kind: promise, text: x, due: 2026-11-{}T09:00:00+08:00}}"
        listed = ", ".join(tasks.format(number, day) for number, day in ((1, 25), (2, 24), (3, 26)))
        answered = "17 09:01 did: contact, via: phone, about: acknowledge"
        found = summary(record("A", "17 09:00", answered, "17 10:00 to: closed", fields=f"{MAJOR}tasks: [{listed}]\n"))
        assert [(single.due_at, single.is_overdue) for single in found.singled_out] == [(at("24 09:00"), False)]

    def test_without_a_due_have_none(self) -> None:
        found = summary(record("A", "16 09:00", "16 10:00 to: closed", fields=MAJOR))
        assert [(single.due_at, single.is_overdue) for single in found.singled_out] == [(None, False)]
        row = f"| {name('A')} | closed | – | – | 2026-11-16 | – | no | – | Lift stuck |\n"
        assert row in as_markdown(found, SETTINGS, ids=False)

    @pytest.mark.clause("FC-5")
    @pytest.mark.parametrize(
        ("title", "complainant", "redacted"),
        [
            ("王女士 3-1-1201 漏水", "name: 王女士", "… … 漏水"),
            ("call 138 0000-1234 back", "phone: '13800001234'", "call … back"),
            ("Ms SMITH and mr jones", "name: Smith, others: [{name: Jones}]", "Ms … and mr …"),
            ("Anna Ann", "name: Ann, x-other: Anna", "… …"),
            ("plan A of a", "name: A, x-list: [y]", "plan A of a"),
            ("a.b axb", "email: a.b", "… axb"),
            ("x - y", "role: x-", "x - y"),
            ("12 people", "people: 12", "12 people"),
        ],
    )
    def test_show_a_title_without_the_complainant_and_the_room(
        self, title: str, complainant: str, redacted: str
    ) -> None:
        fields = f"title: '{title}'\n{MAJOR}location: {{room: 3-1-1201}}\ncomplainant: {{{complainant}}}\n"
        found = summary(record("A", "16 09:00", fields=fields))
        assert [single.title for single in found.singled_out] == [redacted]

    @pytest.mark.clause("FC-5")
    def test_show_no_room_of_those_who_join_even_later(self) -> None:
        join = "20 09:00 did: join, people: 1, room: '7'"
        found = summary(record("A", "16 09:00", join, fields=f"title: water in 7\n{MAJOR}"), at=at("17 09:00"))
        assert [single.title for single in found.singled_out] == ["water in …"]


PRIVATE = ("Quillfeather", "55512345678", "q.feather@example.org", "Room9981", "Room7762", "bodyword", "eventword")
PRIVATE_RECORD = f"""\
---
id: {name("A")}
title: {PRIVATE[0]} in {PRIVATE[3]}, tel 555-1234 5678, next to {PRIVATE[4]}
kind: complaint
status: resolving
nature: A
severity: major
received_at: 2026-11-16T09:00:00+08:00
location: {{site: S, building: '3', unit: unitword, room: {PRIVATE[3]}, floor: floorword, spot: spotword}}
object: objectword
cause: causeword
complainant: {{name: {PRIVATE[0]}, phone: '{PRIVATE[1]}', email: {PRIVATE[2]}, people: 3}}
lead: li.na
demands: [demandword]
finding: {{responsible: responsibleword, text: findingword}}
x-own: ownword
history:
- {{at: 2026-11-16T09:00:00+08:00, by: li.na, to: received, text: {PRIVATE[6]}}}
- {{at: 2026-11-16T10:00:00+08:00, by: li.na, to: resolving, reason: reasonword}}
- {{at: 2026-11-16T11:00:00+08:00, by: li.na, did: join, people: 1, room: {PRIVATE[4]}}}
tasks:
- {{id: t-0001, kind: promise, text: taskword, who: whoword, due: 2026-11-16T12:00:00+08:00}}
---
## Description
{PRIVATE[5]}
"""
OTHER_WORDS = (
    *("unitword", "floorword", "spotword", "objectword", "causeword", "demandword", "findingword"),
    *("ownword", "reasonword", "taskword", "whoword", "responsibleword", "555-1234"),
)

Face = Callable[[Summary, Settings, bool], str]


def json_text(found: Summary, _settings: Settings, ids: bool) -> str:
    """The summary as the command prints it as JSON."""
    data = as_json(found, ids=ids)
    return rows([data], [Column(key, key) for key in data], "jsonl")


FACES: dict[str, Face] = {
    "json": json_text,
    "markdown": lambda found, of, ids: as_markdown(found, of, ids=ids),
    "table": lambda found, of, ids: as_table(found, of, ids=ids),
}
each_face = pytest.mark.parametrize("face", FACES.values(), ids=FACES.keys())
with_and_without_ids = pytest.mark.parametrize("ids", [False, True], ids=["plain", "ids"])


class TestFaces:
    @pytest.mark.clause("FC-5")
    @each_face
    @with_and_without_ids
    def test_hold_no_personal_data(self, face: Face, ids: bool) -> None:
        parsed, problems = document.parse(PRIVATE_RECORD.encode(), "A.md")
        assert parsed is not None
        made, found = load(parsed)
        assert (problems, found) == ([], [])
        shown = face(summary(made), SETTINGS, ids)
        assert name("A") in shown
        assert "… in …, tel …, next to …" in shown
        assert [word for word in (*PRIVATE, *OTHER_WORDS) if word in shown] == []

    @hypothesis.settings(max_examples=20)
    @given(st.data())
    def test_are_the_same_whatever_the_order_of_the_records(self, data: st.DataObject) -> None:
        records = data.draw(st.lists(ANY_RECORD, max_size=5))
        shuffled = data.draw(st.permutations(records))
        found, again = summary(*records), summary(*shuffled)
        for face in FACES.values():
            assert face(found, SETTINGS, True) == face(again, SETTINGS, True)

    @hypothesis.settings(max_examples=30)
    @given(st.data())
    def test_ids_are_as_many_as_the_numbers_say(self, data: st.DataObject) -> None:
        records = data.draw(st.lists(ANY_RECORD, max_size=5))
        found = as_json(summary(*records), ids=True)
        assert without_ids(found) == as_json(summary(*records), ids=False)
        people = found.pop("people")  # counts people, not records
        assert without_ids(people) == summary(*records).people.number
        counts = counts_in(found)
        assert len(counts) > 10
        assert [len(ids) for _count, ids in counts] == [count for count, _ids in counts]

    @each_face
    @with_and_without_ids
    def test_say_how_many_files_could_not_be_read(self, face: Face, ids: bool) -> None:
        one, two, none = (face(summary(*[None] * count), SETTINGS, ids) for count in (1, 2, 0))
        if face is json_text:
            assert [json.loads(each)["unreadable"] for each in (one, two, none)] == [1, 2, 0]
        else:
            assert "\n1 unreadable record is not counted.\n" in one
            assert "\n2 unreadable records are not counted.\n" in two
            assert "unreadable" not in none

    def test_json_without_records(self) -> None:
        nothing = {
            "received": 0,
            "closed": 0,
            "open_at_end": 0,
            "overdue": 0,
            "timely": {
                "clock": "resolve",
                "met": 0,
                "breached": 0,
                "not_yet_due": 0,
                "rate_of_all": None,
                "rate_of_due": None,
            },
            "times": {
                clock: {"runs": 0, "median_seconds": None, "p90_seconds": None} for clock in ("respond", "resolve")
            },
        }
        assert json.loads(json_text(summary(), SETTINGS, False)) == {
            "format": 1,
            "store": "锦绣花园",
            "period": {
                "name": "2026-W47",
                "from": "2026-11-16T00:00:00+08:00",
                "to": "2026-11-23T00:00:00+08:00",
            },
            "at": "2026-12-10T12:00:00+08:00",
            "unreadable": 0,
            "open_at_start": 0,
            **nothing,
            "overdue_items": {"rule": 0, "agreed": 0, "task": 0, "pause": 0},
            "closed_again": [],
            "reopened": 0,
            "followed_up": {
                "reached": 0,
                "share_of_closed": None,
                "asked": 0,
                "satisfied": 0,
                "share_satisfied": None,
            },
            "promises": {"made": 0, "kept": 0, "broken": 0, "open": 0, "dropped": 0, "rescheduled": 0},
            "people": 0,
            "shares": [
                {
                    "share": name,
                    "level": name.partition("-")[0],
                    "percent": percent,
                    "clause": "RQ-5",
                    **dict.fromkeys(("population", "wanted", "drawn", "drawn_reached", "called", "reached"), 0),
                    **dict.fromkeys(("asked", "satisfied"), 0),
                    **dict.fromkeys(("share_reached", "share_satisfied")),
                }
                for name, percent in {"desk": 100, "management": 10, "management-help": 1, "office": 3}.items()
            ],
            "scores": {},
            "costs": [],
            "by": {},
            "singled_out": [],
        }

    def test_markdown_is_a_whole_document(self) -> None:
        found = summary(whole_record(), at=at("18 12:00"))
        assert as_markdown(found, SETTINGS, ids=False) == WHOLE_MARKDOWN

    def test_ids_stand_behind_each_number_at_the_end(self) -> None:
        closed = record("A", "17 09:00", "17 10:00 to: closed", fields="nature: A\n")
        shown = as_markdown(summary(closed, record("B", "18 09:00")), SETTINGS, ids=True)
        assert shown.partition("\n## What each number counts\n\n")[2] == WHOLE_IDS

    def test_table_is_what_a_terminal_shows(self) -> None:
        found = summary(whole_record())
        assert as_table(found, settings(STORE + "language: zh\n"), ids=False) == WHOLE_TABLE

    def test_words_are_those_of_the_language_of_the_store(self) -> None:
        chinese = as_markdown(summary(whole_record()), settings(STORE + "language: zh\n"), ids=True)
        for label in ("报修", "电梯", "工程部", "重大", "电话", "处理解决", "首次回应"):
            assert label in chinese
        assert [word for word in ("repair", "equipment/lift", "engineering", "major", "phone") if word in chinese] == []
        assert f"| {name('A')} | 结果反馈 | 电梯 |" in chinese

    def test_table_is_cut_to_the_width_but_never_an_id(self) -> None:
        shown = as_table(summary(whole_record()), SETTINGS, ids=True, width=90)
        figures, ids = shown.split("\nWhat each number counts\n")
        assert max(map(len, figures.splitlines())) <= 90
        assert figures.count(name("A")) == 1
        assert ids.count(name("A")) == len(ids.splitlines()) - 2

    @pytest.mark.parametrize("unknown", ["kind", "category", "channel", "severity"])
    def test_a_name_that_the_profile_lacks_stands_as_it_is(self, unknown: str) -> None:
        fields = "" if unknown == "kind" else f"{unknown}: strange\n"
        made = record("A", "16 09:00", fields=fields, kind="strange" if unknown == "kind" else "complaint")
        assert "| strange | 1 | 0 | 1 |" in as_markdown(summary(made), SETTINGS, ids=False)

    def test_a_state_that_the_profile_lacks_stands_as_it_is(self) -> None:
        made = record("A", "16 09:00", "16 10:00 to: limbo", fields=MAJOR)
        assert f"| {name('A')} | limbo |" in as_markdown(summary(made), SETTINGS, ids=False)


def counts_in(value: object) -> list[tuple[object, list[str]]]:
    """Every `{count, ids}` in JSON."""
    if isinstance(value, dict):
        if set(value) == {"count", "ids"}:
            return [(value["count"], value["ids"])]
        return [found for each in value.values() for found in counts_in(each)]
    return [found for each in value for found in counts_in(each)] if isinstance(value, list) else []


def without_ids(value: object) -> object:
    """JSON with every `{count, ids}` as its count."""
    if isinstance(value, dict):
        return value["count"] if set(value) == {"count", "ids"} else {k: without_ids(v) for k, v in value.items()}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


def whole_record() -> Record:
    """A major repair that was answered soon and resolved too late."""
    return repair(
        "A",
        "17 09:00",
        "17 09:30 did: contact, via: phone, about: acknowledge",
        "17 18:00 to: replying",
        fields=f"{MAJOR}category: equipment/lift\nchannel: phone\ndepartments: [engineering]\nlead: li.na\n"
        "location: {site: S, building: '3', room: '1201'}\ncomplainant: {name: 王女士, people: 2}\n",
    )


WHOLE_MARKDOWN = """\
# Complaint figures 2026-W47

## About

The period was not over yet; open and overdue are those at 2026-11-18T12:00:00+08:00.

| Name | Value |
| --- | --- |
| Store | 锦绣花园 |
| Period | 2026-W47 |
| From | 2026-11-16T00:00:00+08:00 |
| To (not included) | 2026-11-23T00:00:00+08:00 |
| As of | 2026-11-18T12:00:00+08:00 |
| Format of the store | 1 |

## Key figures

In the tables below the timely rate is that of all, and the times are medians.

| Name | Value |
| --- | --- |
| Received | 1 |
| People who complained | 2 |
| Closed | 0 |
| Open at the start | 0 |
| Open at the end | 1 |
| Overdue at the end | 0 |
| Overdue items by basis | – |
| Reopened | 0 |
| Timely rate (resolve) | 0.0 % (0 of 1) |
| Timely rate without those not yet due | 0.0 % (0 of 1) |
| Not yet due | 0 |
| respond, median | 30 min |
| respond, 90th percentile | 30 min |
| resolve, median | 9 h |
| resolve, 90th percentile | 9 h |
| Followed up, of those closed | – |
| Satisfied, of those asked | – |
| Promises made, due in the period | 0 |
| Promises kept | 0 |
| Promises broken | 0 |
| Promises still open | 0 |
| Promises dropped in time | 0 |
| Promises rescheduled | 0 |

## By kind

| kind | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| repair | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## By category

| category | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| equipment/lift | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## By place

| place | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| S/3 | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## By department

A record with several departments counts under each of them.

| department | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| engineering | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## By severity

| severity | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| major | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## By channel

| channel | Received | Closed | Open | Overdue | Timely | respond | resolve |
| --- | --: | --: | --: | --: | --: | --: | --: |
| phone | 1 | 0 | 1 | 0 | 0.0 % | 30 min | 9 h |

## One by one

| Id | Status | Category | Place | Received | Due | Overdue | First contact | Title |
| --: | --- | --- | --- | --: | --: | --: | --- | --- |
| CPL-20261101-AAAAAAH | replying | equipment/lift | S/3 | 2026-11-17 | 2026-11-19 18:00 | no | li.na | Lift stuck |
"""

WHOLE_IDS = """\
| Number | Count | Ids |
| --- | --: | --- |
| Received | 2 | CPL-20261101-AAAAAAH, CPL-20261101-BBBBBB8 |
| Closed | 1 | CPL-20261101-AAAAAAH |
| Open at the end | 1 | CPL-20261101-BBBBBB8 |
| Overdue at the end | 1 | CPL-20261101-BBBBBB8 |
| In time | 1 | CPL-20261101-AAAAAAH |
| respond, runs | 1 | CPL-20261101-AAAAAAH |
| resolve, runs | 1 | CPL-20261101-AAAAAAH |
| People who complained | 2 | CPL-20261101-AAAAAAH, CPL-20261101-BBBBBB8 |
| Overdue items: rule | 1 | CPL-20261101-BBBBBB8 |
| desk (complaint, help): to follow up | 1 | CPL-20261101-AAAAAAH |
| management (complaint): to follow up | 1 | CPL-20261101-AAAAAAH |
| office (all): to follow up | 1 | CPL-20261101-AAAAAAH |
| kind complaint: Received | 2 | CPL-20261101-AAAAAAH, CPL-20261101-BBBBBB8 |
| kind complaint: Closed | 1 | CPL-20261101-AAAAAAH |
| kind complaint: Open at the end | 1 | CPL-20261101-BBBBBB8 |
| kind complaint: Overdue at the end | 1 | CPL-20261101-BBBBBB8 |
| kind complaint: In time | 1 | CPL-20261101-AAAAAAH |
| kind complaint: respond, runs | 1 | CPL-20261101-AAAAAAH |
| kind complaint: resolve, runs | 1 | CPL-20261101-AAAAAAH |
"""
WHOLE_TABLE = """\
About
Name                 Value
-------------------  -------------------------
Store                锦绣花园
Period               2026-W47
From                 2026-11-16T00:00:00+08:00
To (not included)    2026-11-23T00:00:00+08:00
As of                2026-12-10T12:00:00+08:00
Format of the store  1

Key figures
In the tables below the timely rate is that of all, and the times are medians.
Name                                   Value
-------------------------------------  --------------
Received                               1
People who complained                  2
Closed                                 0
Open at the start                      0
Open at the end                        1
Overdue at the end                     1
Overdue items by basis                 rule 1
Reopened                               0
Timely rate (处理解决)                 0.0 % (0 of 1)
Timely rate without those not yet due  0.0 % (0 of 1)
Not yet due                            0
首次回应, median                       30 min
首次回应, 90th percentile              30 min
处理解决, median                       9 h
处理解决, 90th percentile              9 h
Followed up, of those closed           –
Satisfied, of those asked              –
Promises made, due in the period       0
Promises kept                          0
Promises broken                        0
Promises still open                    0
Promises dropped in time               0
Promises rescheduled                   0

By kind
kind  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
----  --------  ------  ----  -------  ------  --------  --------
报修         1       0     1        1   0.0 %    30 min       9 h

By category
category  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
--------  --------  ------  ----  -------  ------  --------  --------
电梯             1       0     1        1   0.0 %    30 min       9 h

By place
place  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
-----  --------  ------  ----  -------  ------  --------  --------
S/3           1       0     1        1   0.0 %    30 min       9 h

By department
A record with several departments counts under each of them.
department  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
----------  --------  ------  ----  -------  ------  --------  --------
工程部             1       0     1        1   0.0 %    30 min       9 h

By severity
severity  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
--------  --------  ------  ----  -------  ------  --------  --------
重大             1       0     1        1   0.0 %    30 min       9 h

By channel
channel  Received  Closed  Open  Overdue  Timely  首次回应  处理解决
-------  --------  ------  ----  -------  ------  --------  --------
电话            1       0     1        1   0.0 %    30 min       9 h

One by one
                  Id  Status    Category  Place    Received               Due  Overdue  First contact  Title
--------------------  --------  --------  -----  ----------  ----------------  -------  -------------  ----------
CPL-20261101-AAAAAAH  结果反馈  电梯      S/3    2026-11-17  2026-11-19 18:00      yes  li.na          Lift stuck
"""


ANY_RECORD = st.builds(
    lambda letter, hours, kind, fields: _any(letter, hours, kind, fields),
    st.sampled_from("ABCDEFGH"),
    HOURS,
    st.sampled_from(["complaint", "repair"]),
    st.sets(
        st.sampled_from(
            [
                "category: security\n",
                "channel: phone\n",
                "departments: [security, engineering]\n",
                MAJOR,
                "order: {size: minor}\n",
                "location: {site: S, room: '12'}\n",
                "complainant: {people: 4}\n",
                "tasks: [{id: t-0001, kind: promise, text: x, due: 2026-11-17T09:00:00+08:00}]\n",
            ]
        )
    ).map(lambda chosen: "".join(sorted(chosen))),
)


def _any(letter: str, hours: Sequence[int], kind: str, fields: str) -> Record:
    made = history_of(letter, hours)
    again = record(letter, "16 09:00", fields=fields, kind=kind)
    moved = {**again.fields, "status": made.status, "received_at": made.received_at, "history": made.history}
    return Record(moved, made.history, made.events)


RENAMED_STORE = "format: 1\nname: Werk\ntimezone: Europe/Berlin\nprofile: workshop\n"
RENAMED = """\
states:
  neu: {initial: true}
  fertig: {final: true}
  egal: {final: true, counts: false}
moves: {neu: [fertig, egal], fertig: [neu]}
kinds: {beschwerde: {}}
clocks:
  frist: {starts: [to:neu], stops: [to:fertig], targets: {alle: {within: 8h}}}
summary: {timely: frist}
"""


def renamed(letter: str, received: str, *events: str) -> Record:
    """A record in the words of another profile."""
    parsed, _problems = document.parse(
        text_of(letter, received, *events, kind="beschwerde").replace("received}", "neu}").encode(), letter
    )
    assert parsed is not None
    made, _found = load(parsed)
    assert made is not None
    return made


def test_another_profile_with_other_names_works_unchanged() -> None:
    german = settings(RENAMED_STORE, workshop=RENAMED)
    found = summary(
        renamed("A", "16 09:00", "16 17:00 to: fertig"),
        renamed("B", "16 09:00", "17 17:00 to: fertig", "18 09:00 to: neu"),
        renamed("C", "16 09:00", "17 17:00 to: egal"),
        of=german,
    )
    assert found.total.received == found.total.closed == counted("A", "B")
    assert (found.reopened, found.total.open_at_end) == (counted("B"), counted("B"))
    assert (found.total.timely.met, found.total.timely.breached) == (counted("A"), counted("B"))
    assert "| beschwerde | 2 | 2 | 1 | 1 | 50.0 % |\n" in as_markdown(found, german, ids=False)


NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a complaint of Monday and one of the Sunday before, without git."""
    (tmp_path / "cpl.yaml").write_text(STORE, encoding="utf-8")
    for letter, received in (("A", "16 09:00"), ("B", "15 09:00")):
        path = tmp_path / "records" / "2026" / "11" / "01" / f"{name(letter)}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(letter, received), encoding="utf-8")
    return tmp_path


def cpl(folder: Path, *args: str) -> int:
    """The exit code of `cpl summary` on Wednesday of week 47."""
    return run(["summary", *args], App(clock=lambda: NOW, folder=folder))


class TestCommand:
    @pytest.mark.parametrize(
        ("args", "period", "received"),
        [
            ([], "2026-W47", ["A"]),
            (["--week", "this"], "2026-W47", ["A"]),
            (["--week", "last"], "2026-W46", ["B"]),
            (["--week", "2026-W46"], "2026-W46", ["B"]),
            (["--month", "this"], "2026-11", ["A", "B"]),
            (["--month", "last"], "2026-10", []),
            (["--month", "2026-11"], "2026-11", ["A", "B"]),
            (["--from", "2026-11-15", "--to", "2026-11-16"], "2026-11-15..2026-11-16", ["B"]),
            (["--at", "2026-11-16T08:59"], "2026-W47", []),
            (["--at", "2026-11-16T01:00:00Z"], "2026-W47", ["A"]),
        ],
        ids=" ".join,
    )
    def test_counts_the_period_that_is_asked_for(
        self, store: Path, capsys: pytest.CaptureFixture[str], args: list[str], period: str, received: list[str]
    ) -> None:
        assert cpl(store, *args, "--format", "json", "--ids") == 0
        printed = capsys.readouterr()
        data = json.loads(printed.out)
        assert printed.err == ""
        assert data["period"]["name"] == period
        assert data["received"] == {"count": len(received), "ids": [name(letter) for letter in received]}

    @pytest.mark.parametrize(
        ("now", "option", "period"),
        [
            (datetime(2026, 1, 5, tzinfo=UTC), "--week", "2026-W01"),
            (datetime(2026, 1, 1, tzinfo=UTC), "--week", "2025-W52"),
            (datetime(2026, 1, 31, 16, tzinfo=UTC), "--month", "2026-01"),
            (datetime(2026, 1, 31, 15, 59, tzinfo=UTC), "--month", "2025-12"),
        ],
    )
    def test_last_is_the_one_before_now_in_the_zone_of_the_store(
        self, store: Path, capsys: pytest.CaptureFixture[str], now: datetime, option: str, period: str
    ) -> None:
        app = App(clock=lambda: now, folder=store)
        assert run(["summary", option, "last", "--format", "json"], app) == 0
        assert json.loads(capsys.readouterr().out)["period"]["name"] == period

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["--week", "last", "--month", "last"], "exclude each other; give one of them"),
            (["--week", "last", "--to", "2026-11-01"], "exclude each other; give one of them"),
            (["--month", "last", "--from", "2026-11-01"], "exclude each other; give one of them"),
            (["--from", "2026-11-01"], "--from and --to are given together"),
            (["--to", "2026-11-01"], "--from and --to are given together"),
            (
                ["--from", "2026-11-02", "--to", "2026-11-02"],
                "--to 2026-11-02 is not after --from 2026-11-02; the day of --to is not included",
            ),
            (["--from", "soon", "--to", "2026-11-02"], "Invalid value for --from: 'soon' is not a date"),
            (["--from", "2026-11-02", "--to", "x"], "Invalid value for --to: 'x' is not a date"),
            (["--week", "2026-W54"], "Invalid value for --week: '2026-W54' is not a week like 2026-W47"),
            (["--month", "2026-13"], "Invalid value for --month: '2026-13' is not a month like 2026-11"),
            (["--at", "noon"], "Invalid value for --at: 'noon' is not an instant"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_refuses_options_that_name_no_period(
        self, store: Path, capsys: pytest.CaptureFixture[str], args: list[str], message: str
    ) -> None:
        assert cpl(store, *args) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert message in printed.err

    def test_names_an_unreadable_record_and_counts_the_others(
        self, store: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bad = store / "records" / "2026" / "11" / "01" / f"{name('C')}.md"
        bad.write_text("no front matter\n", encoding="utf-8")
        assert cpl(store, "--format", "json") == 1
        printed = capsys.readouterr()
        assert printed.err.startswith(f"records/2026/11/01/{name('C')}.md:1: E003 ")
        data = json.loads(printed.out)
        assert (data["unreadable"], data["received"]) == (1, 1)

    def test_names_what_is_wrong_in_a_record_that_it_counts(
        self, store: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = store / "records" / "2026" / "11" / "01" / f"{name('A')}.md"
        path.write_text(text_of("A", "16 09:00", fields="chanel: phone\n"), encoding="utf-8")
        assert cpl(store, "--format", "json") == 1
        printed = capsys.readouterr()
        assert f"records/2026/11/01/{name('A')}.md:7: E020 'chanel'" in printed.err
        data = json.loads(printed.out)
        assert (data["unreadable"], data["received"]) == (0, 1)

    @pytest.mark.parametrize(
        ("fmt", "start"),
        [
            ("markdown", "# Complaint figures 2026-W47\n\n## About\n"),
            ("table", "About\nThe period was not over yet; open and overdue are those at 2026-11-18T12:00:00+08:00.\n"),
            ("json", '{"format": 1, "store": "锦绣花园", '),
        ],
    )
    def test_prints_the_face_that_is_asked_for(
        self, store: Path, capsys: pytest.CaptureFixture[str], fmt: str, start: str
    ) -> None:
        assert cpl(store, "--format", fmt) == 0
        assert capsys.readouterr().out.startswith(start)

    def test_saves_the_document_of_the_week_at_its_end(self, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
        args = ["--week", "last", "--at", "end"]
        assert cpl(store, *args, "--format", "markdown") == 0
        shown = capsys.readouterr().out
        assert "| As of | 2026-11-16T00:00:00+08:00 |\n" in shown
        assert cpl(store, *args, "--save", "--format", "json") == 0
        printed = capsys.readouterr()
        assert printed.err == "written: reports/2026-W46.md\n"
        assert json.loads(printed.out)["at"] == "2026-11-16T00:00:00+08:00"
        assert (store / "reports" / "2026-W46.md").read_bytes() == shown.encode()

    def test_saves_nothing_where_a_link_leads_out_of_the_store(
        self, store: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        (store / "reports").symlink_to(outside)
        assert cpl(store, "--save") == 2
        assert (capsys.readouterr().out, list(outside.iterdir())) == ("", [])
