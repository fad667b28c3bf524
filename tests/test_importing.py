"""Rows become records: fields, instants, events, ids, and the reasons why a row does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import clocks, config, validate
from cpl.config import Settings
from cpl.conversion import Unmatched
from cpl.document import Document
from cpl.errors import Problem
from cpl.importing import Importer, Known, New, Outcome, Present, Rejected, Report, identify, report
from cpl.mapping import ImportMap, read_mapping
from cpl.record import is_id, load
from cpl.settings_files import parse
from cpl.tables import Row

REPOSITORY = Path(__file__).parent.parent
NOW = datetime.fromisoformat("2026-11-18T16:00:00+08:00")
CPL_YAML = b"format: 1\ntimezone: Asia/Shanghai\nprofile: residential\n"
MAPPING = """\
format: 1
system: desk
key: {column: No}
timezone: America/New_York
dates: ['%m/%d/%y %H:%M', iso]
empty: [N/A]
received: {column: Date}
title: {first: [{text: '{Type}: {Detail}'}, {column: Type}]}
kind: {column: Kind, keep: x-kind, default: complaint, values: {fix: repair, nothing: }}
category: {column: Type, keep: x-type, values: {HEAT: equipment/heating}}
channel: {column: Via, keep: x-via}
departments: {first: [{value: quality, when: {Office: [HQ, N]}}, {value: other, when: {Office: ''}}]}
demands: {column: Wish}
location: {site: {column: Place}, spot: {text: '{A} / {B}'}}
complainant: {name: {column: Who}}
events:
- {to: closed, at: {first: [{column: Closed}, {column: Updated, when: {State: Closed}}]}, reason: {column: Why}}
- {did: contact, via: phone, about: reply, at: {column: Called}, text: {column: Said}}
- {did: agree, clock: resolve, due: {column: Due}}
- {did: handover}
clocks: [resolve]
keep: {Office: x-office}
body:
  Description: {column: Text}
  Result: {text: 'Because {Why}'}
"""
ROW = {"No": "7", "Date": "10/21/18 0:59", "Kind": "fix", "Type": "HEAT"}


def settings() -> Settings:
    return config.load(lambda path: CPL_YAML if path == config.MARKER else (REPOSITORY / path).read_bytes())


SETTINGS = settings()


def mapping(text: str = MAPPING) -> ImportMap:
    found, problems = read_mapping(parse(text.encode(), "m.yaml"), SETTINGS)
    assert found is not None, problems
    return found


def judge(document: Document) -> list[Problem]:
    return validate.check(document, SETTINGS, validate.Facts(document.source.path, NOW))


def outcomes(
    *cells: dict[str, str], text: str = MAPPING, present: Present | None = None, now: datetime = NOW
) -> list[Outcome]:
    """What becomes of these rows, numbered from 2."""
    importer = Importer(mapping(text), SETTINGS, now, present=present or Present(), judge=judge)
    return list(importer.outcomes(Row(number, each) for number, each in enumerate(cells, start=2)))


def new(cells: dict[str, str], text: str = MAPPING) -> New:
    (outcome,) = outcomes(cells, text=text)
    assert isinstance(outcome, New), outcome
    return outcome


def reason(cells: dict[str, str], text: str = MAPPING) -> str:
    (outcome,) = outcomes(cells, text=text)
    assert isinstance(outcome, Rejected), outcome
    assert outcome.row == 2
    return outcome.reason


def history(cells: dict[str, str]) -> str:
    """The lines of the record's history."""
    text = new({**ROW, **cells}).document.text
    return text.partition("history:\n")[2].partition("x-")[0].partition("---")[0]


