"""Many records judged at once: the same is told as of each by itself, by the strict reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from cpl import checking, quick, recognise, validate
from cpl.errors import CplError, Problem
from cpl.moments import parse_instant
from cpl.parallel import ENOUGH
from cpl.record import ALPHABET, Record, make_id
from cpl.store import Store, read_entry, record_path
from cpl.validate import Facts
from tests.ledger import CPL_YAML, NOW, Ledger, instant, record_text, settings
from tests.processes import Terminal
from tests.test_quick import FULL, PLAIN, edited

RULES = settings(CPL_YAML + "- {id: chen.jing, name: 陈静, roles: [guard]}\n")


def facts(record: Record) -> Facts:
    return Facts(record_path(record.id), instant("2026-11-26T09:00"), ids={"CPL-20261116-M4T8RAE"})


BROKEN = {
    300: (", by: li.na", ", by: li.nah"),  # what the rules find
    301: ("does not lock", "does #not lock"),  # what the strict reader finds
    302: ("title: Door 2 does not lock", "title: Door 2, \u2028 no lock"),
    700: ("kind: complaint", "kind: complain"),
}


def strictly(record: Record, data: bytes) -> list[Problem]:
    """What the strict reader and the rules find in a record that has the usual form."""
    entry = read_entry(record_path(record.id), data)
    assert entry.document is not None
    return [*entry.problems, *validate.check(entry.document, RULES, facts(record))]


@given(edited)
@hypothesis_settings(max_examples=300)
def test_a_record_that_is_clean_without_its_lines_has_no_problem(data: bytes) -> None:
    record = quick.read(data)
    if record is not None:
        assert validate.is_clean(record, RULES, facts(record)) == (strictly(record, data) == [])


@given(edited)
@hypothesis_settings(max_examples=300)
def test_a_recognised_record_is_clean_by_the_fields_that_are_judged(data: bytes) -> None:
    front = quick.front(data)
    is_known = front is not None and recognise.is_head(front)
    record = quick.partly(front, validate.fields_judged(RULES.profile)) if front and is_known else None
    if record is not None:
        assert validate.is_clean(record, RULES, facts(record)) == (strictly(record, data) == [])


@pytest.mark.parametrize(("text", "clean"), [(PLAIN, True), (FULL, False)])
def test_the_rules_are_asked(text: str, clean: bool) -> None:
    record = quick.read(text.encode())
    assert record is not None
    assert validate.is_clean(record, RULES, facts(record)) is clean


@pytest.fixture
def many(ledger: Ledger) -> list[str]:
    """The paths of as many records as take several processes, a few of them wrong."""
    paths = []
    for number in range(ENOUGH + 50):
        identifier = make_id(
            instant("2026-11-16T09:00").date(), "AAA" + "".join(ALPHABET[number >> n & 31] for n in (10, 5, 0))
        )
        text = record_text(identifier=identifier).replace(*BROKEN.get(number, ("", "")))
        ledger.put(identifier, text)
        paths.append(record_path(identifier))
    return paths


def test_several_processes_tell_what_one_tells(ledger: Ledger, many: list[str]) -> None:
    """Paths come in their order, and less than ENOUGH of them take one process."""
    store, ids = Store(ledger.root), {path[-23:-3] for path in many}
    halves = [checking.verdicts(store, half, ids, parse_instant(NOW)) for half in (many[:1000], many[1000:])]
    found = [problem for half in halves for verdict in half for problem in verdict.problems]
    assert [each.code for each in found] == ["E014", "E023", "E010", "E014"]
    outcome = ledger("check")
    assert outcome.out == "".join(f"{each}\n".replace("\u2028", "<U+2028>") for each in found)
    assert outcome.err == f"{len(many)} records: 4 errors, 0 warnings\n"
    assert outcome.code == 1
    with Terminal(ledger, "check") as terminal:
        terminal.expect("Records")
        terminal.expect(f"{len(many)} records: 4 errors, 0 warnings")
        assert terminal.finish()[0] == 1


def test_settings_that_have_gone_meanwhile_are_an_error(ledger: Ledger, many: list[str]) -> None:
    store, now = Store(ledger.root), parse_instant(NOW)
    (ledger.root / "cpl.yaml").unlink()
    with pytest.raises(CplError, match=r"cpl\.yaml"):
        list(checking.verdicts(store, many, (), now))
