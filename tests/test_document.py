"""Documents keep every byte that is not changed, and every other tool reads them the same."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpl import document, opinion, sections, splicing
from cpl.document import Document, new, parse
from cpl.errors import Invalid, Problem
from cpl.sections import add_to_section, section, set_section
from cpl.splicing import Edit, insert_item, insert_items, remove, set_value, set_values, spliced
from cpl.yaml_nodes import MappingNode, ScalarNode, SequenceNode
from cpl.yaml_writer import Value

PATH = "records/a.md"
ORDER = ("id", "title", "status", "location", "history", "tasks", "evidence")


def doc_of(text: str) -> Document:
    doc, problems = parse(text.encode(), PATH)
    assert problems == []
    assert doc is not None
    return doc


def front(text: str) -> Document:
    return doc_of(f"---\n{text}---\nbody\n")


def front_text(doc: Document) -> str:
    return doc.text[len("---\n") : doc.front_end]


def problems_of(data: bytes) -> list[tuple[int, str, str]]:
    doc, problems = parse(data, PATH)
    assert doc is None
    return [(each.line, each.code, each.message) for each in problems]


def test_parse_finds_the_parts() -> None:
    doc = doc_of("---\na: b\nc: [d]\n---\nbody\n---\nmore\n")
    assert (doc.data, doc.body, doc.newline, doc.bom) == ({"a": "b", "c": ["d"]}, "body\n---\nmore\n", "\n", False)
    assert (doc.front_end, doc.body_start, doc.text[doc.front_end : doc.body_start]) == (16, 20, "---\n")
    value = doc.front.get("c")
    assert value is not None
    assert (value.line, value.source.path) == (3, PATH)


@pytest.mark.parametrize(
    ("data", "newline", "bom", "body"),
    [
        (b"---\na: b\n---\n", "\n", False, ""),
        (b"---\na: b\n---", "\n", False, ""),
        (b"---  \na: b\n---\t\nx", "\n", False, "x"),
        (b"---\r\na: b\r\n---\r\nx\r\n", "\r\n", False, "x\r\n"),
        (b"---\r\na: b\n---\nx\r\n", "\r\n", False, "x\r\n"),
        (b"---\na: b\r\n---\r\n", "\n", False, ""),
        (b"\xef\xbb\xbf---\na: b\n---\n\xef\xbb\xbf", "\n", True, "\ufeff"),
    ],
)
def test_encode_gives_the_bytes_that_were_read(data: bytes, newline: str, bom: bool, body: str) -> None:
    doc, problems = parse(data, PATH)
    assert problems == []
    assert doc is not None
    assert (doc.encode(), doc.data) == (data, {"a": "b"})
    assert (doc.newline, doc.bom, doc.body) == (newline, bom, body)
    assert not doc.text.startswith("\ufeff")


NO_FRONT = "the first line is not '---'; the front matter must begin there"
NO_END = "no line '---' closes the front matter; add it above the text"
NO_MAPPING = "the front matter must hold lines such as 'title: …'"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"---\na: \xd6\xd0\n---\n", (2, "E001", "byte 0xD6 at offset 7 is not UTF-8; save the file as UTF-8")),
        (b"\xff\xfe-\x00", (1, "E001", "byte 0xFF at offset 0 is not UTF-8; save the file as UTF-8")),
        (b"", (1, "E003", NO_FRONT)),
        (b"a: b\n---\n", (1, "E003", NO_FRONT)),
        (b"\n---\na: b\n---\n", (1, "E003", NO_FRONT)),
        (b"----\na: b\n---\n", (1, "E003", NO_FRONT)),
        (b"\xef\xbb\xbf\xef\xbb\xbf---\na: b\n---\n", (1, "E003", NO_FRONT)),
        (b"---", (1, "E004", NO_END)),
        (b"---\na: b\n ---\n--- x\n", (1, "E004", NO_END)),
        (b"---\n---\n", (2, "E012", NO_MAPPING)),
        (b"---\n# x\n---\n", (2, "E012", NO_MAPPING)),
        (b"---\n- a\n---\n", (2, "E012", NO_MAPPING)),
        (b"---\n[a\n---\n", (2, "E005", "'[' is not closed")),
    ],
)
def test_what_is_no_document(data: bytes, problem: tuple[int, str, str]) -> None:
    assert problems_of(data) == [problem]


def test_limits_are_in_bytes() -> None:
    begin, end = b"---\na: b\n", b"---\n"
    assert parse(begin + end + b"x" * (1024 * 1024 - 13), PATH)[1] == []
    message = "the file has 1048577 bytes, the limit is 1048576; move long texts into evidence files"
    assert problems_of(begin + end + b"x" * (1024 * 1024 - 12)) == [(1, "E002", message)]
    filler = "# 门\n".encode() * (256 * 1024 // 6)
    assert parse(b"---\n" + filler + b"a:\n" + end, PATH)[1] == []
    assert [each[:2] for each in problems_of(b"---\n" + filler + b"a: bc\n" + end)] == [(1, "E002")]


def test_problems_come_with_what_could_be_read() -> None:
    doc, problems = parse(b"---\na: b\nc: &d e\nf: ~\n---\n", PATH)
    assert [(each.line, each.code) for each in problems] == [(3, "E006"), (4, "E009")]
    assert doc is not None
    assert doc.data == {"a": "b", "f": "~"}


@pytest.mark.parametrize("line", ["----", "-----  ", "----\u3000"])
def test_dashes_in_the_front_matter_are_refused(line: str) -> None:
    doc, problems = parse(f"---\na: b\n{line}\nc: d\n---\n".encode(), PATH)
    assert [(each.line, each.code) for each in problems] == [(3, "E006")]
    assert doc is not None
    assert opinion.second_opinion(doc) != []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("---\na: b\n---\nx\n<<<<<<< ours\ny\n=======\nz\n>>>>>>> theirs\n", [(5, "E011")]),
        ("---\na: b\n<<<<<<< ours\nc: d\n=======\nc: e\n>>>>>>> theirs\n---\nx\n", [(3, "E011")]),
        ("---\na: b\n<<<<<<< ours\n---\nx\n=======\n---\ny\n>>>>>>> theirs\n", [(3, "E011")]),
        ("---\na: b\n---\nHeading\n=======\n", []),
        ("---\na: b\n=======\n---\n", [(3, "E011")]),
        ("---\na: b\n---\n>>>>>>>\n", [(4, "E011")]),
        ("<<<<<<< ours\n---\na: b\n---\n", [(1, "E003"), (1, "E011")]),
    ],
)
def test_conflict_markers_are_found_anywhere(text: str, found: list[tuple[int, str]]) -> None:
    assert [(each.line, each.code) for each in parse(text.encode(), PATH)[1]] == found


Change = Callable[[Document], Document]


def change_of(name: str, *args: Any, **options: Any) -> Change:
    change = getattr(sections, name, None) or getattr(splicing, name)
    return lambda doc: change(doc, *args, **options)


def put(path: str, value: Any, order: tuple[str, ...] = ()) -> Change:
    return change_of("set_value", keys(path), value, order=order)


def insert(path: str, index: int, value: Any) -> Change:
    return change_of("insert_item", keys(path), index, value, order=ORDER)


def drop(path: str) -> Change:
    return change_of("remove", keys(path))


def keys(path: str) -> list[str | int]:
    return [int(key) if key.isdigit() else key for key in path.split(".")]


CHANGES = {
    "scalar": ("a: b\nc:   d   # e\nf: g\n", put("c", "x"), "a: b\nc:   x   # e\nf: g\n"),
    "scalar gets the quotes it needs": ('a: "b"\n', put("a", "no"), "a: 'no'\n"),
    "scalar keeps apart from a comment": ("a: 门 # c\n", put("a", "门 禁"), "a: '门 禁' # c\n"),
    "word stays plain before a comment": ("a: b # c\n", put("a", "x/y"), "a: x/y # c\n"),
    "quotes stay before a comment": ("a: 'b' # c\n", put("a", "it"), "a: 'it' # c\n"),
    "quotes do not stay for a number": ("a: 'b' # c\n", put("a", 12), "a: 12 # c\n"),
    "quotes stay doubled before a comment": ("a: 门 # c\n", put("a", "it's 门"), "a: 'it''s 门' # c\n"),
    "list before a comment gets a text": ("a: [b] # c\n", put("a", "门"), "a: '门' # c\n"),
    "scalar gets a list": ("a: b # c\n", put("a", ["x", "y, z"]), "a: [x, 'y, z'] # c\n"),
    "scalar gets a list of mappings": ("a: b\nc: d\n", put("a", [{"x": 1}]), "a:\n- {x: 1}\nc: d\n"),
    "absent value": ("a:   # b\nc: d\n", put("a", "x"), "a: x   # b\nc: d\n"),
    "absent value without comment": ("a:\nc: d\n", put("a", {"x": "w"}), "a: {x: w}\nc: d\n"),
    "absent value gets a key": ("a:\nc: d\n", put("a.x.v", "z"), "a: {x: {v: z}}\nc: d\n"),
    "absent list gets an item": ("a:\nc: d\n", insert("a", 0, {"x": "w"}), "a:\n- {x: w}\nc: d\n"),
    "literal": ("a: | # b\n  c\n\n  d\n\n# e\nf: g\n", put("a", "x"), "a: x\n\n# e\nf: g\n"),
    "kept literal": ("a: |+\n  c\n\n\nf: g\n", put("a", "x"), "a: x\nf: g\n"),
    "empty literal": ("a: |\nf: g\n", put("a", "x"), "a: x\nf: g\n"),
    "text over lines": ("a: b\n", put("a", "x\ny"), 'a: "x\\ny"\n'),
    "block mapping": ("a: # b\n  c: d # e\n  f: g # h\n# i\nj: k\n", put("a", {"x": "w"}), "a: {x: w}\n# i\nj: k\n"),
    "block list": ("a:\n- b\n- c # d\n\ne: f\n", put("a", ["x"]), "a: [x]\n\ne: f\n"),
    "block list gets mappings": ("a:\n  - b\ne: f\n", put("a", [{"x": "w"}]), "a:\n- {x: w}\ne: f\n"),
    "flow on the next line": ("a:\n  [b,\n   c] # d\ne: f\n", put("a", "x"), "a: x\ne: f\n"),
    "flow over lines": ("a: [\n  b # c\n] # d\ne: f\n", put("a", ["x"]), "a: [x] # d\ne: f\n"),
    "flow gets a list of mappings": ("a: [] # d\ne: f\n", put("a", [{"x": "w"}]), "a:\n- {x: w} # d\ne: f\n"),
    "in braces": ("a: { b:  c , d: e } # f\n", put("a.b", "x, y"), "a: { b:  'x, y' , d: e } # f\n"),
    "mapping in braces": ("a: {b: c}\n", put("a.b", [{"x": "w"}]), "a: {b: [{x: w}]}\n"),
    "absent in braces": ("a: {b: , c: d}\n", put("a.b", "x"), "a: {b: x , c: d}\n"),
    "deep in a block": ("a:\n- b:\n    e: f # g\n- h\n", put("a.0.b.e", "x"), "a:\n- b:\n    e: x # g\n- h\n"),
    "block in a block": ("a:\n- b: c\n  d:\n    e: f\n- h\n", put("a.0.d", ["x"]), "a:\n- b: c\n  d: [x]\n- h\n"),
    "mappings in a block": ("a:\n  b: c\n", put("a.b", [{"x": "w"}]), "a:\n  b:\n  - {x: w}\n"),
    "key with a colon": ("'a: b' :  c\n", put("a: b", "x"), "'a: b' :  x\n"),
    "item of a block list": ("a:\n- b # c\n- d\n", put("a.0", {"x": "w"}), "a:\n- {x: w} # c\n- d\n"),
    "block item of a block list": ("a:\n-   b: c\n    d: e\n- f\n", put("a.0", "x"), "a:\n- x\n- f\n"),
    "absent item": ("a:\n-  # b\n- c\n", put("a.0", "x"), "a:\n- x  # b\n- c\n"),
    "item of a flow list": ("a: [ b,c ]\n", put("a.1", "x y"), "a: [ b,x y ]\n"),
    "item behind the last": ("a: [b]\n", put("a.1", "x"), "a: [b, x]\n"),
    "key of an item behind the last": ("a: [b]\n", put("a.1.c", "x"), "a: [b, {c: x}]\n"),
    "new key": ("a: b\n# c\n", put("x", "w"), "a: b\nx: w\n# c\n"),
    "new key in its order": ("id: a\n# b\nhistory: c\nx-d: e\n", put("title", "w", ORDER),
                             "id: a\ntitle: w\n# b\nhistory: c\nx-d: e\n"),
    "new key in its order, one missing": ("id: a\nhistory: c\nx-d: e\n", put("evidence", [], ORDER),
                                          "id: a\nhistory: c\nevidence: []\nx-d: e\n"),
    "new key before all": ("# b\ntitle: c\n", put("id", "w", ORDER), "# b\nid: w\ntitle: c\n"),
    "new key that the order lacks": ("id: a\nz: b\n", put("x", "w", ORDER), "id: a\nz: b\nx: w\n"),
    "new key behind a block": ("id: a\nlocation:\n  b: |\n    c\n\n  # d\nz: e\n", put("history", [], ORDER),
                               "id: a\nlocation:\n  b: |\n    c\nhistory: []\n\n  # d\nz: e\n"),
    "new parents": ("a: b\n", put("c.d.e", "x"), "a: b\nc: {d: {e: x}}\n"),
    "order counts at the root only": ("a:\n  title: b\n", put("a.id", "x", ORDER), "a:\n  title: b\n  id: x\n"),
    "new key in braces": ("a: {b: c}\n", put("a.x", "w"), "a: {b: c, x: w}\n"),
    "new key in padded braces": ("a: { b: c, } # d\n", put("a.x", "w"), "a: { b: c, x: w, } # d\n"),
    "new key in empty braces": ("a: { } # b\n", put("a.x", "w"), "a: {x: w } # b\n"),
    "new key behind an absent one": ("a: {b: }\n", put("a.x", "w"), "a: {b: , x: w }\n"),
    "new key in braces over lines": ("a: {\n  b: c, # d\n  }\n", put("a.x", "w"), "a: {\n  b: c, # d\n  x: w,\n  }\n"),
    "new key in a mapping in a list": ("a:\n- b: c\n- d\n", put("a.0.x", "w"), "a:\n- b: c\n  x: w\n- d\n"),
    "new key in braces at the root": ("{a: b}\n", put("x", "w"), "{a: b, x: w}\n"),
    "append to a block list": ("a:\n- b # c\n# d\ne: f\n", insert("a", 1, "x"), "a:\n- b # c\n- x\n# d\ne: f\n"),
    "append to an indented list": ("a:\n  - b: c\n    d: e\nf: g\n", insert("a", 1, {"x": "w"}),
                                   "a:\n  - b: c\n    d: e\n  - {x: w}\nf: g\n"),
    "insert into a block list": ("a:\n- b\n# c\n- d\n", insert("a", 1, "x"), "a:\n- b\n- x\n# c\n- d\n"),
    "insert before a block list": ("a:\n  # c\n  - b\n", insert("a", 0, "x"), "a:\n  # c\n  - x\n  - b\n"),
    "insert into a list in a list": ("a:\n- - b\n  - c\n", insert("a.0", 0, "x"), "a:\n- - x\n  - b\n  - c\n"),
    "append to a flow list": ("a: [b,c]\n", insert("a", 2, "x"), "a: [b,c, x]\n"),
    "append behind a trailing comma": ("a: [ b, c, ] # d\n", insert("a", 2, "x"), "a: [ b, c, x, ] # d\n"),
    "insert into a flow list": ("a: [ b, c ]\n", insert("a", 1, "x"), "a: [ b, x, c ]\n"),
    "insert before a flow list": ("a: [b]\n", insert("a", 0, "x"), "a: [x, b]\n"),
    "append to a list over lines": ("a: [\n   b, # c\n   d # e\n]\n", insert("a", 2, "x"),
                                    "a: [\n   b, # c\n   d, # e\n   x\n]\n"),
    "insert into a list over lines": ("a: [\n   b, # c\n   d\n]\n", insert("a", 1, "x"),
                                      "a: [\n   b, # c\n   x,\n   d\n]\n"),
    "append behind a comment": ("a: [b # c\n]\n", insert("a", 1, "x"), "a: [b, # c\n  x\n]\n"),
    "append before a comment": ("a: [b, # c\n]\n", insert("a", 1, "x"), "a: [b, x, # c\n]\n"),
    "append to an empty list": ("a: b\nc: []  # d\n", insert("c", 0, "x"), "a: b\nc: [x]  # d\n"),
    "append a mapping to an empty list": ("c: []\nd: e\n", insert("c", 0, {"x": "w"}), "c:\n- {x: w}\nd: e\n"),
    "append to an empty list in braces": ("a: {b: [ ]}\n", insert("a.b", 0, {"x": "w"}), "a: {b: [{x: w}]}\n"),
    "append to a missing list": ("id: a\nx-b: c\n", insert("tasks", 0, {"x": 1}), "id: a\ntasks:\n- {x: 1}\nx-b: c\n"),
    "append to a missing list deeper": ("a: {b: c}\n", insert("a.d", 0, "x"), "a: {b: c, d: [x]}\n"),
    "remove an entry": ("a: b\nc: d # e\n# f\ng: h\n", drop("c"), "a: b\n# f\ng: h\n"),
    "remove a block": ("a:\n  b:\n  - c\n  - d\n  e: f\ng: h\n", drop("a.b"), "a:\n  e: f\ng: h\n"),
    "remove a literal": ("a: |\n  b\n\nc: d\n", drop("a"), "\nc: d\n"),
    "remove behind a kept literal": ("a:\n  b: |+\n    c\n\n  d: e\n\n# f\n", drop("a.d"),
                                     "a:\n  b: |+\n    c\n\n# f\n"),
    "remove behind a literal in a list": ("a:\n- |\n  b\n- c\n  # d\n# e\n- f\n", drop("a.1"),
                                          "a:\n- |\n  b\n# d\n# e\n- f\n"),
    "remove behind a literal in a mapping": ("a:\n  b:\n  - |\n    c\nd: e\n     # f\ng: h\n", drop("d"),
                                             "a:\n  b:\n  - |\n    c\n# f\ng: h\n"),
    "remove what is not there": ("a: b\n", drop("c.d"), "a: b\n"),
    "remove an item": ("a:\n- b\n- c: d\n  e: f\n- g\n", drop("a.1"), "a:\n- b\n- g\n"),
    "remove the last item": ("a: # b\n- c # d\ne: f\n", drop("a.0"), "a: []\ne: f\n"),
    "remove the last item in brackets": ("a: [ b, ] # c\n", drop("a.0"), "a: [] # c\n"),
    "remove the last entry": ("a:\n  b: c\nd: e\n", drop("a.b"), "a: {}\nd: e\n"),
    "remove the last entry in braces": ("a: [{b: c}]\n", drop("a.0.b"), "a: [{}]\n"),
    "remove the only entry in braces at the root": ("{ a: b, }\n", drop("a"), "{}\n"),
    "remove the first entry of an item": ("a:\n- b: c\n  d: e\n", drop("a.0.b"), "a:\n- d: e\n"),
    "remove the first item of an item": ("a:\n-  - b\n   - c\n", drop("a.0.0"), "a:\n-  - c\n"),
    "remove the first in flow": ("a: [ b, c ]\n", drop("a.0"), "a: [ c ]\n"),
    "remove the last in flow": ("a: { b: c, d: e, }\n", drop("a.d"), "a: { b: c, }\n"),
    "remove the middle in flow": ("a: [b,c,d]\n", drop("a.1"), "a: [b,d]\n"),
    "remove behind an absent one": ("a: {b: , c: d}\n", drop("a.c"), "a: {b: , }\n"),
    "remove behind an absent one with comma": ("a: {b: , c: d ,}\n", drop("a.c"), "a: {b: , }\n"),
    "remove behind a comment": ("a: [b, # c\n   d]\n", drop("a.1"), "a: [b, # c\n   ]\n"),
    "remove a line of brackets": ("a: [\n  b, # c\n  d, # e\n  f\n]\n", drop("a.1"), "a: [\n  b, # c\n  f\n]\n"),
    "remove the last line of brackets": ("a: [\n  b, # c\n  d # e\n]\n", drop("a.1"), "a: [\n  b, # c\n]\n"),
    "remove the first line of brackets": ("a: [\n  b,\n  d\n]\n", drop("a.0"), "a: [\n  d\n]\n"),
    "remove before a comma on its line": ("a: [\n  b\n  , c\n]\n", drop("a.0"), "a: [\n  c\n]\n"),
    "characters that corrupt become blanks": ("a: b\n", put("a", ["\x1b[x\u2028", {"k": "\x85"}]),
                                              "a:\n- ' [x '\n- {k: ' '}\n"),
    "halves of characters are replaced": ("a: b\n", put("a", "x\udcff\r\n"), 'a: "x\ufffd\\n"\n'),
}  # fmt: skip  # a table reads best with a row a line


@pytest.mark.parametrize(("before", "change", "after"), CHANGES.values(), ids=CHANGES)
def test_a_change_touches_only_its_place(before: str, change: Change, after: str) -> None:
    result = change(front(before))
    assert front_text(result) == after
    assert result == front(after)
    assert opinion.second_opinion(result) == []


@pytest.mark.parametrize(("before", "change", "after"), CHANGES.values(), ids=CHANGES)
def test_a_change_keeps_bom_and_newlines(before: str, change: Change, after: str) -> None:
    doc = change(doc_of("\ufeff" + f"---\n{before}---\nbody\n".replace("\n", "\r\n")))
    assert doc.encode() == ("\ufeff" + f"---\n{after}---\nbody\n".replace("\n", "\r\n")).encode()


@pytest.mark.parametrize(
    "change",
    [
        put("a.x", "y"),
        put("a.0", "y"),
        put("l.2", "y"),
        put("l.x", "y"),
        put("m.0", "y"),
        put("n.1.0", "y"),
        insert("a", 0, "y"),
        insert("l", 2, "y"),
        insert("l", -1, "y"),
        insert("m", 0, "y"),
        insert("n", 1, "y"),
        change_of("set_value", [], "y"),
        change_of("add_to_section", "Log", "x", title="## Plan"),
    ],
)
def test_a_place_that_cannot_be_is_an_error_of_the_program(change: Change) -> None:
    with pytest.raises(ValueError, match=r".+"):
        change(front("a: b\nl: [c]\nm: {d: e}\nn:\n"))


def test_an_edit_that_hits_another_place_is_an_error_of_the_program() -> None:
    doc = front("a: b\nc: d\n")
    at = doc.text.index("d")
    with pytest.raises(ValueError, match=r"would change more than \['a'\]"):
        spliced(doc, Edit(at, at + 1, "x"), ["a"], ["a"])
    assert spliced(doc, Edit(at, at + 1, "x"), ["c"], ["c"]).data == {"a": "b", "c": "x"}


def test_the_last_entry_cannot_be_removed() -> None:
    with pytest.raises(ValueError, match=r"the text would not be right: records/a\.md:2: E012"):
        remove(front("a: b\n"), ["a"])


def test_a_document_with_problems_cannot_be_changed() -> None:
    doc, _problems = parse(b"---\na: b\nc: ~\n---\n", PATH)
    assert doc is not None
    with pytest.raises(ValueError, match=r"records/a\.md:3: E009"):
        set_value(doc, ["a"], "x")


def test_too_much_text_is_refused_with_the_limit() -> None:
    with pytest.raises(Invalid) as caught:
        set_value(front("a: b\n"), ["a"], "门" * 100_000)
    message = "the front matter has 300004 bytes, the limit is 262144; move long texts below it"
    assert caught.value.problems == (Problem(PATH, 1, "E002", message),)


def test_new_writes_the_canonical_text() -> None:
    entries: dict[str, Value] = {"id": "CPL-1", "title": "no", "tasks": [{"k\x1b": "a, b"}], "links": [], "x": "x\x1bw"}
    doc = new(entries, "## Description\r\n<<<<<<< x\x07\ny", path=PATH)
    lines = "id: CPL-1\ntitle: 'no'\ntasks:\n- {'k ': 'a, b'}\nlinks: []\nx: x w\n"
    assert doc.text == f"---\n{lines}---\n## Description\n <<<<<<< x \ny\n"
    assert (doc.source.path, doc.bom, doc.newline) == (PATH, False, "\n")
    assert new({"a": "b"}, "").encode() == b"---\na: b\n---\n"
    assert new({"a": "b"}, "c\n").body == "c\n"


BODY = "intro\n## Plan\nfirst\n\n```sh\n## no heading\n```\n\n##  Result \n## Log\n\nlast  \n"


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Plan", "first\n\n```sh\n## no heading\n```"),
        ("Result", ""),
        ("Log", "last  "),
        ("no heading", None),
        ("intro", None),
    ],
)
def test_section_gives_its_text(heading: str, text: str | None) -> None:
    assert section(doc_of(f"---\na: b\n---\n{BODY}"), heading) == text
    assert section(doc_of(f"---\na: b\n---\n{BODY}".replace("\n", "\r\n")), heading) == text


FENCES = {
    "tildes": ("~~~\n## A\n~~~\n## B\n", ["B"]),
    "longer end": ("```\n## A\n`````\n## B\n", ["B"]),
    "shorter marks do not end": ("````\n## A\n```\n## B\n", []),
    "other marks do not end": ("```\n~~~\n## A\n```\n## B\n", ["B"]),
    "words do not end": ("```\n``` x\n## A\n", []),
    "indent": ("   ```\n## A\n   ```\n## B\n", ["B"]),
    "too much indent is no fence": ("    ```\n## A\n", ["A"]),
    "code in a line is no fence": ("``` x ``` y\n## A\n", ["A"]),
    "deeper headings": ("### A\n##B\n ## C\n# D\n", []),
    "first of two": ("## A\nx\n## A\ny\n", ["A"]),
}


@pytest.mark.parametrize(("body", "found"), FENCES.values(), ids=FENCES)
def test_headings_count_outside_code_only(body: str, found: list[str]) -> None:
    doc = doc_of(f"---\na: b\n---\n{body}")
    assert [heading for heading in "ABCD" if section(doc, heading) is not None] == found
    if body == FENCES["first of two"][0]:
        assert section(doc, "A") == "x"


def append(heading: str, text: str, title: str | None = None) -> Change:
    return change_of("add_to_section", heading, text, title=title)


def write(heading: str, text: str) -> Change:
    return change_of("set_section", heading, text)


BODY_CHANGES = {
    "append": ("## A\nx\n\n## B\ny\n", append("A", "t"), "## A\nx\n\nt\n\n## B\ny\n"),
    "append to the last": ("## A\nx  \n\n", append("A", "t\n\nu\n"), "## A\nx  \n\nt\n\nu\n\n"),
    "append without newline at the end": ("## A\nx", append("A", "t"), "## A\nx\n\nt\n"),
    "append directly before a heading": ("## A\nx\n## B\n", append("A", "t"), "## A\nx\n\nt\n\n## B\n"),
    "append to an empty one": ("## A\n\n## B\n", append("A", "t"), "## A\nt\n\n## B\n"),
    "append to an empty one before a heading": ("## A\n## B\n", append("A", "t"), "## A\nt\n\n## B\n"),
    "append to a heading at the end": ("## A", append("A", "t"), "## A\nt\n"),
    "append with title": ("## A\nx\n", append("A", "t", "### 2026\x07 li\n"), "## A\nx\n\n### 2026  li \nt\n"),
    "append a title alone": ("## A\n", append("A", "", "### 2026"), "## A\n### 2026\n"),
    "append nothing": ("## A\nx\n", append("A", "\n\n"), "## A\nx\n"),
    "append to a new one": ("x\n", append("A  b", "t"), "x\n\n## A b\nt\n"),
    "new one behind an empty line": ("x\n\n", append("A", "t"), "x\n\n## A\nt\n"),
    "new one behind no newline": ("x", append("A", "t"), "x\n\n## A\nt\n"),
    "new one in an empty body": ("", append("A", "t"), "## A\nt\n"),
    "new one in a blank body": ("\n", append("A", "t"), "\n## A\nt\n"),
    "new one behind open code": ("~~~ x\n## A\n", append("A", "t"), "~~~ x\n## A\n~~~\n\n## A\nt\n"),
    "new one behind open code and an empty line": ("~~~\n\n", append("A", "t"), "~~~\n\n~~~\n\n## A\nt\n"),
    "append behind open code": ("## A\n````\ny\n", append("A", "t"), "## A\n````\ny\n````\n\nt\n"),
    "append before open code": ("## A\nx\n\n## B\n```\n", append("A", "t"), "## A\nx\n\nt\n\n## B\n```\n"),
    "headings are escaped": ("## A\n", append("A", "# a\n## A #\n  ###### b\n#\n####### c\n#d\ne # f\n    # g"),
                             "## A\n\\# a\n\\## A #\n  \\###### b\n\\#\n####### c\n#d\ne # f\n    # g\n"),
    "code stays": ("## A\n", append("A", "```\n# a\n## A\n```\n# b"), "## A\n```\n# a\n## A\n```\n\\# b\n"),
    "code is closed": ("## A\n\n## B\n", append("A", "~~~~\n# a"), "## A\n~~~~\n# a\n~~~~\n\n## B\n"),
    "markers are no conflict": ("## A\n", append("A", "<<<<<<<\n======= x\n```\n>>>>>>> y\n```"),
                                "## A\n <<<<<<<\n ======= x\n```\n >>>>>>> y\n```\n"),
    "text is cleaned": ("## A\n", append("A", "a\x1bb\tc\x85d\u2028e\r\nf\rg\udc80"), "## A\na b\tc d e\nf\ng\ufffd\n"),
    "set": ("## A\n\nx\n\ny\n\n## B\nz\n", write("A", "t"), "## A\n\nt\n\n## B\nz\n"),
    "set the last": ("## A\nx", write("A", "t\nu"), "## A\nt\nu\n"),
    "set directly before a heading": ("## A\nx\n## B\n", write("A", "t"), "## A\nt\n\n## B\n"),
    "set an empty one": ("## A\n\n## B\n", write("A", "t"), "## A\nt\n\n## B\n"),
    "set to nothing": ("## A\nx\n\n## B\n", write("A", ""), "## A\n\n## B\n"),
    "set nothing at a heading at the end": ("## A", write("A", ""), "## A\n"),
    "set a missing one": ("x\n", write("A", "t"), "x\n\n## A\nt\n"),
    "set a missing one to nothing": ("x\n", write("A", ""), "x\n\n## A\n"),
}  # fmt: skip  # a table reads best with a row a line


@pytest.mark.parametrize(("before", "change", "after"), BODY_CHANGES.values(), ids=BODY_CHANGES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_sections_change(before: str, change: Change, after: str, newline: str) -> None:
    begin = "---\na: b\n---\n"
    doc = change(doc_of((begin + before).replace("\n", newline)))
    assert doc.text == (begin + after).replace("\n", newline)


def test_closing_line_without_newline_gets_one() -> None:
    assert add_to_section(doc_of("---\na: b\n---"), "A", "t").text == "---\na: b\n---\n## A\nt\n"


def test_clean_reaches_every_text() -> None:
    assert document.clean({"a": ["b\x07", 1, True], "c": ("d\r\ne",)}) == {"a": ["b ", 1, True], "c": ["d\ne"]}
    assert document.clean_text("\ufeffa\ud800\t\n\x7f") == " a\ufffd\t\n "


@pytest.mark.parametrize(
    "text",
    [
        "a: b\n",
        "a: |\n  ---\n  ----\nb: c\n",
        "a: {b: [c, 'd'], e: }\n",
        "a:\n- b: |+\n    c\n\n- \n",
        "'a: ': \"\\t\"\n",
    ],
)
def test_other_tools_agree(text: str) -> None:
    assert opinion.second_opinion(front(text)) == []
    assert (
        opinion.second_opinion(doc_of(f"---\r\n{text}---\r\n---\r\n".replace("\n", "\r\n").replace("\r\r", "\r"))) == []
    )


def test_text_with_a_comma_that_was_warned_of_does_not_stop_a_change() -> None:
    doc, problems = document.parse("---\na: {b: 更换,it's done}\nc: d, e\nf: g\n---\n".encode(), PATH)
    assert [each.code for each in problems] == ["W005"]
    assert doc is not None
    changed_doc = set_value(doc, ["f"], "h")
    assert changed_doc.text == "---\na: {b: 更换,it's done}\nc: d, e\nf: h\n---\n"
    assert opinion.second_opinion(changed_doc) == []


ELSEWHERE = "other tools see the front matter end elsewhere; remove lines of dashes from it"
OTHERWISE = "other YAML readers read the front matter differently; put its texts in quotes"


def changed(text: str, change: Callable[[MappingNode], object]) -> list[str]:
    doc = front(text)
    change(doc.front)
    problems = opinion.second_opinion(doc)
    assert all(each == Problem(PATH, 1, "E005", each.message) for each in problems)
    return [each.message for each in problems]


def scalar_of(node: MappingNode, key: str) -> ScalarNode:
    value = node.get(key)
    assert isinstance(value, ScalarNode)
    return value


def test_a_difference_is_a_problem() -> None:
    """Our tree is bent, because no text is known that would be read differently."""
    text = "a: b\nc: [d, e]\nf: {g: h}\n"
    sequence = SequenceNode([], True, 0, 0, front(text).source)

    def replace(index: int, value: Any) -> Callable[[MappingNode], None]:
        return lambda node: setattr(node.entries[index], "value", value)

    assert changed(text, lambda _node: None) == []
    assert changed(text, lambda node: setattr(scalar_of(node, "a"), "text", "x")) == [OTHERWISE]
    assert changed(text, lambda node: setattr(node.entries[0].key, "text", "x")) == [OTHERWISE]
    assert changed(text, lambda node: node.entries.pop()) == [OTHERWISE]
    assert changed(text, replace(0, sequence)) == [OTHERWISE]
    assert changed(text, replace(1, sequence)) == [OTHERWISE]
    assert changed(text, replace(1, MappingNode([], True, 0, 0, sequence.source))) == [OTHERWISE]
    assert changed(text, replace(1, ScalarNode("d", "plain", 0, 0, sequence.source))) == [OTHERWISE]
    assert changed(text, lambda node: node.entries.reverse()) == [OTHERWISE]


def test_a_text_that_others_refuse_is_a_problem() -> None:
    doc, _problems = parse(b"---\na: b\n----\nc: [\n---\n", PATH)
    assert doc is not None
    assert [each.message for each in opinion.second_opinion(doc)] == [ELSEWHERE, OTHERWISE]


texts = st.text(st.sampled_from("ab1门 -:#,.'\"[]{}?!&*|>%@\\~：，\n\t"), max_size=8)
words = st.sampled_from(["phone", "门禁", "x y", "12:30", "no", "t-1", "3号楼", "a#b"])
leaves = texts | st.integers(0, 99).map(str)
values: st.SearchStrategy[Value] = st.one_of(
    leaves,
    st.lists(leaves | st.dictionaries(words, leaves, max_size=2), max_size=2),
    st.dictionaries(words, leaves | st.lists(leaves, max_size=2), max_size=2),
)
quoted = texts.map(lambda text: "'" + re.sub(r"[\n\t]", " ", text).replace("'", "''") + "'")


@st.composite
def flows(draw: st.DrawFn, depth: int = 0) -> str:
    """Braces, brackets and scalars with odd spacing, trailing commas, line breaks and comments."""
    kind = draw(st.sampled_from(["scalar", "list", "mapping"] if depth < 2 else ["scalar"]))
    if kind == "scalar":
        return draw(words | quoted)
    items = draw(st.lists(flows(depth + 1), max_size=3))
    if kind == "mapping":
        items = [
            f"k{number}: {item}" if draw(st.integers(0, 5)) else f"k{number}: " for number, item in enumerate(items)
        ]
    gap = draw(st.sampled_from(["", " ", "  ", "\n   ", " # c\n  "]))
    comma = draw(st.sampled_from([",", ", ", " ,  ", ",\n     ", ", # c\n     "]))
    end = draw(st.sampled_from(["", comma])) if items else ""
    begin = gap if gap != "" and items else ""
    inside = begin + comma.join(items) + end + gap
    return "{" + inside + "}" if kind == "mapping" else "[" + inside + "]"


@st.composite
def fronts(draw: st.DrawFn, indent: int = 0) -> str:
    """Lines of a block mapping as people write it."""
    pad, lines = " " * indent, []
    for number in range(draw(st.integers(1, 3))):
        key = f"{pad}{draw(st.sampled_from(['k', '键', 'x-k']))}{number}:"
        comment = draw(st.sampled_from(["", "", "  # c: d", " #"]))
        kind = draw(st.sampled_from(["flow", "literal", "list", "mapping", "nothing"] if indent < 6 else ["flow"]))
        if kind == "flow":
            lines.append(f"{key} {draw(st.sampled_from(['', '  ']))}{draw(flows())}{comment}\n")
        elif kind == "literal":
            lines.append(
                f"{key} {draw(st.sampled_from(['|', '|-', '|+']))}{comment}\n{pad}  a: 门\n\n{pad}   b # c\n\n"
            )
        elif kind == "list":
            wide = pad + draw(st.sampled_from(["", "  "]))
            items = draw(st.lists(flows() | fronts(indent + 4).map(str.strip), min_size=1, max_size=3))
            lines.append(
                f"{key}{comment}\n" + "".join(f"{wide}-{' ' * (indent + 3 - len(wide))}{item}\n" for item in items)
            )
        elif kind == "mapping":
            lines.append(f"{key}{comment}\n{draw(fronts(indent + 2))}")
        else:
            lines.append(f"{key}{comment}\n")
        lines.append(draw(st.sampled_from(["", "", f"{pad}# c\n", "\n"])))
    return "".join(lines)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    body = draw(st.sampled_from(["", "text\n", "## Description\n\n---\n门\n## Log\n", "no newline"]))
    text = f"---\n# first\nfirst: 1\n{draw(fronts())}---\n{body}"
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    data = ("\ufeff" * draw(st.booleans()) + text).encode()
    doc, problems = parse(data, PATH)
    assert problems == []
    assert doc is not None
    assert doc.encode() == data
    return doc


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of all values in `data`, itself included."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def without_lines_of(doc: Document, path: tuple[str | int, ...]) -> tuple[str, str]:
    """The text before and behind the lines on which the value at `path` stands, with its key or dash."""
    node: Any = doc.front
    start, end = len("---\n"), doc.front_end
    for key in path:
        if isinstance(node, MappingNode):
            entry = next(each for each in node.entries if each.key.text == key)
            start, node = entry.key.start, entry.value
        else:
            start, node = (node.items[key].start if node.flow else node.dashes[key]), node.items[key]
        end = node.end
    line_start = doc.text.rfind("\n", 0, start) + 1
    return doc.text[:line_start], doc.text[doc.text.index("\n", end) + 1 if path else end :]


def lines_of(text: str) -> list[str]:
    """The lines with text; where they stood behind a literal, their indentation and the blank ones may go."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def assert_only(doc: Document, result: Document, path: tuple[str | int, ...], data: Any) -> None:
    """`result` has `data`, and is `doc` byte for byte apart from the lines of what stands at `path`."""
    before, behind = without_lines_of(doc, path)
    assert result.data == data
    assert result.text.startswith(before)
    assert result.text.endswith(behind) or lines_of(result.text)[-len(lines_of(behind)) :] == lines_of(behind)
    assert result.body == doc.body
    assert parse(result.encode(), PATH) == (result, [])
    assert opinion.second_opinion(result) == []


