"""form: every form of FM-1 printed from records, in Chinese and English, as Markdown and as a page; list --room."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from cpl.forms import FORMS, every
from cpl.record import make_id
from tests.ledger import CPL_YAML, ROOT, Ledger

ORDER = make_id(date(2026, 11, 16), "AAAAAA")
COMPLAINT = make_id(date(2026, 11, 17), "BBBBBB")
INCIDENT = make_id(date(2026, 11, 17), "CCCCCC")
INQUIRY = make_id(date(2026, 11, 17), "DDDDDD")
LOST = make_id(date(2026, 11, 17), "EEEEEE")

RECORDS = {
    ORDER: """\
title: 更换门锁
kind: repair
status: closed
category: equipment/access-control
channel: desk
received_at: 2026-11-16T09:00:00+08:00
location: {building: '3', unit: '2', room: '1201'}
complainant: {name: 王女士, phone: '13800001234', role: owner}
lead: li.na
departments: [engineering]
order: {size: minor, paid: true, price: 60, charge: 55.5, crew: [zhao.qiang], appointment: 2026-11-16T14:00:00+08:00}
history:
- {at: 2026-11-16T09:00:00+08:00, by: li.na, to: received}
- {at: 2026-11-16T09:20:00+08:00, by: li.na, did: sign-off, about: price, who: 王女士}
- {at: 2026-11-16T14:00:00+08:00, by: zhao.qiang, did: arrive}
- {at: 2026-11-16T15:00:00+08:00, by: zhao.qiang, did: finish}
- {at: 2026-11-16T15:05:00+08:00, by: zhao.qiang, did: sign-off, about: order, who: 王女士}
- {at: 2026-11-16T16:00:00+08:00, by: li.na, to: replying}
- {at: 2026-11-16T16:05:00+08:00, by: li.na, did: contact, via: phone, about: reply, reached: true}
- at: 2026-11-16T16:10:00+08:00
  by: li.na
  did: follow-up
  via: phone
  reached: true
  satisfied: true
  scores: {quality: 5, attitude: 4}
  about: desk
- {at: 2026-11-16T16:20:00+08:00, by: li.na, to: closed}
---
## Description
锁芯损坏,钥匙拔不出来。

## Result
换了锁芯,试开十次正常。
""",
    COMPLAINT: """\
title: 门锁又坏了
kind: complaint
status: resolving
nature: A
severity: important
category: equipment/access-control
channel: letter
received_at: 2026-11-17T08:00:00+08:00
location: {building: '3', unit: '2', room: '1201'}
complainant: {name: 王女士, phone: '13800001234', role: owner}
lead: li.na
departments: [engineering]
demands: [免费换新, 书面道歉]
forwarded_by: 区住建局
costs: [{text: 锁芯, amount: 30}, {text: 上门两次, amount: 4.5, hours: 1.5}]
history:
- {at: 2026-11-17T08:00:00+08:00, by: li.na, to: received}
- {at: 2026-11-17T08:05:00+08:00, by: zhao.qiang, did: handover}
- {at: 2026-11-17T08:30:00+08:00, by: sun.wei, did: instruct, text: 免费更换}
- {at: 2026-11-17T09:00:00+08:00, by: li.na, did: contact, via: phone, about: acknowledge, reached: true}
- {at: 2026-11-17T09:30:00+08:00, by: li.na, to: resolving}
- at: 2026-11-17T10:00:00+08:00
  by: li.na
  did: follow-up
  via: phone
  reached: true
  satisfied: false
  scores: {quality: 2}
  about: desk
tasks:
- id: t-aaaa
  kind: promise
  text: 周五前换新锁
  who: zhao.qiang
  made_at: 2026-11-17T09:00:00+08:00
  due: 2026-11-20T18:00:00+08:00
---
## Description
上次换的锁芯一天就坏。

## Investigation
锁芯批次不良。

## Plan
更换整锁。

## Handling log
### 2026-11-17 09:05 li.na, phone
她同意周五上门。
""",
    INCIDENT: """\
