"""letter: what each says, what comes first, and what is kept of one that was sent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import CPL_YAML, Ledger
from tests.processes import Terminal, run_process

REPLY = ("--say", "done=换了锁", "--say", "outcome=门能锁了", "--say", "appeal=居委会")


def shown(ledger: Ledger, identifier: str, now: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json", now=now))
    return found


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def asked(ledger: Ledger) -> str:
    """A complaint by app that has been judged and dispatched."""
    args = ("--channel", "app", "--name", "王女士", "--demand", "修好门", "--demand", "道歉", "--nature", "A")
    return ledger.open("门锁坏了", *args, "--department", "engineering", now="2026-11-18T09:00:00+08:00")


@pytest.mark.clause("CS-2")
def test_the_acknowledgement_tells_the_channel_s_scope_and_deadline_and_the_dues(ledger: Ledger, asked: str) -> None:
    assert (
        ledger.ok("letter", "acknowledgement", asked)
        == f"""\
# We have your complaint

Dear 王女士,

On 2026-11-18 09:00 you told us by app: "门锁坏了". We have taken it in as {asked}; please name it
when you ask how things stand.

- Who answers for it to the end: 李娜
- Who works on it: engineering
- What this channel is for: repairs, questions and ideas, with photos; no emergencies
- You will have an answer within 24 hours, by 2026-11-19 09:00
- resolve: by 2026-11-19 00:00

You ask for: 修好门; 道歉. If something is missing or wrong, please tell us.

锦绣花园

2026-11-18
"""
    )
    chinese = ledger.ok("letter", "acknowledgement", asked, "--language", "zh")
    assert "- 该渠道的受理范围:报修、咨询、建议,可附照片;紧急情况请打热线\n" in chinese.replace("，", ",").replace(
        "；", ";"
    )
    assert "- 该渠道的答复时限:24 小时,即 2026-11-19 09:00 前\n- 处理解决:2026-11-19 00:00 前\n" in chinese


@pytest.mark.clause("CS-2")
def test_what_was_sent_is_kept_and_stops_the_clock_in_one_commit(ledger: Ledger, asked: str) -> None:
    text = ledger.ok("letter", "acknowledgement", asked)
    before = ledger.git("rev-parse", "HEAD")
    assert ledger("letter", "acknowledgement", asked, "--sent", "app") == (
        0,
        f"{asked}: letter acknowledgement sent by app\n",
        "",
    )
    name = f"letter-acknowledgement-20261118-{sha(text)[:8]}.md"
    kept = ledger.path(asked).with_suffix("") / name
    assert kept.read_text(encoding="utf-8") == text
    record = shown(ledger, asked)
    assert record["evidence"] == [
        {
            "file": name,
            "sha256": sha(text),
            "source": "cpl",
            "taken_at": "2026-11-18T16:00:00+08:00",
            "text": "acknowledgement",
        }
    ]
    assert record["history"][-1] == {
        "at": "2026-11-18T16:00:00+08:00",
        "by": "li.na",
        "did": "contact",
        "about": "acknowledge",
        "reached": True,
        "via": "app",
        "text": name,
    }
    assert next((run["clock"], run["result"]) for run in record["clocks"]) == ("respond", "met")
    assert ledger.git("rev-parse", "HEAD^") == before
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        f"{asked}: letter acknowledgement sent by app\n\nComplaint: {asked}\nAction: letter"
    )
    assert ledger.git("status", "--porcelain") == ""
    assert ledger("check") == (0, "", "1 record: no problems\n")
    assert not (ledger.root / ".git/cpl/kept").exists()


def test_a_second_letter_of_a_day_has_a_name_of_its_own(ledger: Ledger, asked: str) -> None:
    for at, language in (("15:00", "en"), ("15:30", "zh"), ("16:00", "en")):
        said = ("--say", "progress=Part ordered", "--language", language)
        ledger.ok("letter", "progress", asked, *said, "--sent", "app", "--at", at)
    record = shown(ledger, asked)
    english, chinese = (each["sha256"][:8] for each in record["evidence"][:2])
    files = [f"letter-progress-20261118-{each}.md" for each in (english, chinese, f"{english}-2")]
    assert [each["file"] for each in record["evidence"]] == files
    assert [event["text"] for event in record["history"] if event.get("did") == "contact"] == files


@pytest.mark.clause("CS-8")
def test_the_reply_says_what_was_done_the_outcome_and_whether_the_demand_is_met(ledger: Ledger, asked: str) -> None:
    said = (*REPLY, "--say", "met=no", "--say", "why=缺零件", "--say", "next=周五换")
    assert (
        ledger.ok("letter", "reply", asked, *said, "--language", "zh")
        == f"""\
