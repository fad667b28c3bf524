"""Files with conflict markers, read as both sides; records out of step, put right from their events."""

from __future__ import annotations

import pytest

from cpl import document
from cpl.conflicts import is_marked, readings
from cpl.mending import mended
from tests.ledger import record_text

HUNK = "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"
TASK = "{id: t-9f3k, kind: step, text: mend it, due: 2026-11-20T18:00:00+08:00}"
FILE = "{file: a.jpg, sha256: aa}"
MOVED_DUE = "17T10:00 did: reschedule, task: t-9f3k, set: {due: 2026-11-21T18:00:00+08:00}, reason: late"


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("x\n", ("x\n", "x\n")),
        (f"x\n{HUNK}y\n", ("x\na\ny\n", "x\nb\ny\n")),
        (f"{HUNK}{HUNK}", ("a\na\n", "b\nb\n")),
        ("<<<<<<< HEAD\r\na\r\n=======\r\n>>>>>>> 1a2b (CPL: x)\r\n", ("a\r\n", "")),
        ("<<<<<<< ours\na\n||||||| base\no\n=======\nb\n>>>>>>> theirs", ("a\n", "b\n")),
        ("Heading\n=======\ntext\n", ("Heading\n=======\ntext\n", "Heading\n=======\ntext\n")),
        ("<<<<<<< ours\na\n=======\nb\n=======\nc\n>>>>>>> theirs\n", ("a\n", "b\n=======\nc\n")),
        ("<<<<<<<< eight\n", ("<<<<<<<< eight\n", "<<<<<<<< eight\n")),
        ("<<<<<<< ours\na\n", None),
        ("a\n>>>>>>> theirs\n", None),
        ("<<<<<<< ours\n<<<<<<< ours\n=======\n>>>>>>> theirs\n", None),
        ("||||||| base\n", None),
    ],
    ids=[
        "no conflict", "one", "two", "windows, one side empty", "with the base", "a heading", "a heading in theirs",
        "longer lines", "not closed", "not opened", "one in another", "only a base",
    ],
)  # fmt: skip  # a table reads best with a row a line
def test_a_file_with_markers_is_read_as_both_sides(text: str, both: tuple[str, str] | None) -> None:
    assert readings(text.encode()) == (both and tuple(each.encode() for each in both))
    assert is_marked(text.encode()) == text.startswith("<<<<<<< ") | (HUNK in text)


def test_what_stands_twice_goes_and_every_copy_follows_the_events() -> None:
    text = record_text(
        "17T09:00 to: resolving",
        "17T09:00 to: resolving",
        MOVED_DUE,
        fields=f"status: received\ntasks: [{TASK}, {TASK}]\nevidence: [{FILE}, {FILE}]\n",
    )
    parsed, _problems = document.parse(text.encode(), "")
    assert parsed is not None
    found, words = mended(parsed)
    assert found.text == record_text(
        "17T09:00 to: resolving",
        MOVED_DUE,
        fields=f"status: resolving\ntasks: [{TASK.replace('20T18', '21T18')}]\nevidence: [{FILE}]\n",
    )
    assert words == [
        "the event to:resolving of 2026-11-17T09:00:00+08:00 stood twice",
        "t-9f3k stood twice in tasks",
        "a.jpg stood twice in evidence",
        "status is 'resolving' by the events, not 'received'",
        "tasks[t-9f3k].due is 2026-11-21T18:00:00+08:00 by the events, not 2026-11-20T18:00:00+08:00",
    ]
    assert mended(found) == (found, [])


def test_what_is_no_record_stays_as_it_is() -> None:
    parsed, _problems = document.parse(b"---\nid: x\n---\n", "")
    assert parsed is not None
    assert mended(parsed) == (parsed, [])
