"""Values by their labels: what is typed in Chinese is recorded by its name."""

from __future__ import annotations

import pytest

from cpl.labels import Ambiguous, name_of
from cpl.profile import Term
from tests.ledger import Ledger
from tests.processes import Terminal


def term(name: str, **label: str) -> Term:
    return Term(name, label, {})


KNOWN = {
    each.name: each
    for each in (
        term("equipment", zh="设施设备", en="equipment and facilities"),
        term("equipment/lift", zh="电梯"),
        term("equipment/other", zh="其他"),
        term("building", zh="房屋"),
        term("building/other", zh="其他"),
        term("房屋", zh="别的"),
        term("plain"),
        term("plain/part/deep", zh="深"),
    )
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("equipment/lift", "equipment/lift"),
        ("电梯", "equipment/lift"),
        ("设施设备/电梯", "equipment/lift"),
        ("Equipment and Facilities", "equipment"),
        ("房屋/其他", "building/other"),
        ("房屋", "房屋"),  # a name wins over a label
        ("plain/part/深", "plain/part/deep"),
        ("lift", None),
        ("", None),
    ],
)
def test_name_is_given_by_itself_or_by_its_label(text: str, name: str | None) -> None:
    assert name_of(KNOWN, text) == name


def test_label_of_several_names_is_refused_with_the_names() -> None:
    with pytest.raises(Ambiguous, match=r"'其他' is the label of several names; write one of: equipment/other, b"):
        name_of(KNOWN, "其他")


@pytest.mark.clause("OT-1")
def test_record_holds_names_where_labels_were_given(ledger: Ledger) -> None:
    words = ["--kind", "投诉", "--category", "电梯", "--severity", "重大", "--nature", "有效投诉", "--channel", "电话"]
    found = ledger.open("电梯停运", *words, "--department", "工程部", "--field", "order.size=小修")
    text = ledger.path(found).read_text(encoding="utf-8")
    for line in (
        "kind: complaint",
        "category: equipment/lift",
        "severity: major",
        "nature: A",
        "channel: phone",
        "departments: [engineering]",
    ):
        assert f"\n{line}\n" in text
    ledger.ok("transition", found, "调查核实")
    ledger.ok("correct", found, "severity=重要", "--classify", "--reason", "one household")
    ledger.ok("set", found, "order.size=大修")
    ledger.ok("contact", found, "--via", "上门", "--about", "acknowledge")
    ledger.ok("assign", found, "--department", "秩序维护部", "--to", "zhao.qiang")
    text = ledger.path(found).read_text(encoding="utf-8")
    assert "\nstatus: investigating\n" in text
    assert "size: large" in text
    assert "severity: important" in text
    assert "via: visit" in text
    for args in (
        ("--status", "调查核实"),
        ("--category", "设施设备"),
        ("--where", "status=调查核实,归档 category!=门禁 severity=重要"),
        ("--where", "category=设施设备/电梯"),
    ):
        assert ledger.ok("list", *args, "--columns", "id", "--format", "plain") == f"{found}\n"
    assert ledger.ok("list", "--where", "status!=调查核实", "--columns", "id", "--format", "plain") == ""


def test_unknown_label_is_named_where_it_was_given(ledger: Ledger, one: str) -> None:
    for args, error in (
        (["transition", one, "调查"], "Error: Invalid value for STATE: '调查' is not a state of the profile"),
        (["list", "--where", "kind=投"], "Error: Invalid value for --where: '投' is not in the profile"),
        (["contact", one, "--via", "电报"], "Error: Invalid value for --via: '电报' is not in the profile"),
    ):
        outcome = ledger(*args)
        assert outcome.code == 2
        assert error in outcome.err


def test_ambiguous_label_is_a_usage_error(ledger: Ledger, one: str) -> None:
    settings = ledger.root / "cpl.yaml"
    more = "channels:\n  fax: {label: {zh: 电话}}\n"
    settings.write_text(settings.read_text(encoding="utf-8") + more, encoding="utf-8")
    error = "'电话' is the label of several names; write one of: fax, phone\n"
    outcome = ledger("contact", one, "--via", "电话", "--no-commit")
    assert (outcome.code, outcome.err.rpartition("--via: ")[2]) == (2, error)
    assert ledger("list", "--where", "channel=电话") == (2, "", error)


def test_label_may_be_typed_where_a_name_is_asked_for(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "contact", one, "--about", "acknowledge", "--by", "li.na") as terminal:
        terminal.expect("Via")
        terminal.type("电话\n")
        assert terminal.finish()[0] == 0
    assert "via: phone" in ledger.path(one).read_text(encoding="utf-8")