title: 地下车库突然停电
kind: incident
status: closed
category: equipment/power
channel: phone
received_at: 2026-11-17T19:00:00+08:00
location: {building: '1', spot: 地下车库}
cause: 配电箱跳闸
demands: [三位车主要求退停车费]
lead: li.na
x-damage: 道闸电机烧毁
history:
- {at: 2026-11-17T19:00:00+08:00, by: li.na, to: received}
- {at: 2026-11-17T19:05:00+08:00, by: zhao.qiang, did: arrive}
- {at: 2026-11-17T19:40:00+08:00, by: zhao.qiang, did: finish}
- {at: 2026-11-17T19:50:00+08:00, by: li.na, to: replying}
- {at: 2026-11-17T19:55:00+08:00, by: li.na, did: contact, via: phone, about: reply, reached: true}
- {at: 2026-11-17T20:00:00+08:00, by: li.na, to: closed}
---
## Result
已恢复供电。

## Handling log
### 2026-11-17 19:45 zhao.qiang, note
夜班请每小时看一次配电箱。
""",
    INQUIRY: """\
title: 派出所查询车辆出入
kind: judicial-inquiry
status: received
channel: visit
received_at: 2026-11-17T11:00:00+08:00
lead: li.na
x-hospital: 市第一医院
history:
- {at: 2026-11-17T11:00:00+08:00, by: li.na, to: received}
---
""",
    LOST: """\
title: 更衣室丢失手表
kind: incident
status: received
category: security
channel: desk
received_at: 2026-11-17T12:00:00+08:00
location: {spot: 更衣室}
object: 手表
complainant: {name: 何先生, phone: '13900006666', address: 幸福路 8 号}
lead: li.na
x-value: 3000
history:
- {at: 2026-11-17T12:00:00+08:00, by: li.na, to: received}
- {at: 2026-11-17T12:30:00+08:00, by: li.na, did: sign-off, about: no-police, who: 何先生}
---
""",
}
RESIDENTS = """\
rows:
- id: r-aaaa
  name: 赵奶奶
  location: {building: '3', unit: '2', room: '1201'}
  phone: '13700001111'
  born: 1938
  blood_type: AB+
  history: [高血压, 糖尿病]
  contacts: [{name: 赵刚, relation: 儿子, phone: '13600002222'}]
  visits: {every: 1d}
"""


@pytest.fixture(scope="module")
def filled(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A store with a paid repair order, a complaint, an incident, an inquiry, lost property and a lone resident."""
    root = tmp_path_factory.mktemp("filled") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root)
    for identifier, text in RECORDS.items():
        ledger.put(identifier, f"---\nid: {identifier}\n{text}")
    (root / "records/registers").mkdir()
    (root / "records/registers/residents.yaml").write_text(RESIDENTS, encoding="utf-8")
    return ledger


def test_the_records_of_these_tests_are_right(filled: Ledger) -> None:
    assert filled("check") == (0, "", "5 records: no problems\n")


