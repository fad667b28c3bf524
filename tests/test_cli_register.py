"""`cpl register`: rows are listed and kept, personal columns hidden, judged by check, hooks and ranges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ledger import Ledger
from tests.processes import Terminal
from tests.test_registers import POLICE, RESIDENT, text

ZEROS = "0" * 40 + "..HEAD"
PRICE = ("code=lock", "label.zh=换锁芯", "label.en=new lock", "unit=piece", "price=60")
OFFICER = ("kind=police", "who=Mr Zhou", "office=Tianhe", "officer=Mr Lin", "signed=true", "seen=gate log")


def add(ledger: Ledger, name: str, *fields: str) -> str:
    """Add a row; what it is called."""
    return ledger.ok("register", name, "add", *fields).split(": ")[1].split(" ")[0]


def resident(ledger: Ledger, *fields: str) -> str:
    """A resident of 3-2-1201; what the row is called."""
    place = ("location.building=3", "location.unit=2", "location.room=1201")
    return add(ledger, "residents", "name=何奶奶", *place, *fields)


def inquiry(ledger: Ledger) -> str:
    return ledger.open("Police ask for the gate log", "--kind", "judicial-inquiry")


def path(ledger: Ledger, name: str) -> Path:
    return ledger.root / "records" / "registers" / f"{name}.yaml"


def write(ledger: Ledger, name: str, *lines: str) -> None:
    """Write a register by hand and stage it."""
    path(ledger, name).parent.mkdir(parents=True, exist_ok=True)
    path(ledger, name).write_text(text(*lines), encoding="utf-8")
    ledger.git("add", "--all")


def codes(out: str) -> list[str]:
    return [line.split(" ")[1] for line in out.splitlines()]


@pytest.mark.clause("RQ-12")
def test_the_register_of_lone_elderly_hides_what_is_personal(ledger: Ledger) -> None:
    row = resident(
        ledger,
        "blood_type=AB-",
        "history=[hypertension, stroke]",
        "visits.every=1d",
        "visits.who=li.na",
        "contacts+={name: 何军, relation: son, phone: 13900001111}",
    )
    listed = ledger("register", "residents", "list")
    assert listed.out.splitlines()[2:] == [f"{row}  3 2 1201  1d li.na"]
    assert listed.err == "not shown: name, phone, born, contacts, commissioned; see them with --personal\n"
    shown = ledger.ok("register", "residents", "show", row)
    assert {"blood_type  AB-", "history     hypertension, stroke", "contacts    何军 son 13900001111"} <= {
        *shown.splitlines()
    }
    told = json.loads(ledger.ok("register", "residents", "list", "--format", "jsonl", "--personal"))
    assert (told["name"], told["contacts"][0]["phone"]) == ("何奶奶", "13900001111")
    assert ledger.git("log", "-1", "--format=%B").strip() == f"register residents: {row} added\n\nAction: register"
    assert ledger("check") == (0, "", "0 records: no problems\n")


@pytest.mark.clause("RQ-12")
def test_what_relatives_commission_has_its_reports_and_its_costs(ledger: Ledger) -> None:
    row = resident(ledger)
    ledger.ok("register", "residents", "set", row, "commissioned.by=何军", "commissioned.every=7d")
    for at, amount in (("2026-11-17", "1.20"), ("2026-11-18", "0.80")):
        cost = f"commissioned.costs+={{at: {at}, text: call to Beijing, amount: {amount}}}"
        ledger.ok("register", "residents", "set", row, cost)
    ledger.ok("register", "residents", "set", row, "commissioned.reports+={at: 2026-11-18, via: phone, text: well}")
    written = path(ledger, "residents").read_text("utf-8")
    assert written == (
        f"rows:\n- {{id: {row}, name: 何奶奶, location: {{building: '3', unit: '2', room: '1201'}}, commissioned: "
        "{by: 何军, every: 7d, costs: [{at: 2026-11-17, text: call to Beijing, amount: 1.20}, "
        "{at: 2026-11-18, text: call to Beijing, amount: 0.80}], "
        "reports: [{at: 2026-11-18, via: phone, text: well}]}}\n"
    )


@pytest.mark.clause("OT-3")
def test_the_price_list_is_kept_with_its_days(ledger: Ledger) -> None:
    add(ledger, "prices", *PRICE, "until=2026-12-31")
    assert add(ledger, "prices", *PRICE, "from=2027-01-01") == "lock@2027-01-01"
    ledger.ok("register", "prices", "set", "lock@2027-01-01", "price=70.50")
    rows = ledger.ok("register", "prices", "list").splitlines()[2:]
    assert [" ".join(row.split()) for row in rows] == [
        "lock 换锁芯 new lock piece 60 2026-12-31",
        "lock 换锁芯 new lock piece 70.50 2027-01-01",
    ]
    assert ledger.ok("register", "prices", "remove", "lock@2027-01-01") == (
        "register prices: lock@2027-01-01 removed\n"
    )
    ledger.ok("register", "prices", "remove", "lock")
    assert path(ledger, "prices").read_text("utf-8") == "rows: []\n"


@pytest.mark.clause("OT-3")
def test_the_price_of_an_order_comes_from_the_list_and_is_accepted_before_work(ledger: Ledger) -> None:
    add(ledger, "prices", *PRICE, "until=2026-12-31")
    add(ledger, "prices", *PRICE[:-1], "price=70", "from=2027-01-01")
    add(ledger, "prices", "code=tap", "label.en=new tap", "unit=piece", "price=25.50")
    opened = ledger("open", "-t", "Lock and tap", "--kind", "repair", "--field", "order.items=[lock, tap]")
    one = opened.out.partition(":")[0]
    said = (
        "by the price list: new lock 60/piece, new tap 25.50/piece; told and accepted before work: "
        f"cpl set {one[-7:]} order.price=85.50, then: cpl did {one[-7:]} sign-off --about price\n"
    )
    assert said in opened.err
    assert ledger("set", one, "order.paid=true", now="2027-01-01T08:00:00+08:00").err == said.replace(
        "60/", "70/"
    ).replace("85.50", "95.50")
    assert ledger("set", one, "order.items=[lock, tab]").err == (
        "the price list has no 'tab' on 2026-11-18; did you mean 'tap'?\n"
    )
    assert ledger("set", one, "order.price=85.50").err == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("residents", "show"), "say which row: cpl register NAME show ROW"),
        (("residents", "show", "r-0000"), "residents has no row 'r-0000'"),
        (("residents", "add", "nam=何"), "'nam' is not a field of residents; did you mean 'name'?"),
        (("residents", "add", "location.romm=1"), "'romm' is not a known key here; did you mean 'room'?"),
        (("residents", "add", "name=何"), "E021 'location' is missing"),
        (("prices", "add", "unit=piece"), "say what it is called: code=…"),
        (("prices", "set", "lck", "price=1"), "prices has no row 'lck'; did you mean 'lock'?"),
        (("prices", "set", "lock", "price=sixty"), "'sixty' is not a number in the digits 0-9 such as 12.50"),
        (("prices", "set", "lock", "price=60"), "lock: nothing to change, the fields have these values"),
        (("prices", "set", "lock", "code=key"), "'code' is what the row is called, and stays"),
        (("prices", "add", *PRICE), "E300 'lock' stands in prices twice"),
        (("draws", "add", "period=2026-11"), "nobody chooses who is drawn; use: cpl sample"),
        (("draws", "remove", "d-0000"), "rows of draws are only added; 'd-0000' stays as it is"),
        (
            ("access", "remove", "a-0000"),
            "rows of access are only added; put a slip right by a further row: corrects=a",
        ),
        (("access", "add", "at=2026-11-19"), "'2026-11-19' is not an instant like"),
        (
            ("access", "add", "at=2026-11-18T16:01"),
            "at 2026-11-18T16:01:00+08:00 lies in the future; now is 2026-11-18T",
        ),
        (("acess",), "'acess' is not one of"),
    ],
)
def test_what_can_not_be_done_is_said(ledger: Ledger, args: tuple[str, ...], said: str) -> None:
    add(ledger, "prices", *PRICE)
    before = ledger.git("rev-parse", "HEAD")
    outcome = ledger("register", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--short")) == (before, "")


def test_a_change_touches_only_its_row(ledger: Ledger) -> None:
    by_hand = "# prices of 2026\nrows:\n  - code: lock  # the usual one\n    label: {en: new lock}\n    unit: piece\n"
    by_hand = f"{by_hand}    price: 60\n".replace("\n", "\r\n")
    path(ledger, "prices").parent.mkdir(parents=True)
    path(ledger, "prices").write_bytes(by_hand.encode())
    ledger.commit()
    ledger.ok("register", "prices", "set", "lock", "price=65")
    assert path(ledger, "prices").read_bytes().decode() == by_hand.replace("60", "65")


def test_uncommitted_edits_are_not_swept_along(ledger: Ledger) -> None:
    add(ledger, "prices", *PRICE)
    path(ledger, "prices").write_text(path(ledger, "prices").read_text("utf-8").replace("60", "61"), "utf-8")
    outcome = ledger("register", "prices", "set", "lock", "unit=set")
    assert (outcome.code, outcome.out) == (2, "")
    assert "records/registers/prices.yaml has changes that are not committed" in outcome.err
    assert ledger.ok("register", "prices", "set", "lock", "unit=set", "--no-commit").endswith("(not committed)\n")


def test_a_row_that_was_just_added_can_be_taken_back(ledger: Ledger) -> None:
    add(ledger, "prices", *PRICE)
    ledger.ok("undo", "--yes")
    assert not path(ledger, "prices").exists()


def test_what_others_may_have_is_put_right_by_a_further_row(ledger: Ledger, tmp_path: Path) -> None:
    ledger.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    ledger.git("remote", "add", "origin", str(tmp_path / "remote"))
    one = inquiry(ledger)
    add(ledger, "access", f"record={one}", *OFFICER)
    ledger.git("push", "--quiet", "origin", "main")
    refused = ledger("undo", "--yes")
    assert (refused.code, refused.err.splitlines()[1:]) == (
        2,
        ["  cpl register access add corrects=ROW FIELD=VALUE…"],
    )
    add(ledger, "prices", *PRICE)
    ledger.git("push", "--quiet", "origin", "main")
    assert ledger("undo", "--yes").err.splitlines()[1:] == ["  cpl register prices set ROW FIELD=VALUE"]


@pytest.mark.clause("RQ-9")
def test_nothing_is_answered_before_who_saw_what_is_on_record(ledger: Ledger) -> None:
    one = inquiry(ledger)
    refused = ledger("transition", one, "replying")
    assert (refused.code, refused.err) == (
        2,
        f"{one}: not yet ready for 'replying'\n"
        f"  - rule 'inquired' (RQ-9) needs register:access: cpl register access add record={one} FIELD=VALUE…\n",
    )
    row = add(ledger, "access", f"record={one[-7:]}", *OFFICER)
    assert ledger.ok("transition", one, "replying") == f"{one}: received → replying\n"
    assert ledger.git("log", "-1", "--skip=1", "--format=%s") == f"register access: {row} added for {one}\n"
    assert ledger("check", "--range", ZEROS) == (0, "", "4 commits, 2 changes of records: no problems\n")


@pytest.mark.clause("RQ-9")
@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        (("kind=prosecutor", "office=Tianhe", "officer=Mr Lin"), "'prosecutor' lacks: signed"),
        (("kind=discipline", "signed=true"), "'discipline' lacks: office, officer"),
        (
            ("kind=own-lawyer", "papers=[letter, licence]"),
            "'own-lawyer' lacks: approved_by, received_by, papers: mandate",
        ),
        (
            ("kind=other-lawyer", "papers=[letter, licence, mandate]", "approved_by=sun.wei"),
            "'other-lawyer' lacks: fee, escort",
        ),
    ],
)
def test_access_without_what_it_needs_is_refused(ledger: Ledger, fields: tuple[str, ...], lacks: str) -> None:
    one = inquiry(ledger)
    outcome = ledger("register", "access", "add", f"record={one}", "who=Ms Xu", "seen=gate log", *fields)
    assert outcome.code == 2
    assert "E301 access a-" in outcome.err
    assert f" by {lacks} (RQ-9)\n" in outcome.err
    assert ledger("transition", one, "closed").code == 2


@pytest.mark.clause("RQ-9")
def test_a_row_that_lacks_something_is_put_right_by_one_that_corrects_it(ledger: Ledger) -> None:
    one = inquiry(ledger)
    row = add(ledger, "access", f"record={one}", *OFFICER)
    file = path(ledger, "access")
    file.write_text(file.read_text("utf-8").replace("officer: Mr Lin", "officer: ''"), "utf-8")
    ledger.commit()
    assert f"E301 access {row} by 'police' lacks: officer (RQ-9)" in ledger("check").out
    assert ledger("transition", one, "replying").code == 2
    add(ledger, "access", f"record={one}", *OFFICER, f"corrects={row}")
    assert ledger("check", "--range", "HEAD^..HEAD").code == 0
    assert ledger("check").code == 0
    ledger.ok("transition", one, "replying")


@pytest.mark.clause("RQ-9")
@pytest.mark.parametrize("how", ["changed", "removed", "file"])
def test_who_saw_what_stays_on_record(ledger: Ledger, how: str) -> None:
    one = inquiry(ledger)
    row = add(ledger, "access", f"record={one}", *OFFICER)
    file = path(ledger, "access")
    before = file.read_text("utf-8")
    after = {"changed": before.replace("Mr Lin", "Mr Wu"), "removed": "rows: []\n", "file": None}[how]
    if after is None:
        file.unlink()
    else:
        file.write_text(after, "utf-8")
    ledger.git("add", "--all")
    staged = ledger("check", "--staged")
    said = {
        "changed": f":2: E113 row '{row}' of access was changed (officer); put it back, and add a row that corrects it",
        "removed": f":1: E113 row '{row}' of access was removed; put it back, rows are only added",
        "file": ":1: E113 the register was removed, whose rows stay; put it back: git checkout HEAD -- "
        "records/registers/access.yaml",
    }[how]
    amendable = f"W112 right only if this amends the last commit, which no remote branch has: {said[4:]}"
    assert staged.out == f"records/registers/access.yaml{said[:4]}{amendable}\n"
    ledger.git("commit", "--quiet", "--message", "x")
    ranged = ledger("check", "--range", ZEROS)
    assert (ranged.code, codes(ranged.out)) == (1, ["E113"])


def test_a_register_is_judged_by_check_by_the_hook_and_in_ranges(ledger: Ledger) -> None:
    write(ledger, "residents", RESIDENT, RESIDENT.replace("name:", "nam:", 1))
    for args in (("check",), ("check", str(path(ledger, "residents"))), ("check", "--staged")):
        outcome = ledger(*args)
        assert (outcome.code, codes(outcome.out)) == (1, ["E020"]), args
        assert outcome.out.startswith("records/registers/residents.yaml:3: E020 'nam' is not a known key here;")
    ledger.git("commit", "--quiet", "--message", "x")
    outcome = ledger("check", "--range", ZEROS)
    assert (outcome.code, codes(outcome.out)) == (1, ["E020"])


def test_a_file_that_is_no_register_is_told(ledger: Ledger) -> None:
    write(ledger, "acess", POLICE)
    said = "there is no register 'acess', so nobody reads this file; move it away; did you mean 'access'?"
    assert ledger("check").out == f"records/registers/acess.yaml:1: W302 {said}\n"


def test_a_register_in_a_folder_of_its_own_is_told_for_nobody_reads_it(ledger: Ledger) -> None:
    folder = path(ledger, "access").parent / "2026"
    folder.mkdir(parents=True)
    (folder / "access.yaml").write_text("rows: []\n", "utf-8")
    assert ledger("check").out.startswith(
        "records/registers/2026/access.yaml:1: W302 there is no register '2026/access',"
    )


def test_a_row_about_a_record_that_there_is_not_is_told(ledger: Ledger) -> None:
    write(ledger, "access", POLICE)
    outcome = ledger("check")
    assert outcome.out == "records/registers/access.yaml:2: E044 no record has the id 'CPL-20261118-M9S3467'\n"


@pytest.mark.clause("OT-8")
def test_an_improvement_needs_an_action_with_a_deadline(ledger: Ledger) -> None:
    one = ledger.open("Lifts stand still too often", "--kind", "improvement")
    ledger.ok("task", one, "add", "New maintenance contract", "--kind", "action")
    refused = ledger("transition", one, "resolving")
    assert refused.err == (
        f"{one}: not yet ready for 'resolving'\n"
        f"  - rule 'improving' (OT-8) needs task:action: cpl task {one} add TEXT --kind action --due INSTANT\n"
    )
    ledger.ok("task", one, "add", "New maintenance contract", "--kind", "action", "--due", "2026-12-10")
    ledger.ok("transition", one, "resolving")
    assert "t-" in ledger.ok("overdue", "--soon", "30d")


@pytest.mark.parametrize("requirement", ["register:acess", "task:acton"])
def test_a_requirement_names_a_register_or_a_kind_of_task(ledger: Ledger, requirement: str) -> None:
    settings = ledger.root / "cpl.yaml"
    rule = f"rules:\n  extra: {{to: [closed], requires: ['{requirement}']}}\n"
    settings.write_text(settings.read_text("utf-8") + rule, "utf-8")
    outcome = ledger("check")
    assert (outcome.code, codes(outcome.out)) == (1, ["E071"])
    assert "did you mean" in outcome.out


@pytest.mark.clause("RQ-12")
def test_open_has_the_card_at_hand_and_keeps_nothing_of_it(ledger: Ledger) -> None:
    row = resident(ledger, "blood_type=AB-", "contacts+={name: 何军, relation: son, phone: 13900001111}")
    place = ("--building", "3", "--unit", "2", "--room", "1201")
    with Terminal(ledger, "open", "-t", "Fell in the bathroom", "--kind", "help", *place) as terminal:
        code, said = terminal.finish()
    assert code == 0
    card = f"a lone elderly resident lives in room 1201; the card: cpl register residents show {row}"
    for line in (card, "  blood_type  AB-", "  contacts    何军 son 13900001111"):
        assert line in said
    assert "13900001111" not in ledger.git("show", "HEAD")
    outcome = ledger("open", "-t", "Fell again", *place)
    assert (outcome.err.splitlines()[0], "13900001111" in outcome.err) == (card, False)
    assert "lone elderly" not in ledger("open", "-t", "Noise", "--room", "1202").err


def test_a_broken_register_keeps_nobody_from_taking_in(ledger: Ledger) -> None:
    write(ledger, "residents", "{id: r-0000}")
    ledger.git("commit", "--quiet", "--message", "x")
    outcome = ledger("open", "-t", "Fell", "--room", "1201")
    assert outcome.code == 0
    assert "the register residents is not right\nrecords/registers/residents.yaml:2: E021" in outcome.err
    path(ledger, "residents").unlink()
    path(ledger, "residents").symlink_to("/dev/null")
    outcome = ledger("open", "-t", "Fell", "--room", "1201")
    assert outcome.code == 0
    assert "residents.yaml" in outcome.err
