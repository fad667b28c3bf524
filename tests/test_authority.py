"""Who may commit what: authors against by and recorded_by, roles, signatures, the settings before; on real commits."""

from __future__ import annotations

import re

import pytest

from tests.ledger import CPL_YAML, ONE, Ledger
from tests.test_cli_guard import HANDOVER, PATH, change, head, ranged

pytestmark = pytest.mark.usefixtures("one")

LATER = "2026-11-18T18:00:00+08:00"
DECLINED = "- {at: 2026-11-18T16:30:00+08:00, by: sun.wei, to: declined, reason: r, recorded_by: li.na}\n"
SIGNED_OFF = "- {at: 2026-11-18T16:30:00+08:00, by: sun.wei, did: sign-off, about: plan, recorded_by: li.na}\n"


def add(ledger: Ledger, event: str, message: str = "by hand", author: str = "") -> None:
    """Write an event behind those that are there, and commit it."""
    text = ledger.path(ONE).read_text(encoding="utf-8")
    last = re.findall(r"^- \{at: .*\n", text, re.MULTILINE)[-1]
    text = text.replace(last, last + event)
    if found := re.search(r" to: ([\w-]+)", event):
        text = re.sub(r"^status: .*$", f"status: {found[1]}", text, flags=re.MULTILINE)
    ledger.path(ONE).write_text(text, encoding="utf-8")
    commit(ledger, message, author)


def commit(ledger: Ledger, message: str = "by hand", author: str = "") -> None:
    ledger.git("add", "--all")
    ledger.git("commit", "--quiet", "-m", message, *([f"--author={author} <{author}>"] if author else []))


def settle(ledger: Ledger, text: str, author: str = "") -> None:
    """Commit a cpl.yaml."""
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    commit(ledger, "settings", author)


def told(ledger: Ledger, base: str) -> list[str]:
    """What is said of the last commits, without commit and path."""
    ledger.now = LATER
    outcome = ledger("check", "--range", f"{base}..HEAD")
    assert outcome.code == int(bool(outcome.out)), outcome
    return [line.split(": ", 1)[1] for line in outcome.out.splitlines()]


# Whose event it is


@pytest.mark.parametrize(
    ("event", "author", "said"),
    [
        (HANDOVER, "", []),
        (HANDOVER, "LI.NA@Example.org", []),
        (HANDOVER.replace("li.na", "sun.wei, recorded_by: li.na"), "", []),
        (
            HANDOVER.replace("li.na", "sun.wei"),
            "",
            [
                "E120 the event did:handover of 2026-11-18T16:01:00+08:00 is by 'sun.wei', but 'li.na' "
                "(li.na@example.org) committed it; who enters it for another person says so, as cpl does with --by: "
                "recorded_by: li.na"
            ],
        ),
        (
            HANDOVER,
            "li.na@home.example",
            [
                "E120 the event did:handover of 2026-11-18T16:01:00+08:00 is by 'li.na', and was committed with the "
                "address li.na@home.example, which is nobody's in cpl.yaml as it was before; have it added there, then "
                "make the commit anew"
            ],
        ),
    ],
    ids=["own", "address in capitals", "for another", "in another's name", "nobody's address"],
)
def test_event_is_committed_by_who_did_or_recorded_it(event: str, author: str, said: list[str], ledger: Ledger) -> None:
    base = head(ledger)
    add(ledger, event, author=author)
    assert told(ledger, base) == said


def test_hook_knows_the_author_that_git_names(ledger: Ledger) -> None:
    ledger.now = LATER
    text = ledger.path(ONE).read_text(encoding="utf-8")
    last = re.findall(r"^- \{at: .*\n", text, re.MULTILINE)[-1]
    ledger.path(ONE).write_text(text.replace(last, last + HANDOVER), encoding="utf-8")
    ledger.git("add", "--all")
    for address, codes in (("sun.wei@example.org", ["E120"]), ("li.na@example.org", []), (None, [])):
        ledger.env = {"GIT_AUTHOR_EMAIL": address} if address else {}
        assert re.findall(r" (E\d{3}) ", ledger("check", "--staged").out) == codes