FACTS = {
    "call-register": (
        ["--month", "2026-11"],
        ["2026-11-16 09:00", "王女士", "13800001234", "3-2-1201", "更换门锁", "李娜", "换了锁芯", "地下车库突然停电"],
        ["客户来电来访登记表", "前台", "共 5 件"],
        ["calls and visits", "desk", "5 in all"],
    ),
    "handling-form": (
        [COMPLAINT],
        [COMPLAINT, "上次换的锁芯一天就坏", "锁芯批次不良", "更换整锁", "孙伟", "免费更换", "她同意周五上门"],
        ["客户投诉处理表", "有效投诉", "重要", "工程部", "不满意", "受理告知"],
        ["handling of a complaint", "important", "not satisfied", "acknowledge"],
    ),
    "request-form": (
        [INQUIRY],
        [INQUIRY, "派出所查询车辆出入", "李娜", "市第一医院"],
        ["客户诉求登记表", "司法调查", "首问责任人", "陪同民警(接待人)签字", "主管批示"],
        ["customer request", "judicial-inquiry", "Officer present (received by), signature", "Instruction"],
    ),
    "request-record": (
        ["--week", "2026-W47"],
        ["王女士", "13800001234", "2026-11-17 08:05", "门锁又坏了"],
        ["诉求(需求)记录表", "投诉", "工程部", "不满意"],
        ["requests", "complaint", "engineering", "not satisfied"],
    ),
    "complaint-record": (
        [COMPLAINT],
        ["2026-11-17 08:05", "王女士", "门锁又坏了", "免费更换", "更换整锁", "quality 2"],
        ["投诉记录表", "工程部", "首次回应", "按时"],
        ["record of a complaint", "engineering", "respond", "met"],
    ),
    "complaint-summary": (
        ["--month", "2026-11"],
        ["门锁又坏了", "王女士"],
        ["投诉记录汇总表", "合计 1 件,已回访 1 件,满意 0 件"],
        ["complaints", "1 in all, 1 asked, 0 satisfied"],
    ),
    "repair-order": (
        [ORDER],
        ["3-2-1201", "60", "55.5", "赵强", "2026-11-16 14:00", "2026-11-16 15:00", "换了锁芯"],
        ["维修单", "第一联:工程部留存", "第二联:返回客服部", "☑ 有偿 ☐ 免费", "小修", "2026-11-16 09:20 王女士"],
        ["repair order", "Copy 1: engineering", "Copy 2: back to the desk", "☑ paid ☐ free", "minor"],
    ),
    "fee-bill": (
        ["--month", "2026-11"],
        ["3-2-1201", "王女士", ORDER, "更换门锁", "60", "55.5"],
        ["管理费收费单", "共 1 户,总计 55.5 元"],
        ["charges on the bill", "1 rooms, 55.5 in all"],
    ),
    "lost-property": (
        [LOST],
        ["何先生", "13900006666", "幸福路 8 号", "手表", "3000", "更衣室"],
        ["客人物品遗失报告", "☐ 要求报警,由保安陪同 ☑ 不报警"],
        ["lost property", "☑ does not want the police"],
    ),
    "damage-report": (
        [INCIDENT],
        ["2026-11-17 19:00", "道闸电机烧毁", "配电箱跳闸", "1 地下车库", "已恢复供电"],
        ["酒店物品损坏报告", "赔偿意见"],
        ["damage", "Compensation"],
    ),
    "duty-log": (
        ["--day", "2026-11-17"],
        [
            "19:00",
            "配电箱跳闸",
            "2026-11-17 19:40",
            "道闸电机烧毁",
            "三位车主要求退停车费",
            "夜班请每小时看一次配电箱",
            "门锁又坏了",
        ],
        ["值班日记", "已接手", "移交下一班", "接班人"],
        ["duty log", "taken over", "For the next shift"],
    ),
    "elderly-register": (
        [],
        ["赵奶奶", "3-2-1201", "1938", "13700001111", "AB+", "高血压", "糖尿病", "赵刚", "儿子", "13600002222"],
        ["空巢老人汇总表", "1 天", "共 1 位"],
        ["lone elderly", "1 day", "1 in all"],
    ),
    "customer-card": (
        ["--room", "3-2-1201"],
        ["王女士", "13800001234", "更换门锁", "门锁又坏了", "周五前换新锁", "55.5", "赵奶奶", "quality 3.5"],
        ["客户卡", "1 / 2", "门禁 2 次,最近 2026-11-17", "34.5 元,1.5 工时"],
        ["customer card", "1 of 2 asked", "2 times, last 2026-11-17", "34.5, 1.5 hours"],
    ),
}


@pytest.mark.clause("FM-1")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", list(FACTS))
def test_every_form_is_printed_from_the_records(filled: Ledger, name: str, language: str) -> None:
    args, facts, chinese, english = FACTS[name]
    outcome = filled("form", name, *args, "--language", language)
    assert (outcome.code, outcome.err) == (0, "")
    assert [each for each in (*facts, *(chinese if language == "zh" else english)) if each not in outcome.out] == []
    if language == "en":
        return
    page = filled.ok("form", name, *args, "--language", language, "--html")
    assert [each for each in facts if each not in page] == []
    assert page.startswith("<!DOCTYPE html>")
    assert "</html>" in page
    assert re.findall(r"<(?:script|link|img|iframe|object)|https?:|url\(", page) == []