def test_a_full_row_becomes_a_whole_record() -> None:
    row = {
        **ROW,
        "Detail": "no\nhot  water",
        "Via": "phone",
        "Office": "HQ",
        "Wish": "repair it",
        "Place": "BRONX",
        "A": "1 AVENUE",
        "B": "E 2 STREET",
        "Who": "Ann",
        "Due": "10/22/18 0:59",
        "Called": "2018-10-21T13:00:00.5-04:00",
        "Said": "all warm",
        "Closed": "10/21/18 14:00",
        "Why": "done",
        "Text": "It is\n# cold",
    }
    identifier = identify("desk", "7", date(2018, 10, 21), 0)
    assert new(row) == New(2, new(row).document, ())
    assert new(row).document.source.path == f"records/2018/10/21/{identifier}.md"
    assert (
        new(row).document.text
        == f"""\
---
id: {identifier}
title: 'HEAT: no hot water'
kind: repair
status: closed
category: equipment/heating
channel: phone
received_at: 2018-10-21T00:59:00-04:00
location: {{site: BRONX, spot: 1 AVENUE / E 2 STREET}}
complainant: {{name: Ann}}
departments: [quality]
demands: [repair it]
source: {{system: desk, key: '7', clocks: [resolve]}}
history:
- {{at: 2018-10-21T00:59:00-04:00, by: desk, to: received}}
- {{at: 2018-10-21T00:59:00.001-04:00, by: desk, did: agree, clock: resolve, due: 2018-10-22T00:59:00-04:00}}
- {{at: 2018-10-21T00:59:00.002-04:00, by: desk, did: handover}}
- {{at: 2018-10-21T13:00:00.500-04:00, by: desk, did: contact, via: phone, about: reply, text: all warm}}
- {{at: 2018-10-21T14:00:00-04:00, by: desk, to: closed, reason: done}}
x-office: HQ
---
## Description

It is
\\# cold

## Result

Because done
"""
    )


def test_the_poorest_row_becomes_a_record_with_a_title() -> None:
    document = new({"No": "7", "Date": "10/21/18 0:59", "Kind": "x", "Office": "S"}).document
    assert document.data["title"] == "desk 7"
    assert document.body == ""
    assert [*document.data] == [
        "id",
        "title",
        "kind",
        "status",
        "received_at",
        "source",
        "history",
        "x-kind",
        "x-office",
    ]


def test_without_clocks_in_the_mapping_all_clocks_run() -> None:
    document = new(ROW, MAPPING.replace("clocks: [resolve]\n", "")).document
    assert document.data["source"] == {"system": "desk", "key": "7"}
    record, _problems = load(document)
    assert record is not None
    running = clocks.runs(record, SETTINGS.profile, SETTINGS.worktime, NOW)
    assert [run.clock for run in running] == ["respond"]


def test_values_without_an_entry_are_kept_and_counted() -> None:
    row = {**ROW, "Kind": "odd", "Type": "COLD", "Via": "smoke"}
    outcome = new(row)
    data = outcome.document.data
    kept = [data.get(name) for name in ("kind", "category", "channel", "x-kind", "x-type", "x-via")]
    assert kept == ["complaint", None, None, "odd", "COLD", "smoke"]
    assert outcome.unmatched == (
        Unmatched("Kind", "odd", "complaint"),
        Unmatched("Type", "COLD", ""),
        Unmatched("Via", "smoke", ""),
    )


def test_the_report_counts_by_column_the_most_frequent_first() -> None:
    rows = [{**ROW, "No": str(n), "Via": via} for n, via in enumerate(["b", "a", "c", "c"])]
    found = report(outcomes(*rows, {}, rows[0]))
    assert [(each.value, count) for each, count in found.unmatched] == [("c", 2), ("a", 1), ("b", 1)]
    assert ([each.row for each in found.new], [each.row for each in found.rejected]) == ([2, 3, 4, 5], [6, 7])


def test_nothing_is_taken_from_a_cell_that_says_nothing() -> None:
    row = {**ROW, "Detail": "N/A", "Place": " N/A ", "A": "x", "B": "", "Who": "\u3000"}
    data = new(row).document.data
    assert (data["title"], "location" in data, "complainant" in data) == ("HEAT", False, False)