@given(documents(), st.data(), values)
@settings(max_examples=60)
def test_setting_a_value_changes_that_value_only(doc: Document, data: st.DataObject, value: Any) -> None:
    path = data.draw(st.sampled_from([path for path in places(doc.data)[1:] if len(path) < 6]))
    expected = copy.deepcopy(doc.data)
    at(expected, path[:-1])[path[-1]] = value
    assert_only(doc, set_value(doc, path, value), path, expected)


@given(documents(), st.data(), values)
@settings(max_examples=60)
def test_a_new_key_changes_its_mapping_only(doc: Document, data: st.DataObject, value: Any) -> None:
    mappings = [path for path in places(doc.data) if isinstance(at(doc.data, path), dict) and len(path) < 5]
    path = data.draw(st.sampled_from(mappings))
    expected = copy.deepcopy(doc.data)
    at(expected, path)["new"] = value
    assert_only(doc, set_value(doc, (*path, "new"), value), path, expected)


@given(documents(), st.data(), values)
@settings(max_examples=60)
def test_inserting_an_item_changes_its_list_only(doc: Document, data: st.DataObject, value: Any) -> None:
    lists = [path for path in places(doc.data) if isinstance(at(doc.data, path), list) and len(path) < 5]
    if not lists:
        doc = set_value(doc, ["list"], ["a"])
        lists = [("list",)]
    path = data.draw(st.sampled_from(lists))
    index = data.draw(st.integers(0, len(at(doc.data, path))))
    expected = copy.deepcopy(doc.data)
    at(expected, path).insert(index, value)
    result = insert_item(doc, path, index, value)
    assert_only(doc, result, path, expected)
    assert remove(result, (*path, index)).data == doc.data