@pytest.mark.clause("FM-1")
def test_forms_are_listed_with_their_names(filled: Ledger) -> None:
    assert filled("form") == (
        0,
        "name               label                      takes      the store's own\n"
        "-----------------  -------------------------  ---------  ---------------\n"
        "call-register      call and visit register    records\n"
        "complaint-record   complaint record (mall)    record\n"
        "complaint-summary  list of complaints (mall)  records\n"
        "customer-card      customer card              room\n"
        "damage-report      damage report              record\n"
        "duty-log           duty log                   day\n"
        "elderly-register   register of lone elderly   residents\n"
        "fee-bill           charges on the bill        records\n"
        "handling-form      complaint handling form    record\n"
        "lost-property      lost property report       record\n"
        "repair-order       repair order               record\n"
        "request-form       customer request form      record\n"
        "request-record     record of requests (mall)  records\n",
        "",
    )
    assert set(FACTS) == {form.name for form in every(ROOT, FORMS, "zh")}
    labels = {form.label for form in every(ROOT, FORMS, "zh")}
    stated = "客户来电来访登记表 客户投诉处理表 客户诉求登记表 诉求(需求)记录表 投诉记录表 投诉记录汇总表"
    stated += " 维修单 管理费收费单 客人物品遗失报告 酒店物品损坏报告 值班日记 空巢老人汇总表 客户卡"
    assert labels == set(stated.split())


@pytest.mark.clause("OT-3")
def test_a_repair_order_is_printed_in_two_copies(filled: Ledger) -> None:
    copy = """\
# 锦绣花园 维修单

{copy}

| 单号 | CPL-20261116-AAAAAA6 | 报修时间 | 2026-11-16 09:00 |
|---|---|---|---|
| 客户 | 王女士 | 电话 | 13800001234 |
| 地点 | 3-2-1201 | 受理人 | 李娜 |
| 规模 | 小修 | 预约时间 | 2026-11-16 14:00 |
| 收费 | ☑ 有偿 ☐ 免费 | 报价(元) | 60 |
| 客户认可报价 | 2026-11-16 09:20 王女士 | 认可签名 | |
| 班组 | 赵强 | 到场时间 | 2026-11-16 14:00 |
| 完成时间 | 2026-11-16 15:00 | 实收(元) | 55.5 |

报修内容:更换门锁

锁芯损坏,钥匙拔不出来。

维修情况:

换了锁芯,试开十次正常。

| 客户评价 | 质量 | 态度 | 满意 |
|---|---|---|---|
| 评分 | 5 | 4 | ✓ |

客户签名:王女士 2026-11-16 15:05 ____________________ 维修人签名:____________________ 客服签收:____________________
"""
    copies = [copy.format(copy=each) for each in ("第一联:工程部留存", "第二联:返回客服部")]
    assert ORDER == "CPL-20261116-AAAAAA6"
    assert filled.ok("form", "repair-order", "AAAAAA", "--language", "zh") == "\n---\n\n".join(copies)


@pytest.mark.clause("OT-3")
def test_the_charge_of_a_repair_order_is_on_the_bill_of_the_month_in_which_it_was_done(filled: Ledger) -> None:
    assert (
        filled.ok("form", "fee-bill", "--month", "2026-11", "--language", "zh")
        == f"""\
# 锦绣花园 管理费收费单

| 房号 | 3-2-1201 | 客户 | 王女士 |
|---|---|---|---|
| 费用期间 | 2026-11-01 至 2026-11-30 | 合计(元) | 55.5 |

| 序号 | 完成时间 | 维修单号 | 项目 | 客户认可报价(元) | 金额(元) |
|---|---|---|---|---|---|
| 1 | 2026-11-16 15:00 | {ORDER} | 更换门锁 | 60 | 55.5 |

收款人:____________________ 客户签名:____________________ 日期:______________

---

共 1 户,总计 55.5 元
"""
    )
    assert filled("form", "fee-bill", "--month", "2026-10", "--language", "zh") == (
        0,
        "共 0 户,总计 0 元\n",
        "no complaint\n",
    )