# 处理结果答复

王女士:

您于 2026-11-18 09:00 反映的“门锁坏了”(编号 {asked}),现答复如下。

## 采取的措施
换了锁

## 处理结果
门能锁了

## 您的诉求
- 修好门
- 道歉

以上诉求未能满足。

原因:缺零件

下一步:周五换

如对答复有不同意见,可以找 李娜 再谈,也可以向居委会反映。

锦绣花园

2026-11-18
"""
    )
    assert "This is done.\n" in ledger.ok("letter", "reply", asked, *REPLY, "--say", "met=yes")


@pytest.mark.clause("CS-8")
def test_the_reply_is_due_within_48_hours_and_sending_it_stops_that_clock(ledger: Ledger, asked: str) -> None:
    ledger.ok("transition", asked, "replying", "--at", "09:30", now="2026-11-18T09:30:00+08:00")
    ledger.ok("letter", "reply", asked, *REPLY, "--say", "met=yes", "--sent", "letter", now="2026-11-20T09:30:00+08:00")
    record = shown(ledger, asked, now="2026-11-20T09:45:00+08:00")
    runs = [run for run in record["clocks"] if run["clock"] == "reply"]
    assert [(run["due_at"], run["result"]) for run in runs] == [("2026-11-20T09:30:00+08:00", "met")]
    assert ledger("transition", asked, "following-up", now="2026-11-20T10:00:00+08:00").code == 0


@pytest.mark.clause("CS-8")
@pytest.mark.parametrize(
    ("said", "lacking"),
    [((), "done"), (("met=no",), "why"), (("met=partly", "why=x"), "next"), (("met=yes",), None)],
)
def test_a_reply_that_does_not_say_all_of_it_is_not_written(
    ledger: Ledger, asked: str, said: tuple[str, ...], lacking: str | None
) -> None:
    given = REPLY if said else ()
    outcome = ledger("letter", "reply", asked, *given, *(word for each in said for word in ("--say", each)))
    assert (outcome.code, outcome.err) == (
        (0, "") if lacking is None else (2, f"the text needs to say more: --say {lacking}=TEXT\n")
    )


def test_what_is_lacking_is_asked_for_at_a_terminal(ledger: Ledger, asked: str) -> None:
    with Terminal(ledger, "letter", "reply", asked, *REPLY, "--at", "2026-11-18T16:00") as terminal:
        for name, answer in {"met": "no", "why": "rain", "next": "Friday"}.items():
            terminal.expect(f"{name}: ")
            terminal.type(f"{answer}\n")
        code, text = terminal.finish()
    assert code == 0
    assert "Why: rain\n\nWhat comes next: Friday\n" in text


def test_the_next_body_to_turn_to_is_named_by_the_settings(ledger: Ledger, asked: str) -> None:
    settings = CPL_YAML + "appeal: {zh: 街道物业科, en: the street office}\n"
    (ledger.root / "cpl.yaml").write_text(settings, encoding="utf-8")
    said = ("--say", "done=x", "--say", "outcome=x", "--say", "met=yes")
    assert ", or turn to the street office.\n" in ledger.ok("letter", "reply", asked, *said)
    assert ",也可以向街道物业科反映。\n" in ledger.ok("letter", "reply", asked, *said, "--language", "zh")


@pytest.mark.clause("MA-3")
def test_a_written_complaint_is_answered_in_writing_only_after_the_leader_s_instruction(ledger: Ledger) -> None:
    letter = ledger.open("Noise", "--channel", "letter", "--name", "Mr He", now="2026-11-18T09:00:00+08:00")
    said = ("--say", "answer=We put up a screen.", "--say", "appeal=the council")
    assert ledger("letter", "written-answer", letter, *said, "--sent", "letter") == (
        2,
        "",
        f"{letter}: before 'written answer' comes did:instruct: cpl did {letter} instruct\n",
    )
    ledger.ok("did", letter, "instruct", "text=Screen the yard", "--by", "sun.wei", "--at", "10:00")
    text = ledger.ok("letter", "written-answer", letter, *said)
    assert "孙伟 gave this instruction on 2026-11-18 10:00: Screen the yard\n\nWe put up a screen.\n" in text
    ledger.ok("letter", "written-answer", letter, *said, "--sent", "letter")
    history = shown(ledger, letter)["history"]
    assert [(each["did"], each.get("about")) for each in history[1:]] == [
        ("instruct", None),
        ("contact", "written-reply"),
    ]


@pytest.mark.clause("MA-3")
def test_a_mall_sends_the_written_answer_between_the_instruction_and_the_archive(ledger: Ledger) -> None:
    settings = CPL_YAML.replace("profile: residential", "profile: mall").replace("[manager]", "[department-manager]")
    (ledger.root / "cpl.yaml").write_text(settings, encoding="utf-8")
    shop = ledger.open("漏水", "--channel", "letter", "--room", "B1-023", now="2026-11-18T10:00:00+08:00")
    said = ("--say", "answer=已修好", "--say", "appeal=商场管理部")
    ledger.ok("correct", shop, "nature=valid", "--classify", "--reason", "promised", "--by", "sun.wei", "--at", "10:30")
    refused = ledger("transition", shop, "replying", "--at", "11:00")
    assert f"rule 'instructed' (MA-3) needs did:instruct: cpl did {shop} instruct\n" in refused.err
    assert ledger("letter", "written-answer", shop, *said, "--sent", "letter").code == 2
    ledger.ok("did", shop, "instruct", "text=免费修复", "--by", "sun.wei", "--at", "12:00")
    ledger.ok("transition", shop, "replying", "--at", "13:00")
    refused = ledger("transition", shop, "following-up")
    assert "rule 'in-writing' (MA-3) needs did:contact/written-reply" in refused.err
    ledger.ok("letter", "written-answer", shop, *said, "--language", "zh", "--sent", "letter", "--at", "14:00")
    ledger.ok("transition", shop, "following-up")
    (letter,) = ledger.path(shop).with_suffix("").glob("letter-written-answer-20261118-*.md")
    assert "孙伟于 2026-11-18 12:00 批示:免费修复\n\n已修好\n" in letter.read_text(encoding="utf-8")


@pytest.mark.clause("RQ-4")
def test_a_written_consultation_is_answered_in_writing_within_two_days(ledger: Ledger) -> None:
    args = ("--kind", "consultation", "--channel", "letter")
    letter = ledger.open("Who gets the income?", *args, now="2026-11-16T09:00:00+08:00")
    said = ("--say", "answer=All owners do.", "--say", "appeal=the council")
    ledger.ok("letter", "written-answer", letter, *said, "--sent", "letter", now="2026-11-18T09:00:00+08:00")
    runs = {run["clock"]: (run["due_at"], run["result"]) for run in shown(ledger, letter)["clocks"]}
    assert runs["written-answer"] == ("2026-11-18T09:00:00+08:00", "met")


@pytest.mark.clause("RQ-6")
def test_the_forwarder_gets_outcome_opinion_and_the_complainant_s_latest_state(ledger: Ledger) -> None:
    mine = ledger.open("Noise", now="2026-11-18T09:00:00+08:00")
    assert ledger("letter", "forwarder-report", mine) == (
        2,
        "",
        f"{mine}: before 'report to the forwarder' comes forwarded_by: cpl set {mine} forwarded_by=…\n",
    )
    ledger.ok("set", mine, "forwarded_by=Housing Bureau")
    ledger.ok("follow-up", mine, "--via", "phone", "--not-satisfied")
    said = (
        "--say",
        "outcome=Screened.",
        "--say",
        "opinion=Within the limits.",
        "--say",
        "state=Wants it quiet at noon.",
    )
    assert (
        ledger.ok("letter", "forwarder-report", mine, *said)
        == f"""\
