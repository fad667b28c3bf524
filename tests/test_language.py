"""The language of messages: how it is chosen, and a catalogue that is complete, in step with the code, and harmless."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from wcwidth import wcswidth

from cpl import checking, language
from cpl.cli.help_text import HelpFormatter
from cpl.parallel import in_order
from tests import catalogue
from tests.catalogue import Id
from tests.ledger import CPL_YAML, ONE, ROOT, Ledger, instant
from tests.processes import environment, run_process

PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}|%\((\w+)\)|\x08")
CHINESE = CPL_YAML.replace("language: en", "language: zh")


@pytest.mark.parametrize(
    ("words", "env", "settings", "expected"),
    [
        (["--lang", "zh", "list"], {"CPL_LANG": "en"}, "language: en", "zh"),
        (["--lang=en", "list"], {"CPL_LANG": "zh"}, "language: zh", "en"),
        (["list", "--lang", "zh"], {}, "", "en"),
        (["list"], {"CPL_LANG": "zh", "LANG": "en_US.UTF-8"}, "language: en", "zh"),
        (["list"], {"CPL_LANG": "fr"}, "language: zh", "zh"),
        (["list"], {"LANG": "zh_CN.UTF-8"}, "format: 1\nlanguage: en # of the desk", "en"),
        (["list"], {"LC_ALL": "C"}, "format: 1\nlanguage: 'zh'\n", "zh"),
        (["list"], {"LANG": "zh_CN.UTF-8"}, "people:\n- {language: en}", "zh"),
        (["list"], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "", "en"),
        (["list"], {"LANG": "zh_TW.UTF-8", "LC_MESSAGES": "de_DE"}, "", "en"),
        (["list"], {"LANG": "zh"}, "language: fr", "zh"),
        (["list"], {}, "language: [\x00", "en"),
    ],
)
def test_language_is_that_of_the_option_the_variable_the_store_or_the_locale(
    tmp_path: Path, words: list[str], env: dict[str, str], settings: str, expected: str
) -> None:
    (tmp_path / "cpl.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "records").mkdir()
    assert language.chosen(words, env, tmp_path / "records") == expected
    assert language.chosen(["-C", str(tmp_path), *words], env, Path("/")) == expected
    assert language.chosen([f"-C{tmp_path}", *words], env, None) == expected


@pytest.mark.parametrize("marker", ["nothing", "folder", "too large"])
def test_settings_that_can_not_be_read_do_not_keep_cpl_from_speaking(tmp_path: Path, marker: str) -> None:
    path = tmp_path / "cpl.yaml"
    if marker == "folder":
        path.mkdir()
    elif marker == "too large":
        path.write_bytes(b"language: zh\n" + b"#" * (1 << 20))
    assert language.chosen([], {"LANG": "zh_CN"}, tmp_path) == "zh"


def test_one_run_after_another_speaks_its_own_language(ledger: Ledger) -> None:
    english = ledger("show", "7k3").err
    chinese = ledger("--lang", "zh", "show", "7k3").err
    assert chinese != english
    assert ledger("show", "7k3").err == english
    help_of = ledger.ok("--help")
    assert ledger.ok("--lang", "zh", "--help") != help_of
    assert ledger.ok("--help") == help_of


def test_a_language_that_cpl_does_not_speak_is_refused(ledger: Ledger) -> None:
    outcome = ledger("--lang", "fr", "list")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (
        2,
        "Error: Invalid value for '--lang': 'fr' is not one of 'en', 'zh'.\n",
    )
    assert run_process(ledger, "list", env={"CPL_LANG": "fr"}).err == outcome.err


def names(message: Id | None) -> list[list[str]]:
    """The placeholders of each form of a message."""
    forms = (message or "",) if isinstance(message, str) or message is None else message
    return [sorted({found[0] for found in PLACEHOLDER.finditer(form)}) for form in forms]


def test_every_message_is_translated_with_its_placeholders() -> None:
    messages = [each for each in catalogue.read() if each.id]
    assert [each.id for each in messages if not each.string or each.fuzzy or not all(each.string)] == []
    assert [each.id for each in messages if names(each.string)[-1] != names(each.id)[-1]] == []
    own = [each.id for each in messages if not catalogue.is_of_click(each)]
    assert [each for each in own if not {*names(each)[0]} <= {*names(each)[-1]}] == []


def test_catalogue_holds_the_messages_of_the_code_and_no_others() -> None:
    kept = catalogue.read()
    own = {each.id for each in kept if each.id and not catalogue.is_of_click(each)}
    assert own == catalogue.of_cpl(), "run: python -m tests.catalogue"
    if f"X-Click-Version: {catalogue.click_version()}" in catalogue.PO.read_text(encoding="utf-8"):
        assert catalogue.of_click() - {each.id for each in kept} == set(), "run: python -m tests.catalogue"


def test_catalogue_is_written_and_compiled_by_the_tool() -> None:
    renewed = catalogue.renewed(catalogue.read())
    assert catalogue.PO.read_bytes() == catalogue.as_po(renewed), "run: python -m tests.catalogue"
    assert catalogue.MO.read_bytes() == catalogue.as_mo(renewed), "run: python -m tests.catalogue"


def test_no_word_is_looked_up_before_the_language_is_known() -> None:
    code = """