@pytest.mark.clause("CR-3")
@pytest.mark.clause("CR-4")
def test_the_card_of_a_room_tells_who_what_again_how_satisfied_and_at_what_cost(filled: Ledger) -> None:
    assert (
        filled.ok("form", "customer-card", "--room", "1201", "--language", "zh")
        == f"""\
# 锦绣花园 客户卡 1201

| 姓名 | 身份 | 电话 | 邮箱 |
|---|---|---|---|
| 王女士 | owner | 13800001234 |  |

| 诉求 | 2 件 | 满意 | 1 / 2 |
|---|---|---|---|
| 评分 | attitude 4.0 quality 3.5  | 处理成本 | 34.5 元,1.5 工时 |
| 有偿服务(元) | 55.5 | 重复事项 | 门禁 2 次,最近 2026-11-17; |

空巢老人登记在册:赵奶奶,13600002222(见空巢老人汇总表)

## 诉求记录
| 时间 | 编号 | 地点 | 类别 | 事由 | 状态 | 满意 |
|---|---|---|---|---|---|---|
| 2026-11-16 09:00 | {ORDER[-7:]} | 3-2-1201 | 门禁 | 更换门锁 | 归档 | ✓ |
| 2026-11-17 08:00 | {COMPLAINT[-7:]} | 3-2-1201 | 门禁 | 门锁又坏了 | 处理解决 | ✗ |

## 尚未兑现的承诺
| 编号 | 承诺 | 负责人 | 期限 |
|---|---|---|---|
| {COMPLAINT[-7:]} | 周五前换新锁 | 赵强 | 2026-11-20 18:00 |
"""
    )


@pytest.mark.clause("CR-1")
@pytest.mark.parametrize("no_index", [[], ["--no-index"]], ids=["index", "files"])
@pytest.mark.parametrize(
    ("room", "found"),
    [
        ("3-2-1201", 2),
        ("2-1201", 2),
        ("1201", 2),
        ("1201,0902", 2),
        ("4-2-1201", 0),
        ("3-1201", 0),
        ("201", 0),
        ("2-", 0),
        ("", 3),
    ],
)
def test_a_room_is_named_by_building_unit_and_room_or_their_end(
    filled: Ledger, room: str, found: int, no_index: list[str]
) -> None:
    ids = filled.ok("list", "--room", room, "--columns", "id", "--format", "plain", *no_index).split()
    assert ids == ([ORDER, COMPLAINT] if found == 2 else [INQUIRY, LOST, INCIDENT] if found else [])
    assert filled.ok("list", "--room", room, "--limit", "1", "--columns", "id", "--format", "plain").split() == ids[:1]


@pytest.mark.clause("CR-1")
def test_a_room_whose_name_has_a_dash_is_named_whole(ledger: Ledger) -> None:
    shop = ledger.open("Door", "--building", "L", "--room", "B1-023")
    for room, found in {"B1-023": [shop], "b1-023": [shop], "L-B1-023": [shop], "023": [], "1-023": []}.items():
        assert ledger.ok("list", "--room", room, "--columns", "id", "--format", "plain").split() == found


def test_a_form_of_one_record_is_printed_for_several(filled: Ledger) -> None:
    text = filled.ok("form", "complaint-record", ORDER, COMPLAINT)
    assert text.count("# 锦绣花园: record of a complaint\n") == 2
    assert text.index(ORDER) < text.index("\n---\n") < text.index(COMPLAINT)