# Report on a forwarded complaint

To Housing Bureau

You forwarded "Noise" to us (our {mine}, received 2026-11-18 09:00).

## Outcome
Screened.

## Our opinion
Within the limits.

## The complainant now
Stage: received. Not satisfied when asked. Wants it quiet at noon.

锦绣花园

2026-11-18
"""
    )
    ledger.ok("letter", "forwarder-report", mine, *said, "--sent", "email")
    event = shown(ledger, mine)["history"][-1]
    assert (event["did"], event["whom"]) == ("forward", "Housing Bureau")
    assert event["text"] == shown(ledger, mine)["evidence"][-1]["file"]


def test_a_letter_is_looked_over_in_the_editor_and_kept_as_it_was_sent(ledger: Ledger, asked: str) -> None:
    editor = ledger.root.parent / "editor"
    editor.write_text('#!/bin/sh\nprintf "With our apologies.\\n" >> "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    env = {"EDITOR": str(editor), "CPL_USER": "li.na"}
    outcome = run_process(ledger, "letter", "acknowledgement", asked, "--edit", "--sent", "email", env=env)
    assert (outcome.code, outcome.out) == (0, f"{asked}: letter acknowledgement sent by email\n")
    (item,) = shown(ledger, asked)["evidence"]
    kept = ledger.path(asked).with_suffix("") / item["file"]
    assert kept.read_text(encoding="utf-8").endswith("With our apologies.\n")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == item["sha256"]


def test_an_edited_letter_that_can_not_be_kept_is_not_lost(ledger: Ledger, asked: str) -> None:
    editor = ledger.root.parent / "editor"
    editor.write_text('#!/bin/sh\nprintf "Mine.\\n" > "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    ledger.path(asked).write_text(ledger.path(asked).read_text("utf-8").replace("门锁", "锁"), encoding="utf-8")
    args = ("letter", "acknowledgement", asked, "--edit", "--sent", "email")
    outcome = run_process(ledger, *args, env={"EDITOR": str(editor), "CPL_USER": "li.na"})
    assert outcome.code == 2
    assert "has changes that are not committed" in outcome.err
    (kept,) = (ledger.root / ".git/cpl/kept").iterdir()
    assert kept.read_text(encoding="utf-8") == "Mine.\n"
    assert str(kept) in outcome.err


def test_a_letter_is_sent_as_other_writes_are_made(ledger: Ledger, asked: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.html"
    args = ("--sent", "email", "--html", "--no-commit", "--by", "sun.wei", "--at", "15:00", "-m", "By mail too")
    assert ledger("letter", "acknowledgement", asked, *args, "-o", str(copy)) == (
        0,
        f"{asked}: letter acknowledgement sent by email (not committed)\n",
        f"written: {copy}; it may hold personal data, so don't commit it\n",
    )
    (item,) = shown(ledger, asked)["evidence"]
    assert item["file"] == f"letter-acknowledgement-20261118-{item['sha256'][:8]}.html"
    kept = ledger.path(asked).with_suffix("") / item["file"]
    assert kept.read_bytes() == copy.read_bytes()
    event = shown(ledger, asked)["history"][-1]
    assert (event["at"], event["by"], event["recorded_by"]) == ("2026-11-18T15:00:00+08:00", "sun.wei", "li.na")
    assert "### 2026-11-18 15:00 sun.wei, email\nBy mail too\n" in ledger.path(asked).read_text(encoding="utf-8")
    assert ledger.git("log", "-1", "--format=%s").startswith(f"{asked}: received")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["acknowledgment", "ID"], "there is no letter 'acknowledgment'; did you mean 'acknowledgement'?\n"),
        (["acknowledgement"], "say about which complaint: cpl letter acknowledgement ID\n"),
        (["acknowledgement", "ID", "--sent", "emial"], "'emial' is not in the profile; did you mean 'email'?\n"),
        (["acknowledgement", "ID", "--say", "why"], "'why' is not NAME=VALUE\n"),
        (["acknowledgement", "ID", "--at", "2027-01-01"], "'2027-01-01' is not an instant like"),
    ],
)
def test_what_can_not_be_sent_is_said(ledger: Ledger, one: str, args: list[str], said: str) -> None:
    before = ledger.git("rev-parse", "HEAD")
    outcome = ledger("letter", *(one if each == "ID" else each for each in args))
    assert (outcome.code, outcome.out, ledger.git("rev-parse", "HEAD")) == (2, "", before)
    assert said in outcome.err


def test_letters_are_listed(ledger: Ledger) -> None:
    assert ledger("letter") == (
        0,
        "name              label                    takes   the store's own\n"
        "----------------  -----------------------  ------  ---------------\n"
        "acknowledgement   acknowledgement          record\n"
        "forwarder-report  report to the forwarder  record\n"
        "progress          progress                 record\n"
        "reply             reply                    record\n"
        "written-answer    written answer           record\n",
        "",
    )