def test_who_adds_himself_acts_from_the_next_commit_on(ledger: Ledger) -> None:
    base = head(ledger)
    line = "- {id: wu.ming, emails: [wu.ming@example.org], roles: [desk]}\n"
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + line, encoding="utf-8")
    add(ledger, HANDOVER.replace("li.na", "wu.ming"), "at once", "wu.ming@example.org")
    add(ledger, HANDOVER.replace("li.na", "wu.ming").replace(":01:", ":02:"), "later", "wu.ming@example.org")
    ledger.now = LATER
    assert ranged(ledger, base) == [("at once", "E120")]


def test_merge_is_by_who_is_known_on_either_side(ledger: Ledger) -> None:
    ledger.git("switch", "--quiet", "--create", "side")
    add(ledger, HANDOVER, "side")
    ledger.git("switch", "--quiet", "main")
    base = head(ledger)
    settle(ledger, CPL_YAML + "- {id: wu.ming, emails: [wu.ming@example.org], roles: [desk]}\n")
    ledger.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    add(ledger, HANDOVER.replace("li.na", "wu.ming").replace(":01:", ":02:"), "merge", "wu.ming@example.org")
    assert told(ledger, base) == []


def test_store_may_let_anybody_commit(ledger: Ledger) -> None:
    settle(ledger, CPL_YAML + "authors: anybody\n")
    base = head(ledger)
    add(ledger, HANDOVER, author="x@y")
    add(ledger, DECLINED.replace(", recorded_by: li.na", ""), author="x@y")
    assert told(ledger, base) == []
    settle(ledger, CPL_YAML + "authors: nobody\n")
    outcome = ledger("check")
    assert outcome[:2] == (
        1,
        "cpl.yaml:10: E070 'nobody' says not who commits an event; write one of: themselves, anybody\n",
    )


# Roles


@pytest.mark.parametrize(("by_clerk", "event"), [("to:declined", DECLINED), ("did:sign-off", SIGNED_OFF)])
def test_what_needs_a_role_is_committed_by_who_has_it(by_clerk: str, event: str, ledger: Ledger) -> None:
    ledger.ok("correct", ONE, "nature=A", "severity=major", "--classify", "--reason", "r", "--by", "sun.wei")
    base = head(ledger)
    add(ledger, event)
    rule = "declining" if "declined" in event else "signing-off"
    roles = "manager" if "declined" in event else "manager or office"
    assert told(ledger, base) == [
        f"E121 rule '{rule}' wants the role {roles} also of who commits {by_clerk} of 2026-11-18T16:30:00+08:00, and "
        "li.na@example.org did not have it before; let somebody with the role commit it, or, at a shared desk, write "
        "shared: true into the rule"
    ]
    ledger.git("commit", "--quiet", "--amend", "--no-edit", "--author=S <sun.wei@example.org>")
    assert told(ledger, base) == []


def test_desk_may_be_shared(ledger: Ledger) -> None:
    settle(ledger, CPL_YAML + "rules: {declining: {shared: true}}\n")
    base = head(ledger)
    add(ledger, DECLINED)
    assert told(ledger, base) == []


def test_role_at_a_shared_desk_is_one_that_the_person_had_before(ledger: Ledger) -> None:
    settle(ledger, CPL_YAML + "rules: {declining: {shared: true}}\n")
    base = head(ledger)
    text = CPL_YAML.replace("[engineer]", "[engineer, manager]") + "rules: {declining: {shared: true}}\n"
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    add(ledger, DECLINED.replace("sun.wei", "zhao.qiang"))
    assert told(ledger, base) == [
        "E121 rule 'declining' wants the role manager for to:declined of 2026-11-18T16:30:00+08:00, which "
        "'zhao.qiang' did not have before"
    ]