@given(documents(), st.data(), st.lists(values, min_size=1, max_size=4))
@settings(max_examples=40)
def test_several_changes_in_one_step_are_what_they_are_one_by_one(
    doc: Document, data: st.DataObject, several: list[Any]
) -> None:
    doc = set_value(set_value(doc, ["list"], ["a", {"b": "c"}, "d"]), ["flow"], {"list": ["e", "f"], "key": "g"})
    path = data.draw(st.sampled_from([("list",), ("flow", "list")]))
    indexes = sorted(data.draw(st.integers(0, len(at(doc.data, path)))) for _value in several)
    new: dict[int, list[Any]] = {}
    expected = doc
    for done, (index, value) in enumerate(zip(indexes, several, strict=True)):
        new.setdefault(index, []).append(value)
        expected = insert_item(expected, path, index + done, value)
    assert insert_items(doc, path, new).data == expected.data

    places = data.draw(st.permutations([("list", 1, "b"), ("flow", "key"), ("new",), ("flow", "new"), ("list", 0)]))
    changes = dict(zip(places, several, strict=False))
    expected = doc
    for place, value in changes.items():
        expected = set_value(expected, place, value)
    assert set_values(doc, changes).text == expected.text


@given(documents(), st.data())
@settings(max_examples=60)
def test_removing_changes_what_held_it_only(doc: Document, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in places(doc.data)[1:] if path != ("first",)]))
    expected = copy.deepcopy(doc.data)
    del at(expected, path[:-1])[path[-1]]
    assert_only(doc, remove(doc, path), path[:-1], expected)


@given(documents(), st.text(max_size=30) | texts, st.sampled_from(["Description", "Log", "Plan"]))
@settings(max_examples=60)
def test_text_in_the_body_opens_no_section(doc: Document, text: str, heading: str) -> None:
    headings = [line for line in doc.body.splitlines() if line.startswith("## ")]
    for result in (add_to_section(doc, heading, text), set_section(doc, heading, text)):
        found = [line for line in result.body.splitlines() if line.startswith("## ")]
        assert found in (headings, [*headings, f"## {heading}"])
        assert result.text[: doc.body_start] == doc.text[: doc.body_start]
        assert opinion.second_opinion(result) == []