def test_a_condition_can_ask_for_an_empty_cell() -> None:
    assert new({**ROW, "Office": ""}).document.data["departments"] == ["other"]
    assert new({**ROW, "Office": "N"}).document.data["departments"] == ["quality"]
    assert "departments" not in new({**ROW, "Office": "S"}).document.data


def test_text_is_cleaned_of_what_can_not_stand_in_a_record() -> None:
    row = {**ROW, "Detail": "a\x00b\x85c\u2028d\x1b[31m\ud800", "Text": "one\x07\r\n```\n## two\ntail\u2029"}
    document = new(row).document
    assert document.data["title"] == "HEAT: a b c d [31m\ufffd"
    assert document.body == "## Description\n\none \n```\n## two\ntail\n```\n"


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        ({}, ["00:59:00-04:00 to: received", "00:59:00.001-04:00 did: handover"]),
        (
            {"Closed": "10/21/18 0:59"},
            ["00:59:00-04:00 to: received", "00:59:00.001-04:00 did: handover", "00:59:00.002-04:00 to: closed"],
        ),
        (
            {"State": "Closed", "Updated": "10/21/18 3:00"},
            ["00:59:00-04:00 to: received", "00:59:00.001-04:00 did: handover", "03:00:00-04:00 to: closed"],
        ),
        (
            {"State": "Open", "Updated": "10/21/18 3:00"},
            ["00:59:00-04:00 to: received", "00:59:00.001-04:00 did: handover"],
        ),
        (
            {"State": "Closed", "Updated": "10/21/18 3:00", "Closed": "10/21/18 2:00"},
            ["00:59:00-04:00 to: received", "00:59:00.001-04:00 did: handover", "02:00:00-04:00 to: closed"],
        ),
        (
            {"Closed": "10/21/18 2:00", "Called": "10/21/18 2:00"},
            [
                "00:59:00-04:00 to: received",
                "00:59:00.001-04:00 did: handover",
                "02:00:00-04:00 did: contact",
                "02:00:00.001-04:00 to: closed",
            ],
        ),
    ],
    ids=["open", "closed at once", "closed when updated", "updated only", "closed date first", "the end comes last"],
)
def test_events_stand_in_order_each_at_its_own_instant(cells: dict[str, str], lines: Sequence[str]) -> None:
    found = [line.split(", ") for line in history(cells).splitlines()]
    assert [f"{at.rpartition('T')[2]} {what.rstrip('}')}" for at, _by, what, *_rest in found] == lines


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("10/21/18 0:59", "2018-10-21T00:59:00-04:00"),
        ("12/21/18 0:59", "2018-12-21T00:59:00-05:00"),
        ("2018-10-21T00:59:07.1239", "2018-10-21T00:59:07.123-04:00"),
        ("2018-10-21 00:59", "2018-10-21T00:59:00-04:00"),
        ("2018-10-21T00:59:00Z", "2018-10-21T00:59:00+00:00"),
        ("2018-10-21T00:59:00+08:00", "2018-10-21T00:59:00+08:00"),
        ("11/04/18 1:30", "2018-11-04T01:30:00-04:00"),
    ],
)
def test_dates_are_of_the_source_s_zone_unless_they_say_otherwise(text: str, instant: str) -> None:
    assert new({**ROW, "Date": text}).document.data["received_at"] == instant


def test_a_format_with_an_offset_is_not_of_the_source_s_zone() -> None:
    text = MAPPING.replace("iso]", "'%d.%m.%Y %H:%M %z']")
    assert (
        new({**ROW, "Date": "21.10.2018 0:59 +0200"}, text).document.data["received_at"] == "2018-10-21T00:59:00+02:00"
    )


