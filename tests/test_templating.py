"""Templates of a hostile store, and values of hostile records: nothing runs, hangs, grows, leaves a cell or a page."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cpl import markdown, sandbox, templating
from cpl.sandbox import Fault, rendered
from cpl.templating import Lacking, Limits, Template, TemplateFault, fill_in
from tests.ledger import Ledger

DATA = {
    "text": "x" * 1000,
    "list": ["a", "b"],
    "map": {"items": "own", "n": 3, "none": None, "yes": True, "no": False},
    "many": list(range(100)),
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ map.items }} {{ map['n'] }} {{ list[0] }} {{ text[:3] }}", "own 3 a xxx"),
        ("{{ list|join('; ') }} {{ list|first }} {{ list|length }}", "a; b a 2"),
        ("{% for each in list %}{{ loop.index }}{{ each }}{% if not loop.last %},{% endif %}{% endfor %}", "1a,2b"),
        ("{% macro cell(value) %}| {{ value }} {% endmacro %}{{ cell('a|b') }}", "| a\\|b "),
        ("{{ 2 * map.n + 1 }} {{ map.none }} {{ map.yes }} {{ map.no }}", "7  ✓ ✗"),
        ("{{ map.x|default('–') }}", "–"),
        ("{{ '|' }} {{ none }} {{ 'a'|upper }}", "\\|  A"),
        ("{% set found %}**{{ list[0] }}**{% endset %}{{ found }}", "**a**"),
    ],
)
def test_a_template_may_use_names_loops_conditions_and_its_own_macros(template: str, text: str) -> None:
    assert rendered(template, DATA) == text


ATTACKS = {
    "class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{% macro f() %}{% endmacro %}{{ f.__init__.__globals__ }}",
    "item": "{{ ''['__class__'] }}",
    "attr": "{{ ''|attr('__class__') }}",
    "map attribute": "{{ list|map(attribute='__class__')|join }}",
    "sort attribute": "{{ list|sort(attribute='__class__')|join }}",
    "method": "{{ text.upper() }}",
    "list method": "{{ list.append(1) }}",
    "format": "{{ '{0.__class__}'.format(1) }}",
    "format map": "{{ '%s' % list }}",
    "width": "{{ '%999999999d' % 1 }}",
    "format filter": "{{ '%999999999d'|format(1) }}",
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "lipsum": "{{ lipsum(100) }}",
    "self": "{{ self.__init__ }}",
    "loop": "{% for a in list %}{{ loop.__class__ }}{% endfor %}",
    "recursive loop": "{% for a in list recursive %}{{ loop(list) }}{% endfor %}",
    "caller": "{{ caller() }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "product": "{{ 9999999999999 * 9999999999999 }}",
    "long text": "{{ 'x' * 999999999 }}",
    "long list": "{{ ([1] * 999999999)|length }}",
    "safe": "{{ text|safe }}",
    "glue": "{% set a %}x{% endset %}{{ a ~ '<b>' }}",
    "sum of texts": "{{ text + text }}",
    "include": "{% include '/etc/passwd' %}",
    "include above": "{% include '../../cpl.yaml' %}",
    "import": "{% import 'forms/repair-order.en.md' as x %}",
    "from": "{% from '/etc/passwd' import x %}",
    "extends": "{% extends '/etc/passwd' %}",
    "block": "{% block a %}{{ self.a() }}{% endblock %}",
    "do": "{% do list.append(1) %}",
    "debug": "{% debug %}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "deep": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep too": "{{ " + "-" * 100_000 + "1 }}",
    "whole list": "{{ list }}",
    "list of its own": "{{ [1, 2] }}",
    "generator": "{{ true|unique }}",
    "unknown": "{{ nothing }}",
    "division": "{{ 1 / 0 }}",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_template_reaches_behind_its_values_or_makes_them_large(attack: str) -> None:
    with pytest.raises(Fault) as refused:
        rendered(f"\n\n{attack}", DATA)
    assert refused.value.line == 3 or "recursion" in refused.value.words


@pytest.mark.parametrize("name", ["class", "include", "include above", "recursion", "range", "method", "glue"])
def test_an_evil_form_is_refused_with_file_line_and_remedy(ledger: Ledger, one: str, name: str) -> None:
    outcome = printed(ledger, one, ATTACKS[name])
    assert (outcome[0], outcome[1]) == (2, "")
    assert re.match(r"templates/forms/evil\.en\.md:[45]: .*; (?:docs/forms\.md|copy the text in|mend)", outcome[2])


def printed(ledger: Ledger, one: str, text: str) -> tuple[int, str, str]:
    folder = ledger.root / "templates/forms"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evil.en.md").write_text(f"---\nlabel: evil\n---\n{text}\n", encoding="utf-8")
    return ledger("form", "evil", one)


BOMBS = {
    "time": ("{% for a in t %}" * 9 + "{% if a == 1 %}x{% endif %}" + "{% endfor %}" * 9, "takes longer than 2 s"),
    "memory": ("{% set a %}{{ t }}{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60, "more than 256 MiB of"),
    "output": ("{% for a in t %}{% for b in t %}" + "x" * 99 + "{% endfor %}" * 2, "more than 1 MiB of text"),
}


@pytest.mark.parametrize(("bomb", "said"), BOMBS.values(), ids=BOMBS.keys())
def test_an_evil_form_neither_hangs_nor_fills_the_memory(ledger: Ledger, one: str, bomb: str, said: str) -> None:
    begun = time.monotonic()
    code, out, err = printed(ledger, one, "{% set t = '" + "t" * 200 + "' %}" + bomb)
    assert (code, out) == (2, "")
    assert err.startswith("templates/forms/evil.en.md:1: the template ")
    assert said in err
    assert time.monotonic() - begun < 20


def test_a_form_s_own_escapes_do_not_reach_the_terminal(ledger: Ledger, one: str) -> None:
    assert printed(ledger, one, "\x1b[31mred\u202e") == (0, "\\x1b[31mred<U+202E>\n", "")


def test_a_template_can_open_no_file_even_if_it_got_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def escaped(_text: str, _context: object) -> str:
        return Path("/etc/passwd").read_text(encoding="utf-8")

    monkeypatch.setattr(sandbox, "rendered", escaped)
    with pytest.raises(RuntimeError, match=r"OSError: \[Errno 24\]"):
        fill_in(Template("t.md", ""), {})


def test_limits_grow_with_the_data() -> None:
    assert Limits.of(0) == Limits(seconds=2, room=256 << 20, output=1 << 20)
    assert Limits.of(3 << 20) == Limits(seconds=5, room=352 << 20, output=25 << 20)


def test_a_child_that_is_killed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templating, "visible_lines", lambda _text: "x" * (Limits.of(2).output + 2))
    with pytest.raises(TemplateFault, match="makes more than 1 MiB of text"):
        fill_in(Template("t.md", "x"), {})


def test_what_was_not_said_is_named() -> None:
    assert fill_in(Template("t.md", "{{ given.why }}"), {"given": {"why": "rain"}}) == "rain"
    with pytest.raises(Lacking, match="--say why=TEXT"):
        fill_in(Template("t.md", "{{ given.why }}"), {})


HOSTILE = {
    "cell": ("a | b || c", "a \\| b \\|\\| c"),
    "newlines": ("a\n\n# b\r\nc", "a # b c"),
    "html": ("<script>alert(1)</script><b>", "&lt;script>alert(1)&lt;/script>&lt;b>"),
    "entity": ("&lt;b&gt; A&B &#60;", "&amp;lt;b&amp;gt; A&B &amp;#60;"),
    "marks": ("*a* _b_ `c` ~d~ \\", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~ \\\\"),
    "link": ("[a](javascript:x) ![b](http://c)", "\\[a\\](javascript:x) !\\[b\\](http://c)"),
    "escapes": ("a\x1b[31mb\x9b0m\u202ec", "a \\[31mb 0m c"),
    "formula": ("=1+1", "=1+1"),
}


@pytest.mark.parametrize(("value", "cell"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_value_is_text_in_a_form(ledger: Ledger, value: str, cell: str) -> None:
    assert markdown.inline(value) == cell
    shown = ledger.open("Door", "--name", value, "--field", f"cause={value}")
    table = "| {{ record.complainant.name }} | x |\n|---|---|\n| {{ record.cause }} | y |"
    code, out, err = printed(ledger, shown, table)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"\| .* \| x \|\n\|---\|---\|\n\| .* \| y \|\n", out)
    page = MarkdownIt("commonmark").enable("table").render(out)
    assert page.count("<td>") == 2
    assert page.count("<th>") == 2
    assert set(re.findall(r"</?(\w+)", page)) == {"table", "thead", "tbody", "tr", "th", "td"}


READER = MarkdownIt("commonmark").enable("table")  # with HTML, which is the worst that may happen


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("|#*_-+=>`~[]()!<&\\\n\t 1.)"), max_size=60))
def test_any_text_is_one_cell_and_nothing_but_paragraphs(text: str) -> None:
    table = READER.parse(f"| h | x |\n|---|---|\n| {markdown.inline(text)} | y |\n")
    assert [token.type for token in table].count("td_open") == 2
    inside = [child.type for token in table for child in token.children or ()]
    assert set(inside) <= {"text", "text_special"}
    tokens = READER.parse(markdown.block(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    inside = [child.type for token in tokens for child in token.children or ()]
    assert set(inside) <= {"text", "text_special", "hardbreak", "softbreak"}


def test_a_page_has_no_html_of_a_text_no_script_and_no_link() -> None:
    make = markdown.pages(title="<b>\x1b", language="zh")
    page = make("# a\n\n<script>x</script> [a](http://b) ![c](http://d) <http://e>\n\n| a |\n|---|\n| b |\n")
    body = page.partition("<body>")[2]
    assert set(re.findall(r"<(\w+)", body)) == {"h1", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert "<title>&lt;b&gt;\\x1b</title>" in page
    assert "default-src 'none'" in page
    assert "@page { size: A4 portrait" in page
    assert 'lang="zh"' in page
    assert "size: A4 landscape" in markdown.pages(title="", language="en", landscape=True)("")