def test_rules_before_the_commit_count_also_when_it_takes_them_away(ledger: Ledger) -> None:
    base = head(ledger)
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + "rules: {declining: {off: true}}\n", encoding="utf-8")
    add(ledger, DECLINED.replace("sun.wei", "li.na").replace(", recorded_by: li.na", ""))
    ledger.now = LATER
    assert ranged(ledger, base) == [("by hand", "E121")]


def test_what_needs_a_role_is_voided_by_who_has_it(ledger: Ledger) -> None:
    add(ledger, DECLINED, author="sun.wei@example.org")
    base = head(ledger)
    ledger.ok("correct", ONE, "--void", "to:declined", "--reason", "slip", now="2026-11-18T16:40:00+08:00")
    ledger.now = LATER
    assert [code for _subject, code in ranged(ledger, base)] == ["E121"]
    ledger.git("commit", "--quiet", "--amend", "--no-edit", "--author=S <sun.wei@example.org>")
    assert [code for _subject, code in ranged(ledger, base)] == ["E120"]


def test_role_for_an_event_is_asked_of_who_did_it_too(ledger: Ledger) -> None:
    outcome = ledger("follow-up", ONE, "--via", "phone", "--satisfied", "--about", "management")
    assert outcome == (
        2,
        "",
        "nothing was written, the record would not be right:\n"
        f"{PATH}:10: E061 'li.na' may not record did:follow-up: rule 're-checking' wants the role supervisor, manager, "
        "management, office\n",
    )
    ledger.ok("follow-up", ONE, "--via", "phone", "--satisfied")


# Settings and signatures


def test_settings_are_changed_by_who_may(ledger: Ledger) -> None:
    rule = "rules: {ruling: {settings: true, roles: [manager]}}\n"
    settle(ledger, CPL_YAML + rule)  # nobody said who may, so far
    base = head(ledger)
    settle(ledger, CPL_YAML.replace("[desk]", "[desk, manager]") + rule)
    assert told(ledger, base) == [
        "E123 rule 'ruling' lets only the role manager change the settings, which li.na@example.org has not"
    ]
    ledger.git("commit", "--quiet", "--amend", "--no-edit", "--author=S <sun.wei@example.org>")
    settle(ledger, CPL_YAML + rule)
    assert told(ledger, base) == []


def test_role_that_nobody_has_keeps_nobody_from_the_settings(ledger: Ledger) -> None:
    rule = "rules: {ruling: {settings: true, roles: [office]}}\n"
    settle(ledger, CPL_YAML + rule)
    base = head(ledger)
    settle(ledger, CPL_YAML.replace("[manager]", "[office]") + rule)
    assert told(ledger, base) == []
    base = head(ledger)
    settle(ledger, CPL_YAML + rule)
    assert [each[:4] for each in told(ledger, base)] == ["E123"]


def test_signature_is_wanted_where_a_rule_says_so(ledger: Ledger) -> None:
    rules = "rules: {ruling: {settings: true, signed: true}, declining: {roles: [manager], signed: true}}\n"
    settle(ledger, CPL_YAML + rules)
    base = head(ledger)
    settle(ledger, CPL_YAML)
    settle(ledger, CPL_YAML + rules)
    add(ledger, DECLINED, author="sun.wei@example.org")
    assert told(ledger, base) == [
        "E122 rule 'ruling' wants this signed by li.na@example.org, but the commit has no signature; use: git commit "
        "--amend --gpg-sign",
        "E122 rule 'declining' wants to:declined of 2026-11-18T16:30:00+08:00 signed by sun.wei@example.org, but the "
        "commit has no signature; use: git commit --amend --gpg-sign",
    ]


def test_edit_of_an_old_event_is_told_once(ledger: Ledger) -> None:
    add(ledger, HANDOVER)
    base = head(ledger)
    change(ledger, "by: li.na, did: handover", "by: sun.wei, did: handover")
    commit(ledger, "edited")
    ledger.now = LATER
    assert ranged(ledger, base) == [("edited", "E102")]