def test_registers_are_of_a_period_and_of_what_holds(filled: Ledger) -> None:
    def rows(*args: str) -> list[str]:
        return re.findall(r"^\| \d+ \| .*? \| (?:.*? \| ){5}(.*?) \|", filled("form", "call-register", *args).out, re.M)

    assert rows("--day", "2026-11-16") == ["更换门锁"]
    assert rows("--week", "2026-W46") == []
    assert rows("--where", "kind=incident building=1") == ["地下车库突然停电"]
    assert rows("--room", "2-1201", "--month", "2026-11") == ["更换门锁", "门锁又坏了"]
    assert rows(COMPLAINT, ORDER) == ["门锁又坏了", "更换门锁"]
    assert len(rows()) == 5  # of the present month


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["repair-orders"], "there is no form 'repair-orders'; did you mean 'repair-order'?\n"),
        (["../../cpl"], "there is no form '../../cpl'; there are: call-register, "),
        (["repair-order"], "say of which complaint: cpl form repair-order ID…\n"),
        (["customer-card"], "say of which room: cpl form customer-card --room 3-2-1201\n"),
        (["duty-log", "--month", "2026-11"], "this form is of one day: cpl form duty-log --day 2026-11-01\n"),
        (["call-register", "--month", "2026-11", "--week", "2026-W47"], "--month, --week and --day exclude each other"),
        (["call-register", "--month", "2026-13"], "'2026-13' is not a month like 2026-11\n"),
        (["repair-order", "zzzzzzz"], "no record's id has 'zzzzzzz' in it"),
    ],
)
def test_what_can_not_be_printed_is_said(filled: Ledger, args: list[str], said: str) -> None:
    outcome = filled("form", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_a_form_that_can_not_be_read_hides_no_other(ledger: Ledger) -> None:
    folder = ledger.root / "templates/forms"
    folder.mkdir(parents=True)
    everything = ledger.ok("form")
    (folder / "bad.en.md").write_text("---\ntakes: record\n---\n", encoding="utf-8")
    (folder / "link.en.md").symlink_to("/etc/passwd")
    outcome = ledger("form")
    assert (outcome.code, outcome.out) == (0, everything)
    assert [line.partition(": ")[0] for line in outcome.err.splitlines()] == ["unreadable", "unreadable"]
    assert "templates/forms/bad.en.md:2: E021 'label' is missing" in outcome.err


def test_a_form_is_written_to_a_new_private_file_that_is_none_of_the_ledger_s(filled: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "order.html"
    assert filled("form", "repair-order", ORDER, "--html", "-o", str(path)) == (
        0,
        "",
        f"written: {path}; it may hold personal data, so don't commit it\n",
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8") == filled.ok("form", "repair-order", ORDER, "--html")
    assert "something of this name is there already" in filled("form", "repair-order", ORDER, "-o", str(path)).err
    (tmp_path / "link").symlink_to(filled.root / "records")
    for inside in (filled.root / "records/x.md", filled.root / "records/2026/x.md", tmp_path / "link/x.md"):
        outcome = filled("form", "repair-order", ORDER, "-o", str(inside))
        assert (outcome.code, inside.exists()) == (2, False)
        assert "is below records/, where only records and their evidence are; write it elsewhere" in outcome.err


def test_a_store_s_own_form_wins_and_may_have_any_name(ledger: Ledger, one: str) -> None:
    folder = ledger.root / "templates/forms"
    folder.mkdir(parents=True)
    (folder / "repair-order.en.md").write_text("---\nlabel: our order\n---\nOrder {{ record.piece }}\n", "utf-8")
    (folder / "door.zh.md").write_text("---\nlabel: 门\ntakes: records\n---\n{{ records|length }} 件\n", "utf-8")
    assert ledger.ok("form", "repair-order", one) == f"Order {one[-7:]}\n"
    assert ledger.ok("form", "door") == "1 件\n"
    listed = ledger.ok("form", "--list", "--format", "csv").splitlines()
    assert "door,门,records,templates/forms/door.zh.md" in listed
    assert "repair-order,our order,record,templates/forms/repair-order.en.md" in listed


def test_the_language_is_the_store_s(ledger: Ledger, one: str) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML.replace("language: en", "language: zh"), encoding="utf-8")
    assert ledger.ok("form", "repair-order", one).startswith("# 锦绣花园 维修单\n")
    assert ledger.ok("form", "repair-order", one, "--language", "en").startswith("# 锦绣花园: repair order\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no head\n", "templates/forms/bad.en.md:1: E0"),
        ("---\ntakes: record\n---\n", "templates/forms/bad.en.md:2: E021 "),
        ("---\nlabel: x\nlable: y\n---\n", "templates/forms/bad.en.md:3: E020 'lable' is not a known key here"),
        ("---\nlabel: x\ntakes: recrods\n---\n", "bad.en.md:1: 'recrods' is not a value of 'takes'; did you mean"),
        ("---\nlabel: x\nwhere: kind=complain\n---\n", "1: 'where' does not fit: 'complain' is not in the profile"),
        ("---\nlabel: x\nwhere: kin=x\n---\n", "bad.en.md:1: 'where' does not fit: 'kin' is not a field"),
        (
            "---\nlabel: x\n---\n\n{{ record.titel }}\n",
            "bad.en.md:5: there is no 'titel' here; did you mean 'title'?; docs/forms.md lists",
        ),
        ("---\nlabel: x\n---\n{% if record.id %}\n", "bad.en.md:5: "),
    ],
    ids=["head", "label", "key", "takes", "where", "field", "name", "syntax"],
)
def test_what_is_wrong_with_a_template_is_named_with_its_line(ledger: Ledger, one: str, text: str, said: str) -> None:
    folder = ledger.root / "templates/forms"
    folder.mkdir(parents=True)
    (folder / "bad.en.md").write_text(text, encoding="utf-8")
    outcome = ledger("form", "bad", one)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