def test_in_the_hour_that_comes_twice_the_end_is_not_before_the_beginning() -> None:
    assert (
        history({"Date": "11/04/18 1:50", "Closed": "11/04/18 1:10"})
        .splitlines()[-1]
        .startswith("- {at: 2018-11-04T01:10:00-05:00")
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"No": " "}, "there is no key: No"),
        ({"Date": "N/A"}, "there is no date when it was received: Date"),
        ({"Date": "21.10.2018"}, "Date '21.10.2018' is not a date like %m/%d/%y %H:%M | iso"),
        ({"Date": "1018-10-21T00:59"}, "Date '1018-10-21T00:59' is not a date like %m/%d/%y %H:%M | iso"),
        ({"Date": "0001-01-01T00:00"}, "Date '0001-01-01T00:00' is not a date like %m/%d/%y %H:%M | iso"),
        ({"Due": "9999-12-31T23:59"}, "Due '9999-12-31T23:59' is not a date like %m/%d/%y %H:%M | iso"),
        ({"Closed": "soon"}, "Closed / Updated 'soon' is not a date like %m/%d/%y %H:%M | iso"),
        (
            {"Date": "03/11/18 2:30"},
            "Date '03/11/18 2:30' does not exist in America/New_York: the clocks were put forward",
        ),
        (
            {"Closed": "10/21/18 0:58"},
            "'closed' at 2018-10-21T00:58:00-04:00 lies before it was received at 2018-10-21T00:59:00-04:00",
        ),
        ({"Date": "11/18/26 3:01"}, "'received' at 2026-11-18T03:01:00-05:00 lies in the future"),
        ({"Called": "11/18/26 3:01"}, "'contact' at 2026-11-18T03:01:00-05:00 lies in the future"),
        ({"Kind": ""}, "there is no kind: Kind"),
        ({"Kind": "nothing"}, "there is no kind: Kind"),
    ],
)
def test_a_row_that_can_not_be_right_is_rejected_with_the_reason(cells: dict[str, str], expected: str) -> None:
    assert reason({**ROW, **cells}) == expected


@pytest.mark.parametrize("when", ["01.01.1899", "01.01.2200", "01.01.0001", "31.12.9999"])
def test_a_year_that_is_a_placeholder_is_no_date(when: str) -> None:
    text = MAPPING.replace("iso]", "'%d.%m.%Y']")
    assert reason({**ROW, "Due": when}, text) == f"Due '{when}' is not a date like %m/%d/%y %H:%M | %d.%m.%Y"
    assert "agree" in new({**ROW, "Due": when[:6] + "2199"}, text).document.text


def test_what_happens_this_very_moment_does_not_lie_in_the_future() -> None:
    text = MAPPING.replace("- {did: handover}\n", "")
    assert "lies in the future" in reason({**ROW, "Date": "2026-11-18T16:00:01+08:00"}, text)
    assert new({**ROW, "Date": "2026-11-18T16:00:00+08:00"}, text).row == 2


def test_a_row_that_breaks_a_rule_of_the_store_is_rejected_with_the_rule() -> None:
    text = MAPPING + "severity: {value: minor}\n"
    assert reason(ROW, text) == "E058 severity 'minor' goes only with nature=A"


@pytest.mark.parametrize(
    ("column", "length", "expected"),
    [
        ("Text", 1 << 20, "the record would have 1048938 bytes, the limit is 1048576; leave long columns out"),
        ("Wish", 1 << 18, "the front matter has 262493 bytes, the limit is 262144; move long texts below it"),
    ],
)
def test_a_row_that_is_too_long_for_a_record_is_rejected(column: str, length: int, expected: str) -> None:
    assert reason({**ROW, column: "x" * length}) == expected


def test_a_faulty_row_is_rejected_and_the_next_ones_are_taken() -> None:
    importer = Importer(mapping(), SETTINGS, NOW, present=Present(), judge=judge)
    found = list(importer.outcomes([Row(2, {}, "the row has 1 cells"), Row(3, ROW)]))
    assert found == [Rejected(2, "the row has 1 cells"), New(3, new(ROW).document, ())]


def test_of_two_rows_with_one_key_the_first_good_one_is_taken() -> None:
    bad, good = {**ROW, "Date": "?"}, ROW
    first, second, third = outcomes(bad, good, good)
    assert (type(first), type(second)) == (Rejected, New)
    assert third == Rejected(4, "the key '7' is also that of row 3")


