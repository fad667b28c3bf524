"""The language of messages: how it is chosen, and a catalogue that is complete, in step with the code, and harmless."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cpl import language
from tests import catalogue
from tests.catalogue import Id
from tests.ledger import CPL_YAML, ROOT, Ledger
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
gettext.translation = lambda *_a, **_k: asked.add(sys._getframe(3).f_globals["__name__"]) or gettext.NullTranslations()
import cpl.cli, cpl.language
cpl.language.chosen(["list"], {}, None)
print({each for each in asked if each.startswith("cpl")})
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
