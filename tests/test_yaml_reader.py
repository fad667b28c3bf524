"""The strict reader: what it accepts and as what, what it refuses and where, and that other readers agree."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml import nodes as ruamel

from cpl.errors import Problem
from cpl.yaml_faults import conflict_markers
from cpl.yaml_nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, Source, plain_data
from cpl.yaml_reader import read

PATH = "records/a.md"


def accepted(text: str) -> Node:
    node, problems = read(Source(PATH, text), 0, len(text))
    assert problems == []
    assert node is not None
    return node


def problems_of(text: str) -> list[Problem]:
    return read(Source(PATH, text), 0, len(text))[1]


def child(node: Node | None, *path: str | int) -> ScalarNode:
    for key in path:
        if isinstance(node, SequenceNode):
            node = node.items[int(key)]
        elif isinstance(node, MappingNode):
            node = node.get(str(key))
    assert isinstance(node, ScalarNode)
    return node


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("a: b\n", {"a": "b"}, id="one entry"),
        pytest.param("a: b", {"a": "b"}, id="no newline at the end"),
        pytest.param("a: b\r\nc:\r\n- d\r\n", {"a": "b", "c": ["d"]}, id="CRLF"),
        pytest.param("# x\n\n  # y\na: b # z\n# end", {"a": "b"}, id="comments"),
        pytest.param("a:   b   \n", {"a": "b"}, id="odd spacing"),
        pytest.param("a : b\n'c' : d\n\"e\": f\n", {"a": "b", "c": "d", "e": "f"}, id="keys"),
        pytest.param("a:\nb: # c\n", {"a": None, "b": None}, id="nothing behind the colon"),
        pytest.param("a: ''\nb: \"\"\n", {"a": "", "b": ""}, id="empty text"),
        pytest.param(
            "a: no\nb: 0302\nc: 1e5\nd: 12:30\n", {"a": "no", "b": "0302", "c": "1e5", "d": "12:30"}, id="text"
        ),
        pytest.param("a: b#c d:e [f] {g}, -h\n", {"a": "b#c d:e [f] {g}, -h"}, id="plain punctuation"),
        pytest.param("a: -5\nb: --x\n", {"a": "-5", "b": "--x"}, id="plain with a dash first"),
        pytest.param("标题: 3号楼：门禁，坏\u3000了\n", {"标题": "3号楼：门禁，坏\u3000了"}, id="Chinese"),
        pytest.param("a: 'it''s: # [x]'\n", {"a": "it's: # [x]"}, id="single quotes"),
        pytest.param(r'a: "\"\\\/\t\n\x41\u00e9\U0001f600\_\ "' + "\n", {"a": '"\\/\t\nAé😀\xa0 '}, id="escapes"),
        pytest.param('a: "\\\t"\n', {"a": "\t"}, id="escaped tab"),
        pytest.param("a: 'b\tc'\n# d\te\n", {"a": "b\tc"}, id="tab in quotes and comment"),
        pytest.param("a:\n  b: c\n  d:\n    e: f\ng: h\n", {"a": {"b": "c", "d": {"e": "f"}}, "g": "h"}, id="deeper"),
        pytest.param("a:\n- b\n-\n- 'c'\nd: e\n", {"a": ["b", None, "c"], "d": "e"}, id="list at the key's indent"),
        pytest.param("a:\n  - b: c\n    d: e\n  - f\n", {"a": [{"b": "c", "d": "e"}, "f"]}, id="mapping in a list"),
        pytest.param("a:\n-   b: c\n    d:\n    - e\n", {"a": [{"b": "c", "d": ["e"]}]}, id="wide dash"),
        pytest.param("a:\n-\n  b: c\n- - d\n  - e\n", {"a": [{"b": "c"}, ["d", "e"]]}, id="list in a list"),
        pytest.param("- a\n- b: c\n", ["a", {"b": "c"}], id="list at the root"),
        pytest.param("{a: b}\n", {"a": "b"}, id="braces at the root"),
        pytest.param(
            "a: { b: c , d : [ e,f, ], g: , 'h': \"i\" }\n",
            {"a": {"b": "c", "d": ["e", "f"], "g": None, "h": "i"}},
            id="flow",
        ),
        pytest.param(
            "a: [\n  b, # x\n  # y\n\n  c\n]\nd: {e:\n  f\n }\n",
            {"a": ["b", "c"], "d": {"e": "f"}},
            id="flow over lines",
        ),
        pytest.param("a: []\nb: {}\nc: [ ]\nd: { }\n", {"a": [], "b": {}, "c": [], "d": {}}, id="empty flow"),
        pytest.param("a:\n  [b,\n   c]\n", {"a": ["b", "c"]}, id="flow on the next line"),
        pytest.param("a: {b: c:d, e: x#y}\n", {"a": {"b": "c:d", "e": "x#y"}}, id="colon and hash in flow"),
        pytest.param("a: |\n  b\n   c: #d\n\n  \te\n\n\nf: g\n", {"a": "b\n c: #d\n\n\te\n", "f": "g"}, id="literal"),
        pytest.param("a: |-\n  b\n\nc: |+ # x\n d\n\ne: f\n", {"a": "b", "c": "d\n\n", "e": "f"}, id="chomping"),
        pytest.param("a: |\n\n  b\n   \n", {"a": "\nb\n \n"}, id="literal with empty lines"),
        pytest.param("a: |\r\n  b\r\n  c\r\n", {"a": "b\nc\n"}, id="literal in CRLF"),
        pytest.param("a: |\n  b", {"a": "b"}, id="literal at the end without newline"),
        pytest.param("a: |\nb: |+\n\nc: |-\n", {"a": "", "b": "\n", "c": ""}, id="empty literal"),
        pytest.param("a:\n- |\n x\n- y\n", {"a": ["x\n", "y"]}, id="literal in a list"),
        pytest.param("a: |\n  b\n # c\nd: e\n", {"a": "b\n", "d": "e"}, id="comment behind a literal"),
        pytest.param("a: <<\nb: =\n", {"a": "<<", "b": "="}, id="merge sign as value"),
    ],
)
def test_read_gives_texts(text: str, data: Any) -> None:
    assert plain_data(accepted(text)) == data
    assert as_tree(accepted(text)) == ruamel_tree(text)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "  \n\n# x"])
def test_read_of_nothing_is_none(text: str) -> None:
    assert read(Source(PATH, text), 0, len(text)) == (None, [])


REFUSED = {
    "full-width colon": ("a: b\ntitle：x\n", 2, "E005"),
    "full-width colon first": ("title：x\n", 1, "E005"),
    "full-width colon below a key": ("a:\n  b：c\n", 2, "E005"),
    "full-width colon in flow": ("a: {b：c}\n", 1, "E005"),
    "no blank behind the colon": ("a:b\n", 1, "E005"),
    "no blank behind the colon in flow": ("a: {b:c}\n", 1, "E005"),
    "quoted key without blank in flow": ("a: {'b':c}\n", 1, "E005"),
    "empty value without blank in flow": ("a: {b:, c: d}\n", 1, "E005"),
    "tab as indent": ("a:\n\tb: c\n", 2, "E005"),
    "tab first": ("\ta: b\n", 1, "E005"),
    "tab behind the colon": ("a:\tb\n", 1, "E005"),
    "tab before the value": ("a: \tb\n", 1, "E005"),
    "tab within a text": ("a: b\tc\n", 1, "E005"),
    "tab on an empty line": ("a: b\n\t\nc: d\n", 2, "E005"),
    "tab in flow": ("a: [b,\tc]\n", 1, "E005"),
    "tab in flow behind a text": ("a: [b\t]\n", 1, "E005"),
    "tab before a comment": ("a: b\t# c\n", 1, "E005"),
    "colon within a text": ("a: b: c\n", 1, "E005"),
    "colon at the end of a text": ("a: b:\n", 1, "E005"),
    "colon within a text in flow": ("a: [b: c]\n", 1, "E005"),
    "text over lines": ("a: b\n  c\n", 2, "E006"),
    "text over lines in a list": ("a:\n- b\n  c\n", 3, "E006"),
    "text over lines in flow": ("a: [b\n  c]\n", 2, "E006"),
    "text below its key": ("a:\n  b\n", 2, "E005"),
    "quoted text below its key": ("a:\n  'b'\n", 2, "E005"),
    "quotes over lines": ("a: 'b\n  c'\n", 1, "E006"),
    "quotes not closed": ("a: 'b\nc: d\n", 1, "E005"),
    "double quotes not closed": ('a: "b\\"\n', 1, "E005"),
    "quotes not closed at the end": ("a: 'b", 1, "E005"),
    "text behind quotes": ("a: 'b' c\n", 1, "E005"),
    "colon behind quotes": ("a: 'b': c\n", 1, "E006"),
    "comment without blank": ("a: 'b'#c\n", 1, "E005"),
    "comment without blank in flow": ("a: ['b',#c\n]\n", 1, "E005"),
    "comment at once in flow": ("a: [#c\n]\n", 1, "E005"),
    "unknown escape": ('a: "\\q"\n', 1, "E005"),
    "surrogate escape": ('a: "\\ud83d\\ude00"\n', 1, "E005"),
    "escape beyond Unicode": ('a: "\\U00110000"\n', 1, "E005"),
    "escape with too few digits": ('a: "\\x4"\n', 1, "E005"),
    "list on the key's line": ("a: - b\n", 1, "E005"),
    "list behind an entry": ("a: b\n- c\n", 2, "E005"),
    "key behind a list": ("- a\nb: c\n", 2, "E005"),
    "key behind braces": ("{a: b}\nc: d\n", 2, "E005"),
    "indent at the root": ("  a: b\n", 1, "E005"),
    "indent too deep": ("a:\n  b: c\n   d: e\n", 3, "E006"),
    "indent too deep behind quotes": ("a:\n  b: 'c'\n   d: e\n", 3, "E005"),
    "indent between": ("a:\n    b: c\n  d: e\n", 3, "E005"),
    "indent of a list item": ("a:\n  - 'b'\n   - c\n", 3, "E005"),
    "key beside a list": ("a:\n  - b\n  c: d\n", 3, "E005"),
    "no key": ("a: b\nhello\n", 2, "E005"),
    "key in flow without value": ("a: {b: c, d}\n", 1, "E005"),
    "bracket not closed": ("a: [b, c\nd: e\n", 1, "E005"),
    "brace not closed": ("x: y\na: {b: c\n", 2, "E005"),
    "bracket not closed before a list": ("a: [b,\n- c\n", 1, "E005"),
    "wrong bracket": ("a: [b}\n", 1, "E005"),
    "bracket within a text in flow": ("a: {b: c[d}\n", 1, "E005"),
    "empty item in flow": ("a: [b, , c]\n", 1, "E005"),
    "comma first in flow": ("a: [, b]\n", 1, "E005"),
    "text behind brackets": ("a: [b] c\n", 1, "E005"),
    "question mark in flow": ("a: [b?c]\n", 1, "E005"),
    "reserved @": ("a: @b\n", 1, "E005"),
    "reserved backtick": ("a: `b\n", 1, "E005"),
    "colon first": ("a: :b\n", 1, "E005"),
    "brackets as key": ("[a]: b\n", 1, "E006"),
    "braces as key": ("a:\n  {b: c}: d\n", 2, "E006"),
    "comma first": ("a: ,b\n", 1, "E005"),
    "anchor": ("a: &b c\n", 1, "E006"),
    "alias": ("a: *b\n", 1, "E006"),
    "tag": ("a: !!str b\n", 1, "E006"),
    "anchor on a key": ("&a b: c\n", 1, "E006"),
    "folded text": ("a: >\n  b\n", 1, "E006"),
    "folded text in a list": ("a:\n- >-\n  b\n", 2, "E006"),
    "indent digit": ("a: |2\n  b\n", 1, "E006"),
    "literal in flow": ("a: [|\n  b]\n", 1, "E006"),
    "literal below its key": ("a:\n  |\n  b\n", 2, "E006"),
    "text behind a literal's sign": ("a: | b\n", 1, "E006"),
    "literal with blanks above": ("a: |\n     \n  b\n", 3, "E005"),
    "complex key": ("? a\n: b\n", 1, "E006"),
    "complex key in flow": ("a: {? b : c}\n", 1, "E006"),
    "directive": ("%YAML 1.2\na: b\n", 1, "E006"),
    "value with a percent sign first": ("a: %b\n", 1, "E006"),
    "further document": ("a: b\n---\nc: d\n", 2, "E006"),
    "further document on a line with a key": ("a: b\n--- c: d\n", 2, "E006"),
    "more dashes": ("a: b\n-----\n", 2, "E006"),
    "dashes and an ideographic blank": ("a: b\n----\u3000\n", 2, "E006"),
    "end of document": ("a: b\n...\n", 2, "E006"),
    "merge key": ("a: {<<: b}\n", 1, "E006"),
    "duplicate key": ("a: b\nc: d\na: e\n", 3, "E007"),
    "duplicate key in quotes": ("x: {a: b, 'a': c}\n", 1, "E007"),
    "depth": ("a: [[[[[[[[b]]]]]]]]\n", 1, "E008"),
    "null": ("a: null\n", 1, "E009"),
    "Null in flow": ("a: {b: Null}\n", 1, "E009"),
    "NULL in a list": ("a: [NULL]\n", 1, "E009"),
    "tilde": ("a:\n- ~\n", 2, "E009"),
    "tilde as key": ("~: a\n", 1, "E009"),
    "null as key in flow": ("a: {null: b}\n", 1, "E009"),
    "bell": ("a: 'b\x07'\n", 1, "E010"),
    "delete": ("a: b\n# \x7f\n", 2, "E010"),
    "C1": ("a: b\x9bc\n", 1, "E010"),
    "next line": ("a: b\x85c: d\n", 1, "E010"),
    "line separator": ("a: 'b\u2028c'\n", 1, "E010"),
    "byte order mark": ("a: b\ufeff\n", 1, "E010"),
    "no character": ("a: b\uffff\n", 1, "E010"),
    "lone CR": ("a: b\rc: d\n", 1, "E010"),
    "escaped bell": ('a: "\\a"\n', 1, "E010"),
    "escaped CR": ('a: "\\r"\n', 1, "E010"),
    "escaped line separator": ('a: "\\L"\n', 1, "E010"),
    "escaped C1": ('a: "\\x9b"\n', 1, "E010"),
    "long key": (f"{'a' * 501}: b\n", 1, "E005"),
}


@pytest.mark.parametrize(("text", "line", "code"), REFUSED.values(), ids=REFUSED)
def test_read_refuses(text: str, line: int, code: str) -> None:
    assert [(each.line, each.code) for each in problems_of(text)] == [(line, code)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title：x\n", "the colon is full-width (：); write 'title: x'"),
        ("title:x\n", "behind the colon a blank is missing; write 'title: x'"),
        ("a: b: c\n", "': ' stands within a text; put the text in quotes: 'b: c'"),
        ("a: b\na: c\n", "the key 'a' stands here again, first in line 1; keep one of them"),
        ("a: b\x85\n", "the character U+0085 is not allowed; remove it"),
        ('a: "\\e"\n', "the character U+001B is not allowed; remove it"),
        ("a: ~\n", "'~' is not used here; leave the value out, or put the text in quotes"),
        ("a: [b\nc: d\n", "'[' is not closed"),
        ("a: {b: c d, e}\n", "here should stand 'key: value', not 'e}'; put a text that holds a comma in quotes"),
        ("a: [b'c' [\n", "here should stand ',' or ']', not '['; put such a text in quotes"),
        ("hello\n", "here should stand 'key: value', not 'hello'"),
        (f"{'x' * 50}\n", f"here should stand 'key: value', not '{'x' * 40}…'"),
        ("a: [[[[[[[[]]]]]]]]\n", "nested deeper than 8 levels"),
        ("a: b\n---\n", "'---' stands for the end of the data; remove the line"),
    ],
)
def test_message_names_value_and_remedy(text: str, message: str) -> None:
    assert message in [each.message for each in problems_of(text)]


@pytest.mark.parametrize(
    ("text", "data", "warnings"),
    [
        ("a: {b: 主管老化,未按计划更换}\n", {"a": {"b": "主管老化,未按计划更换"}}, ["W005"]),
        ("a: {b: x,y,z, c: d}\n", {"a": {"b": "x,y,z", "c": "d"}}, ["W005"]),
        ("a: {b: c,d: e}\n", {"a": {"b": "c", "d": "e"}}, []),
        ("a: {b: [c,d]}\n", {"a": {"b": ["c", "d"]}}, []),
        ("a: {b: c,}\n", {"a": {"b": "c"}}, []),
    ],
    ids=["text goes on", "twice", "a further key", "items of a list", "trailing comma"],
)
def test_comma_without_blank_goes_on_with_the_text_and_is_warned_of(text: str, data: Any, warnings: list[str]) -> None:
    node, problems = read(Source("x.md", text), 0, len(text))
    assert plain_data(node) == data
    assert [each.code for each in problems] == warnings


@pytest.mark.parametrize("text", ["a: {b: 'c',d}\n", "a: {b: [c],d}\n", "a: {b: c,d：e}\n", "a: {b: ,d}\n"])
def test_comma_behind_anything_but_plain_text_is_an_error(text: str) -> None:
    assert [each.code for each in problems_of(text)] == ["E005"]


def test_depth_counts_block_and_flow_alike() -> None:
    assert plain_data(accepted("a: [[[[[[[b]]]]]]]\n")) == {"a": [[[[[[["b"]]]]]]]}
    block = "".join(f"{'  ' * level}a:\n" for level in range(9))
    assert [(each.line, each.code) for each in problems_of(block)] == [(9, "E008")]
    node, problems = read(Source(PATH, "a: [b]\n"), 0, 7, max_depth=1)
    assert (plain_data(node), [each.code for each in problems]) == ({}, ["E008"])


@pytest.mark.parametrize("text", ["a: " + "[" * 30_000, "a: " + "{b: " * 30_000, "- " * 30_000, "\x00" * 200_000])
def test_hostile_text_is_refused_at_once(text: str) -> None:
    begin = process_time()
    problems = problems_of(text + "\n")
    assert 1 <= len(problems) <= 20
    assert process_time() - begin < 1


def test_many_problems_stay_cheap() -> None:
    begin = process_time()
    assert len(problems_of("a: b\n" * 10_000)) == 9_999
    assert len(problems_of("a: [\n" * 10_000)) == 10_000
    assert process_time() - begin < 5


def test_reading_goes_on_at_the_next_key_of_the_root() -> None:
    text = "a: [b\nc: &d e\nf: g\n  h: i\nj: 'k'\nl: |\n  m\nn\nbad\n'o': p\n"
    node, problems = read(Source(PATH, text), 0, len(text))
    assert [(each.line, each.code) for each in problems] == [
        (1, "E005"),
        (2, "E006"),
        (4, "E006"),
        (8, "E005"),
    ]
    assert plain_data(node) == {"f": "g", "j": "k", "l": "m\n", "o": "p"}


def test_nothing_readable_is_an_empty_mapping() -> None:
    node, problems = read(Source(PATH, "# x\nhello\n"), 0, 10)
    assert node == MappingNode([], False, 4, 4, Source(PATH, ""))
    assert [each.line for each in problems] == [2]


def test_unreadable_braces_at_the_root_are_none() -> None:
    assert read(Source(PATH, "[a\n"), 0, 3) == (None, [Problem(PATH, 1, "E005", "'[' is not closed")])


def test_second_of_two_equal_keys_is_left_out() -> None:
    node, _problems = read(Source(PATH, "a: b\na: c\n"), 0, 10)
    assert plain_data(node) == {"a": "b"}


def test_only_the_given_lines_are_read() -> None:
    text = "---\na: b\n---\nx: &y\n"
    node, problems = read(Source(PATH, text), 4, 9)
    assert (plain_data(node), problems) == ({"a": "b"}, [])
    assert read(Source(PATH, "---\na: &b\n---\n"), 4, 10)[1][0].line == 2


def test_nodes_carry_marks_style_and_comment() -> None:
    text = "a: b # c\nd: {'e': \"f\", g: h # i\n}\nj:\n- k\n-\nl: |\n  m\n  n\no: # p\n"
    source = Source(PATH, text)
    node = accepted(text)

    def scalar(value: str, style: Any, start: int, length: int, commented: bool = False) -> ScalarNode:
        return ScalarNode(value, style, start, start + length, source, commented)

    braces = MappingNode(
        [
            Entry(scalar("e", "single", 13, 3), scalar("f", "double", 18, 3)),
            Entry(scalar("g", "plain", 23, 1), scalar("h", "plain", 26, 1, True)),
        ],
        True,
        12,
        33,
        source,
    )
    items = SequenceNode([scalar("k", "plain", 39, 1), scalar("", "plain", 42, 0)], False, 37, 42, source, [37, 41])
    assert node == MappingNode(
        [
            Entry(scalar("a", "plain", 0, 1), scalar("b", "plain", 3, 1, True)),
            Entry(scalar("d", "plain", 9, 1), braces),
            Entry(scalar("j", "plain", 34, 1), items),
            Entry(scalar("l", "plain", 43, 1), scalar("m\nn\n", "literal", 46, 9)),
            Entry(scalar("o", "plain", 56, 1), scalar("", "plain", 58, 0)),
        ],
        False,
        0,
        58,
        source,
    )
    assert [each.value.line for each in node.entries] == [1, 2, 5, 7, 10]
    assert node.line == 1


def test_literal_ends_with_its_last_line() -> None:
    for header, end in [("|", 8), ("|-", 9), ("|+", 11)]:
        text = f"a: {header}\n  b\n\n\nc: d\n"
        assert child(accepted(text), "a").end == end, header


@pytest.mark.parametrize(
    ("text", "commented"),
    [
        ("a: 3号楼 #2单元\n", True),
        ("a: b\n", False),
        ("a: 'b' # c\n", False),
        ("a: b#c\n", False),
        ("a: # c\n", False),
    ],
)
def test_commented_marks_plain_text_that_a_comment_follows(text: str, commented: bool) -> None:
    assert child(accepted(text), "a").commented is commented
    assert child(accepted("x:\n- " + text), "x", 0, "a").commented is commented


def test_commented_within_brackets() -> None:
    node = accepted("a: [b, # x\n c # y\n]\nd: ['e' # z\n]\n")
    commented = [child(node, "a", 0), child(node, "a", 1), child(node, "d", 0)]
    assert [each.commented for each in commented] == [False, True, False]


def test_item_of_a_list_is_commented() -> None:
    assert [child(accepted("- a # b\n- c\n"), index).commented for index in (0, 1)] == [True, False]


def test_get_finds_a_key_or_nothing() -> None:
    node = accepted("a: b\nc: d\n")
    assert isinstance(node, MappingNode)
    assert node.get("c") is node.entries[1].value
    assert node.get("e") is None


def test_absent_is_only_empty_plain_text() -> None:
    node = accepted("a:\nb: ''\nc: d\ne: |\n")
    assert [child(node, key).is_absent for key in "abce"] == [True, False, False, False]
    assert plain_data(None) is None


def test_lines_are_counted_from_one() -> None:
    source = Source(PATH, "a\nbc\n\nd")
    assert [source.line(offset) for offset in range(7)] == [1, 1, 2, 2, 2, 3, 4]


CONFLICT = "<<<<<<< ours\na: b\n||||||| base\na: c\n=======\na: d\n>>>>>>> theirs\n"


def test_a_conflict_is_one_problem() -> None:
    message = "a merge left conflict markers ('{}'); keep what is right and remove them (a record: cpl settle)"
    text = f"x: y\n{CONFLICT}z: &a\n{CONFLICT}"
    expected = [Problem(PATH, line, "E011", message.format("<<<<<<<")) for line in (2, 10)]
    assert problems_of(text) == expected


@pytest.mark.parametrize("marker", ["<<<<<<<", "|||||||", "=======", ">>>>>>> x"])
def test_a_marker_left_over_is_a_problem(marker: str) -> None:
    assert [(each.line, each.code) for each in problems_of(f"a: b\n{marker}\nc: d\n")] == [(2, "E011")]


def test_underlines_of_headings_are_no_conflict() -> None:
    source = Source(PATH, "Heading\n=======\n")
    assert conflict_markers(source, 0, 16, prose_from=0) == []
    assert [each.line for each in conflict_markers(source, 0, 16, prose_from=9)] == [2]
    assert conflict_markers(Source(PATH, "========\n<<<<<<<<\n >>>>>>>\n"), 0, 27) == []
    text = "Heading\n" + CONFLICT
    assert [each.line for each in conflict_markers(Source(PATH, text), 0, len(text), prose_from=0)] == [2]


def as_tree(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, SequenceNode):
        return [as_tree(item) for item in node.items]
    return {"pairs": [(as_tree(each.key), as_tree(each.value)) for each in node.entries]}


def ruamel_tree(text: str) -> Any:
    def tree(node: Any) -> Any:
        if isinstance(node, ruamel.ScalarNode):
            return node.value
        if isinstance(node, ruamel.SequenceNode):
            return [tree(item) for item in node.value]
        return {"pairs": [(tree(key), tree(value)) for key, value in node.value]}

    return tree(YAML(typ="rt", pure=True).compose(text))


PIECES = [
    *("a", "b", "1", "x-y", "门禁", "- ", "-", ":", ": ", ", ", ",", "{", "}", "[", "]", "'", '"', "it''s", "\\n", "#"),
    *(" # c", "?", "!", "&", "*", "~", "null", "%", "@", "=", "<<", "：", "-1", "--", "---", "...", "`", "::", " :x"),
    *("|", "\n|", "a: b", "k: ", "\nk: ", "\nm: ", "\nn:\n", "\n- ", "\n  - ", "\n  ", "\n    ", " ", "  ", "\n"),
    *("'q'", '"q\\u0041"', "{a: b, c: d}", "[a, b]", "[a,\n  b]", "|\n  t\n", "|-\n   t\n\n", "|+\n t\n\n"),
    *("\n   \n", "\r\n", "\t", "\u3000", "\xa0", "\n\n"),
]


@given(
    st.sampled_from(["", "a: ", "a:\n", "k:\n- ", "{", "a: ["]),
    st.lists(st.sampled_from(PIECES), max_size=12),
)
@settings(max_examples=600, deadline=None)
def test_whatever_is_accepted_reads_the_same_elsewhere(begin: str, pieces: list[str]) -> None:
    text = begin + "".join(pieces)
    node, problems = read(Source(PATH, text), 0, len(text))
    if node is not None and not problems:
        assert as_tree(node) == ruamel_tree(text)


@given(st.text(st.sampled_from("a:-#'\"[]{},|>\\ \n\r\t：\x07\u2028門"), max_size=40))
@settings(max_examples=600, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    node, problems = read(Source(PATH, text), 0, len(text))
    assert all(1 <= each.line <= text.count("\n") + 1 for each in problems)
    if node is not None and not problems:
        assert as_tree(node) == ruamel_tree(text)


plain_texts = st.text(st.sampled_from("ab1门 -:#,.'\"?x\u3000"), max_size=8).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
words = st.sampled_from(["a", "门禁", "x y", "12:30", "no", "a#b", "t-1", "3号楼"])
inline = st.recursive(
    plain_texts | words | st.just('"\\t\\u95e8"'),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=3).map(
            lambda items: "{ " + ",\n   ".join(f"k{i}: {v}" for i, v in enumerate(items)) + "}"
        )
    ),
    max_leaves=6,
)


@st.composite
def blocks(draw: st.DrawFn, indent: int = 0, depth: int = 1) -> str:
    """Lines of a block mapping that must be accepted."""
    pad, newline = " " * indent, "\n"
    lines = []
    for number in range(draw(st.integers(1, 3))):
        comment = draw(st.sampled_from(["", "  # c", " #"]))
        kind = draw(st.sampled_from(["inline", "literal", "list", "mapping", "nothing"] if depth < 4 else ["inline"]))
        key = f"{pad}{draw(st.sampled_from(['k', '键', chr(39) + 'q: ']))}{number}"
        key += "'" if "'" in key else ""
        if kind == "inline":
            lines.append(f"{key}:  {draw(inline)}{comment}")
        elif kind == "literal":
            lines.append(f"{key}: {draw(st.sampled_from(['|', '|-', '|+']))}{comment}\n{pad}   x: y\n\n{pad}    z #\n")
        elif kind == "list":
            items = draw(st.lists(inline, min_size=1, max_size=2))
            lines.append(f"{key}:{comment}\n" + newline.join(f"{pad}- {item}" for item in items))
        elif kind == "mapping":
            inner = draw(st.integers(1, 3))
            lines.append(f"{key}:{comment}\n" + draw(blocks(indent + inner, depth + 1)).rstrip("\n"))
        else:
            lines.append(f"{key}:{comment}\n\n{pad}# c")
    return newline.join(lines) + newline


@given(blocks(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_yaml_that_records_use_is_accepted(text: str, crlf: bool) -> None:
    text = text.replace("\n", "\r\n") if crlf else text
    assert as_tree(accepted(text)) == ruamel_tree(text)