def test_what_the_store_has_already_is_left_alone() -> None:
    present = Present({("desk", "7"): "CPL-1", ("other", "8"): "CPL-2"})
    first, second, third = outcomes(ROW, {**ROW, "No": "8"}, ROW, present=present)
    assert first == Known(2, "CPL-1")
    assert isinstance(second, New)
    assert third == Rejected(4, "the key '7' is also that of row 2")


def test_an_id_that_is_taken_is_made_anew_the_same_everywhere() -> None:
    day = date(2018, 10, 21)
    ids = [identify("desk", "7", day, counter) for counter in range(3)]
    (outcome,) = outcomes(ROW, present=Present(ids=frozenset(ids[:2])))
    assert isinstance(outcome, New)
    assert outcome.document.data["id"] == ids[2]
    assert len({*ids}) == 3


def test_two_keys_of_one_batch_that_hash_alike_get_two_ids() -> None:
    day = date(2018, 10, 21)
    assert identify("desk", "56502", day, 0) == identify("desk", "65040", day, 0)
    found = outcomes({**ROW, "No": "56502"}, {**ROW, "No": "65040"})
    ids = [each.document.data["id"] for each in found if isinstance(each, New)]
    assert ids == [identify("desk", "56502", day, 0), identify("desk", "65040", day, 1)]


def test_a_record_that_can_not_be_read_is_not_made_a_second_time() -> None:
    taken = frozenset({identify("desk", "7", date(2018, 10, 21), 0)})
    (outcome,) = outcomes(ROW, present=Present(ids=taken, unreadable=taken))
    (identifier,) = taken
    message = f"the record {identifier} may be this one, but can't be read; mend it first: cpl check {identifier}"
    assert outcome == Rejected(2, message)


def test_the_day_of_an_id_is_that_of_the_store() -> None:
    assert new({**ROW, "Date": "10/21/18 12:00"}).document.source.path.startswith("records/2018/10/22/CPL-20181022-")


def test_ids_stay_as_they_are_for_ever() -> None:
    assert identify("nyc311", "40611598", date(2018, 10, 21), 0) == "CPL-20181021-YTH36WZ"


@given(st.text(), st.text(), st.dates(min_value=date(1900, 1, 1)), st.integers(0, 9))
def test_every_id_is_well_formed(system: str, key: str, day: date, counter: int) -> None:
    assert is_id(identify(system, key, day, counter))


_ROWS = st.lists(st.dictionaries(st.sampled_from([*mapping().columns]), st.text(), min_size=3), max_size=4)
_DATES = st.datetimes(datetime(2018, 1, 1), datetime(2019, 1, 1)).map(lambda at: at.isoformat())  # noqa: DTZ001


@given(_ROWS, st.lists(_DATES, min_size=4, max_size=4))
def test_any_row_becomes_a_sound_record_or_is_rejected(rows: list[dict[str, str]], dates: list[str]) -> None:
    cells = [{**row, "Date": when, "Closed": dates[0], "Due": dates[1]} for row, when in zip(rows, dates, strict=False)]
    found: Report = report(outcomes(*cells))
    assert len(found.new) + len(found.rejected) == len(cells)
    assert all(each.reason for each in found.rejected)
    for each in found.new:
        record, problems = load(each.document)
        assert (problems, judge(each.document)) == ([], [])
        assert record is not None
        assert record.get("source.system") == "desk"


@given(st.datetimes(datetime(2018, 1, 1), datetime(2019, 1, 1)))  # noqa: DTZ001
def test_an_instant_is_the_local_time_that_the_cell_shows(local: datetime) -> None:
    (outcome,) = outcomes({**ROW, "Date": local.isoformat()})
    zone = ZoneInfo("America/New_York")
    exists = local.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) == local
    assert isinstance(outcome, New) == exists
    if isinstance(outcome, New):
        received = datetime.fromisoformat(str(outcome.document.data["received_at"]))
        assert timedelta(0) <= local - received.replace(tzinfo=None) < timedelta(milliseconds=1)