NASTY = "a|b <b>x</b> `c` *d* [e](http://f) ![g](h) &lt; # i\u202e"
PLAIN_AND_NASTY = """\
title: {text}
kind: complaint
status: received
received_at: 2026-11-16T09:00:00+08:00
location: {{building: {text}, unit: {text}, room: {text}, spot: {text}}}
object: {text}
cause: {text}
complainant: {{name: {text}, phone: {text}, email: {text}, role: {text}, address: {text}}}
lead: {text}
demands: [{text}, {text}]
order: {{paid: true, price: 6, crew: [{text}]}}
forwarded_by: {text}
finding: {{responsible: {text}, text: {text}}}
x-damage: {text}
x-value: {text}
history:
- {{at: 2026-11-16T09:00:00+08:00, by: li.na, to: received}}
- {{at: 2026-11-16T10:00:00+08:00, by: li.na, did: instruct, text: {text}}}
- {{at: 2026-11-16T11:00:00+08:00, by: li.na, did: sign-off, about: price, who: {text}}}
- {{at: 2026-11-16T12:00:00+08:00, by: li.na, did: finish, text: {text}}}
tasks:
- {{id: t-aaaa, kind: promise, text: {text}, who: {text}, due: 2026-11-17T09:00:00+08:00}}
---
## Description
{line}
## Plan
{line}
## Result
{line}
## Handling log
### 2026-11-16 09:05 li.na, phone
{line}
"""


def structure(text: str) -> list[str]:
    """What a text is made of for a reader of Markdown that takes HTML too."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside = [child.type for token in tokens for child in token.children or ()]
    kept = ("text", "text_special", "softbreak", "hardbreak")
    return [token.type for token in tokens] + [each for each in inside if each not in kept]


def test_nothing_that_a_record_says_changes_what_a_form_is_made_of(ledger: Ledger) -> None:
    ids = {}
    for name, text, line in (("AAAAAA", "x", "x"), ("BBBBBB", f'"{NASTY}"', f"> {NASTY}")):
        ids[name] = make_id(date(2026, 11, 16), name)
        front = PLAIN_AND_NASTY.format(text=text, line=line)
        ledger.put(ids[name], f"---\nid: {ids[name]}\n{front}")
    for form in every(ROOT, FORMS, "zh"):
        if form.takes in ("record", "records"):
            plain, nasty = (ledger("form", form.name, each, "--language", "zh") for each in ids.values())
            assert (nasty.code, nasty.err) == (0, ""), form.name
            assert structure(nasty.out) == structure(plain.out), form.name
            assert not re.search("[\x1b\u202e]", nasty.out)