import gettext, sys
asked = set()

class Spy(gettext.NullTranslations):
    def gettext(self, message):
        asked.add(sys._getframe(3).f_globals["__name__"])
        return message

gettext.NullTranslations = Spy
import cpl.cli, cpl.language
cpl.language.chosen(["list"], {}, None)
print("click.decorators" in asked, {each for each in asked if each.startswith("cpl")}, "locale" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True set() False\n", "")


@pytest.fixture(scope="module")
def speaking(pristine_with_one: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A store whose language is Chinese, and in which nothing is preferred."""
    root = tmp_path_factory.mktemp("speaking") / "estate"
    shutil.copytree(pristine_with_one, root, symlinks=True)
    (root / "cpl.yaml").write_text(CHINESE, encoding="utf-8")
    ledger = Ledger(root, env={"CPL_LANG": ""})
    ledger.commit("speak Chinese")
    return ledger


def test_tables_are_told_in_the_language_of_the_store_and_data_in_english(speaking: Ledger) -> None:
    columns = ["--columns", "id,title,status,due"]
    assert speaking.ok("list", *columns).splitlines()[0].split() == ["标识", "标题", "状态", "到期"]
    assert speaking.ok("list", *columns, "--format", "markdown").startswith("| 标识 | 标题 | 状态 | 到期 |\n")
    english = Ledger(speaking.root)
    assert english.ok("list", *columns).splitlines()[0].split() == ["id", "title", "status", "due"]
    commands = [
        *(["list", *columns, "--format", fmt] for fmt in ("plain", "json", "jsonl", "csv")),
        ["overdue", "--at", "2026-11-20T16:00", "--format", "csv"],
        ["calendar", "show", "2026-10", "--format", "json"],
        ["summary", "--format", "json"],
        ["show", ONE, "--format", "json"],
        ["explain", ONE, "--format", "json"],
    ]
    assert [args for args in commands if speaking(*args).out != english(*args).out] == []


def test_people_are_told_names_by_the_labels_of_the_store(speaking: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    shutil.copytree(speaking.root, root, symlinks=True)
    ledger = Ledger(root, env={"CPL_LANG": ""})
    taken = ledger("open", "-t", "龙头漏水", "--kind", "报修", "--channel", "微信", "--category", "供水")
    one = taken.out.partition(":")[0]
    assert taken.err.splitlines()[1:3] == [
        "微信：报修、咨询、建议，可附照片；紧急情况请打热线；24 小时内答复，即 2026-11-19 16:00 前",
        f"交给 工程部 (RO-2)；下一步：cpl assign {one[-7:]} --department engineering",
    ]
    assert ledger.ok("assign", one) == f"{one}: 交给 工程部\n"
    assert ledger.ok("transition", one, "处理解决") == f"{one}: 受理 → 处理解决\n"
    wanted = ["list", "--kind", "报修", "--columns", "status,kind,category,channel,departments"]
    assert ledger.ok(*wanted).splitlines()[2].split() == ["处理解决", "报修", "供水", "微信", "工程部"]
    assert ledger.ok(*wanted, "--format", "plain") == "resolving\trepair\tequipment/water\twechat\tengineering\n"
    assert ledger.ok("search", "龙头").splitlines()[2].split()[1] == "处理解决"
    assert "  首次回应  " in ledger.ok("overdue", "--at", "2026-12-01T00:00")
    shown = re.sub(" +", " ", ledger.ok("show", one))
    assert ("kind repair 报修\n" in shown, "departments engineering 工程部\n" in shown) == (True, True)
    assert ledger.git("log", "-1", "--format=%s") == f"{one}: received → resolving\n"


def test_record_and_commit_are_the_same_in_every_language(pristine_with_one: Path, tmp_path: Path) -> None:
    kept = []
    for name in ("en", "zh"):
        root = tmp_path / name
        shutil.copytree(pristine_with_one, root, symlinks=True)
        ledger = Ledger(root, env={"CPL_LANG": name})
        ledger.ok("contact", ONE, "--via", "phone", "--about", "acknowledge", "-m", "told")
        ledger.ok("assign", ONE, "--department", "engineering")
        ledger.ok("task", ONE, "add", "Look at it", "--due", "2026-11-19")
        ledger.ok("correct", ONE, "nature=A", "--classify", "--reason", "seen")
        said = ledger.ok("note", ONE, "-m", "part ordered")
        kept.append((ledger.path(ONE).read_text(encoding="utf-8"), ledger.git("log", "--format=%B")))
        assert said == f"{ONE}: {'note' if name == 'en' else '记事'}\n"
    assert kept[0] == kept[1]


def test_a_message_tells_what_was_done_in_the_language_of_the_run(speaking: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    shutil.copytree(speaking.root, root, symlinks=True)
    ledger = Ledger(root, env={"CPL_LANG": ""})
    assert ledger.ok("contact", ONE, "--via", "电话", "--about", "acknowledge") == f"{ONE}: 经电话联系，受理告知\n"
    assert ledger.ok("correct", ONE, "nature=有效投诉", "--classify", "--reason", "看过") == f"{ONE}: nature 无 → 'A'\n"
    refused = ledger("transition", ONE, "归档")
    assert refused == (
        2,
        "",
        f"{ONE}：从 'received 受理' 没有到 'closed 归档' 的流转；可转到：investigating 调查核实, resolving 处理解决, "
        "replying 结果反馈, on-hold 暂缓, declined 不予受理, referred 转介, withdrawn 撤销\n",
    )
    ledger.path(ONE).unlink()
    ledger.git("add", "--all")
    judged = run_process(ledger, "check", "--staged", env={"CPL_LANG": ""})
    assert "E100 记录被删除" in judged.out
    assert run_process(ledger, "check", "--staged").out != judged.out


def test_words_of_click_are_translated(speaking: Ledger) -> None:
    assert run_process(speaking, "list", "--opne", env={"CPL_LANG": ""}) == (
        2,
        "",
        "用法： cpl list [OPTIONS]\n帮助请用 'cpl list --help'。\n\n错误：没有选项 '--opne'。 是否想写 '--open'？\n",
    )


def test_help_of_every_command_is_in_chinese(speaking: Ledger) -> None:
    for name in ("open", "hooks", "calendar"):
        out = run_process(speaking, name, "--help", env={"CPL_LANG": ""}).out
        assert out.startswith(f"用法： cpl {name} ")
        assert "\n  示例：\n" in out
        told = out.partition("示例：")[0] + out.partition("选项:\n")[2]
        assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", told), told


def test_saved_summary_has_the_language_of_the_store_whoever_saves_it(speaking: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    shutil.copytree(speaking.root, root, symlinks=True)
    assert Ledger(root)("summary", "--save", "--format", "json").err == "written: reports/2026-W47.md\n"
    saved = (root / "reports" / "2026-W47.md").read_text(encoding="utf-8")
    assert saved.startswith("# 投诉数据 2026-W47\n\n## 概况\n")


def test_other_processes_speak_the_same_language(speaking: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    shutil.copytree(speaking.root, root, symlinks=True)
    paths = [f"records/2026/11/18/{each}.md" for each in ("CPL-20261118-AAAAAA2", "CPL-20261118-BBBBBBB")]
    for path in paths:
        (root / path).write_text("nothing\n", encoding="utf-8")
    with language.speaking("zh"):
        about = checking._About(frozenset[str](), instant("2026-11-18T16:00"), are_many=False, proving=False)
        groups = in_order(partial(checking._judge, root, {}, "zh", about), [paths], processes=2, enough=1)
        found = [each for verdicts in groups for verdict in verdicts for each in verdict.problems]
    assert {each.message for each in found} == {"第一行不是 '---'；文件头须从那里开始"}


def test_help_fits_the_terminal(speaking: Ledger) -> None:
    env = {"CPL_LANG": "", "COLUMNS": "60"}
    for args in (["--help"], ["sync", "--help"], ["summary", "--help"]):
        lines = run_process(speaking, *args, env=env).out.partition("示例：")[0].splitlines()
        assert [line for line in lines if wcswidth(line) > 60 and not line.startswith("    cpl ")] == []
        assert [line for line in lines if line.strip()[:1] in tuple("，。；：、）")] == []


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("受理投诉。\n输出其标识，\n2 件", 10, "受理投诉。\n输出其标\n识，2 件\n"),
        ("由 git 合并记录 PATH", 10, "由 git 合\n并记录\nPATH\n"),
        ("一二三四（五）六", 10, "一二三四\n（五）六\n"),
        ("\b\n示例：\n  cpl list --open --sort", 10, "示例：\n  cpl list --open --sort\n"),
        ("一\n\n二", 10, "一\n\n二\n"),
    ],
)
def test_wide_text_is_wrapped_by_columns(text: str, width: int, expected: str) -> None:
    formatter = HelpFormatter(width=width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cpl.cli.help_text._NARROWEST", 1)
        formatter.write_text(text)
    assert formatter.getvalue() == expected
