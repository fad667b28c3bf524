"""Merges of records one by one: what comes out, and what a conflict looks like."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cpl import threeway
from cpl.merge import Marks, Merged, Unmergeable, merge, whole
from cpl.merge_body import merge_body
from tests.ledger import record, record_text

TASK = "{id: t-9f3k, kind: promise, text: mend it, who: zhao.qiang, due: 2026-11-20T18:00:00+08:00}"


def merged(base: str, ours: str, theirs: str) -> str:
    """The merged text, which has no conflict."""
    result = merge(base.encode(), ours.encode(), theirs.encode())
    assert result.conflicts == (), result.data.decode()
    return result.data.decode()


def in_conflict(base: str, ours: str, theirs: str) -> tuple[tuple[str, ...], str]:
    result = merge(base.encode(), ours.encode(), theirs.encode())
    return result.conflicts, result.data.decode()


def hunk(ours: str, theirs: str) -> str:
    return f"<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"


# Fields


def test_everything_of_ours_stays_as_it_is_written() -> None:
    base = record_text(fields="# place\nlocation:   {building: '3',  room: \"2\"}  # of the door\nx-own:\n  a: 1 \n")
    ours = base.replace("kind: complaint", "kind:  'complaint'").replace("title: Door", "title: Main door")
    theirs = base.replace("'3',  room: \"2\"", "'3', room: '2', spot: stairs").replace(
        "kind: c", "object: lock\nkind: c"
    )
    expected = ours.replace('room: "2"', 'room: "2", spot: stairs').replace("\nx-own", "\nobject: lock\nx-own")
    assert merged(base, ours, theirs) == expected


def test_another_notation_of_theirs_changes_nothing() -> None:
    base = record_text(fields="tags: [a]\nlocation: {building: '3'}\n")
    ours = base.replace("Door 2", "Door 3")
    theirs = base.replace("kind: complaint", '# what\nkind: "complaint"').replace("tags: [a]", "tags:\n- a  # one")
    theirs = theirs.replace("09:00:00+08:00", "01:00:00Z").replace("{building: '3'}", "\n  building:   '3'")
    assert merged(base, ours, "\ufeff" + theirs.replace("\n", "\r\n")) == ours


def test_a_field_set_two_ways_is_marked_with_both_lines() -> None:
    base = record_text()
    ours, theirs = base.replace("Door 2", "Door 3"), base.replace("Door 2", "Gate 2")
    assert in_conflict(base, ours, theirs) == (
        ("title",),
        base.replace(
            "title: Door 2 does not lock\n",
            hunk("title: Door 3 does not lock\n", "title: Gate 2 does not lock\n"),
        ),
    )


def test_a_field_removed_here_and_changed_there_is_a_conflict() -> None:
    base = record_text(fields="object: lock\n")
    conflicts, text = in_conflict(base, record_text(), base.replace("object: lock", "object: hinge"))
    assert (conflicts, hunk("", "object: hinge\n") in text) == (("object",), True)
    conflicts, text = in_conflict(base, base.replace("object: lock", "object: hinge"), record_text())
    assert (conflicts, hunk("object: hinge\n", "") in text) == (("object",), True)


def test_of_a_mapping_each_key_is_merged_by_itself() -> None:
    base = record_text(fields="location: {building: '3', unit: '1', room: '2'}\n")
    ours = base.replace("room: '2'", "room: '3'")
    theirs = base.replace("unit: '1', room: '2'", "room: '4', spot: stairs")
    assert in_conflict(base, ours, theirs) == (
        ("location.room",),
        base.replace(
            "location: {building: '3', unit: '1', room: '2'}\n",
            hunk(
                "location: {building: '3', room: '3', spot: stairs}\n",
                "location: {building: '3', room: '4', spot: stairs}\n",
            ),
        ),
    )


def test_a_mapping_that_one_side_took_away_stays_away_but_for_what_the_other_changed() -> None:
    base = record_text(fields="complainant: {name: Wang, phone: '1'}\nobject: lock\n")
    without = record_text(fields="object: lock\n")
    ours = base.replace("object: lock", "object: door")
    assert merged(base, ours, without) == without.replace("object: lock", "object: door")
    conflicts, _text = in_conflict(base, without, base.replace("'1'", "'2'"))
    assert conflicts == ("complainant.phone",)


@pytest.mark.parametrize(
    ("before", "mine", "other", "expected"),
    [
        ("[a, b, c]", "[a, b]", "[a, b, c, d]", "[a, b, d]"),
        ("[a, b]", "[b, a]", "[a, b, c]", "[b, a, c]"),
        ("[a, b]", "[a]", "[b]", "[]"),
        ("a", "a", "[a, b]", "[a, b]"),
        ("a", "[a, c]", "[a, b]", "[a, c, b]"),
        ("[a]", "a", "[a, b]", "[a, b]"),
        (
            "\n- a  # first\n- b  # second",
            "\n- a  # first\n- b  # last",
            "[a, b, c]",
            "\n- a  # first\n- b  # last\n- c",
        ),
    ],
)
def test_lists_are_merged_item_by_item(before: str, mine: str, other: str, expected: str) -> None:
    base, ours, theirs = (record_text(fields=f"tags: {each}\n") for each in (before, mine, other))
    assert merged(base, ours + " ", theirs) == record_text(fields=f"tags: {expected}\n") + " "


def with_evidence(*items: str) -> str:
    return record_text(fields=f"evidence: [{', '.join(items)}]\n")


A, B, C = (f"{{file: a.jpg, sha256: {letter * 64}}}" for letter in "abc")
B_TOO, C_TOO = (f"{{file: a-{letter * 8}.jpg, sha256: {letter * 64}}}" for letter in "bc")


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([A], [B], [A, B_TOO]),
        ([B], [A], [A, B_TOO]),
        ([A, B_TOO], [B], [A, B_TOO]),
        ([B], [B_TOO, A], [A, B_TOO]),
        ([A, B_TOO], [C], [A, B_TOO, C_TOO]),
        ([B, C_TOO], [A], [A, C_TOO, B_TOO]),
    ],
)
def test_two_files_of_one_name_both_stay_and_one_gets_another_name(
    ours: list[str], theirs: list[str], expected: list[str]
) -> None:
    assert merged(record_text(), with_evidence(*ours), with_evidence(*theirs)) == with_evidence(*expected)


def test_the_long_name_of_a_second_file_is_that_of_its_hash() -> None:
    name = "n" * 195 + ".jpg"
    ours, theirs = (f"{{file: {name}, sha256: {letter * 64}}}" for letter in "ab")
    renamed = theirs.replace(name, "b" * 64 + ".jpg")
    assert merged(record_text(), with_evidence(ours), with_evidence(theirs)) == with_evidence(ours, renamed)


# Events and what they set


def test_an_event_with_a_list_is_the_same_event_however_it_is_written() -> None:
    given = "17T10:00 did: assign, set: {departments: [engineering, security]}"
    base = record_text()
    ours = record_text(given, fields="departments: [engineering, security]\n")
    theirs = ours.replace("17T10:00:00+08:00", "17T02:00:00Z").replace("[engineering", "['engineering'")
    assert merged(base, ours, theirs.replace("Door 2", "Gate 2")) == ours.replace("Door 2", "Gate 2")


def test_who_joined_is_counted_only_where_a_number_stands() -> None:
    base, joined = record_text(), "17T10:00 did: join, people: 2"
    theirs = record_text("18T10:00 did: arrive")
    assert merged(base, record_text(joined), theirs) == record_text(joined, "18T10:00 did: arrive")


def test_events_are_united_in_their_order_however_they_are_written() -> None:
    base = record_text()
    ours = record_text("17T10:00 did: arrive", "19T10:00 to: resolving")
    theirs = record_text("17T10:00 did: arrive", "18T10:00 to: replying").replace(
        "{at: 2026-11-17T10:00:00+08:00, by: li.na, did: arrive}",
        '{did: "arrive", by: li.na, at: 2026-11-17T02:00:00Z}',
    )
    assert merged(base, ours, theirs) == record_text(
        "17T10:00 did: arrive", "18T10:00 to: replying", "19T10:00 to: resolving"
    )


def test_an_event_that_one_side_took_away_is_there_again() -> None:
    base = record_text("17T10:00 did: arrive")
    theirs = record_text("17T10:00 did: arrive", "18T10:00 did: finish")
    assert merged(base, record_text(), theirs) == theirs
    assert merged(base, theirs, record_text()) == theirs


def test_the_later_judgement_counts_on_both_sides() -> None:
    base = record_text(fields="nature: A\n")
    early = "17T10:00 did: classify, set: {nature: B}, was: {nature: A}, reason: r"
    late = "18T10:00 did: classify, set: {}, was: {nature: A}, reason: r"
    ours, theirs = record_text(early, fields="nature: B\n"), record_text(late)
    assert merged(base, ours, theirs) == record_text(early, late)
    assert merged(base, theirs, ours) == record_text(early, late)


def test_a_judgement_that_the_other_side_voided_counts_for_nothing() -> None:
    judged = "17T10:00 did: classify, set: {category: x}, was: {category: w}, reason: r"
    void = "18T10:00 did: void, event: {at: 2026-11-17T10:00:00+08:00, did: classify}, reason: slip"
    base = record_text(judged, fields="category: x\n")
    ours = record_text(judged, "17T11:00 did: arrive", fields="category: x\n")
    theirs = record_text(judged, void, fields="category: w\n")
    assert merged(base, ours, theirs) == record_text(judged, "17T11:00 did: arrive", void, fields="category: w\n")


def test_two_rescheduled_dues_are_no_conflict() -> None:
    base = record_text(fields=f"tasks:\n- {TASK}\n")

    def reschedule(day: str) -> tuple[str, str]:
        event = (
            f"{day}T10:00 did: reschedule, task: t-9f3k, set: {{due: 2026-11-{day}T18:00:00+08:00}}, "
            "was: {due: 2026-11-20T18:00:00+08:00}, reason: r"
        )
        return event, TASK.replace("2026-11-20T18", f"2026-11-{day}T18")

    (early, early_task), (late, late_task) = reschedule("22"), reschedule("23")
    ours = record_text(late, fields=f"tasks:\n- {late_task}\n")
    theirs = record_text(early, fields=f"tasks:\n- {early_task}\n")
    assert merged(base, ours, theirs) == record_text(early, late, fields=f"tasks:\n- {late_task}\n")


@pytest.mark.parametrize(
    ("before", "mine", "other", "expected"),
    [
        ("{name: Wang, people: 2}", "{name: Wang, people: 4}", "{name: Wang, people: 5}", "{name: Wang, people: 7}"),
        ("{name: Wang}", "{name: Wang, people: 3}", "{name: Wang, people: 4}", "{name: Wang, people: 6}"),
    ],
)
def test_who_joined_on_both_sides_is_added_up(before: str, mine: str, other: str, expected: str) -> None:
    two, three = "17T10:00 did: join, people: 2", "18T10:00 did: join, people: 3"
    base = record_text(fields=f"complainant: {before}\n")
    ours, theirs = (
        record_text(two, fields=f"complainant: {mine}\n"),
        record_text(three, fields=f"complainant: {other}\n"),
    )
    text = merged(base, ours, theirs)
    assert text == record_text(two, three, fields=f"complainant: {expected}\n")
    assert record(text).people == int(expected[-2])


def test_people_counted_two_ways_at_the_intake_are_a_conflict() -> None:
    joined = "17T10:00 did: join, people: 2"
    base, ours, theirs = (
        record_text(*events, fields=f"complainant: {{people: {people}}}\n")
        for events, people in (((), 2), ((joined,), 5), ((), 8))
    )
    conflicts, text = in_conflict(base, ours, theirs)
    assert conflicts == ("complainant.people",)
    assert hunk("complainant: {people: 5}\n", "complainant: {people: 10}\n") in text


# Tasks, evidence, links


def test_tasks_and_evidence_are_never_removed_and_links_are() -> None:
    link = "links: [{as: same-cause, id: CPL-20261116-AAAAAA6}]\n"
    kept = f"tasks:\n- {TASK}\nevidence:\n- {{file: a.jpg, sha256: '00'}}\n"
    base = record_text(fields="object: lock\n" + link + kept)
    ours = record_text(fields="object: lock\n")
    theirs = base.replace("object: lock", "object: door")
    text = merged(base, ours, theirs)
    found = record(text)
    assert (len(found.tasks), len(found.fields["evidence"]), found.get("links")) == (1, 1, None)
    assert merged(base, theirs, ours) == theirs.replace(link, "")


def test_a_task_changed_two_ways_is_marked_on_its_line() -> None:
    other_task = "{id: t-0000, kind: step, text: look}"
    base = record_text(fields=f"tasks:\n- {TASK}\n")
    ours = base.replace("who: zhao.qiang", "who: sun.wei")
    theirs = base.replace("who: zhao.qiang", "who: li.na").replace("mend it", "mend the door") + "## Plan\n"
    theirs = theirs.replace("history:", f"- {other_task}\nhistory:")
    line = f"- {TASK}\n".replace("mend it", "mend the door")
    assert in_conflict(base, ours, theirs) == (
        ("tasks[t-9f3k].who",),
        record_text(
            fields="tasks:\n"
            + hunk(line.replace("zhao.qiang", "sun.wei"), line.replace("zhao.qiang", "li.na"))
            + f"- {other_task}\n"
        )
        + "## Plan\n",
    )


# What can't be merged as a record


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kind: complaint", "kind: [complaint", "line 4: E005"),
        ("kind: complaint", "<<<<<<< x\nkind: complaint\n=======\n>>>>>>> y", "line 4: E011"),
        ("kind: complaint", "kinds: complaint", "line 4: E020"),
        ("lock\n", "lock #2\n", "line 3: E023"),
        ("history:", f"tasks:\n- {TASK}\n- {TASK}\nhistory:", "'t-9f3k' stands twice in tasks"),
        ("---\nid", "id", "line 1: E003"),
        ("lock", "l\udcffck", "line 3: E001"),
    ],
)
def test_a_side_with_errors_of_its_form_is_left_to_the_merge_of_texts(old: str, new: str, reason: str) -> None:
    base = record_text().encode()
    broken = record_text().replace(old, new, 1).encode(errors="surrogateescape")
    good = record_text("17T10:00 did: arrive").encode()
    for ours, theirs in ((broken, good), (good, broken)):
        with pytest.raises(Unmergeable) as caught:
            merge(base, ours, theirs)
        assert str(caught.value).startswith(f"it can't be merged as a record: {reason}")
    assert merge(base, broken, base) == Merged(broken)


def test_a_base_that_can_not_be_read_is_as_none() -> None:
    ours, theirs = record_text("17T10:00 did: arrive").encode(), record_text("18T10:00 did: arrive").encode()
    both = record_text("17T10:00 did: arrive", "18T10:00 did: arrive").encode()
    for base in (b"<<<<<<< ours\n", b"", None):
        assert merge(base, ours, theirs) == Merged(both)


def test_a_record_that_would_be_too_large_is_left_to_the_merge_of_texts() -> None:
    base = record_text().encode()
    ours, theirs = (record_text(fields=f"x-{name}: {'y' * 200_000}\n").encode() for name in "ab")
    with pytest.raises(Unmergeable, match="E002"):
        merge(base, ours, theirs)


def test_marks_have_the_length_and_the_names_that_git_wants() -> None:
    base, ours, theirs = (record_text().replace("Door 2", each).encode() for each in ("Door 2", "A", "B"))
    text = merge(base, ours, theirs, Marks(9, "HEAD", "abc (their words)")).data.decode()
    assert text.startswith(
        "---\nid: CPL-20261116-AAAAAA6\n<<<<<<<<< HEAD\ntitle: A does not lock\n=========\n"
        "title: B does not lock\n>>>>>>>>> abc (their words)\n"
    )


def test_what_can_be_merged_in_no_way_has_marks_around_all_of_it() -> None:
    assert whole(b"a\xff", b"b\n") == b"<<<<<<< ours\na\xff\n=======\nb\n>>>>>>> theirs\n"


# The body


LOG = "## Handling log\n"
FIRST, SECOND, THIRD = (f"### 2026-11-1{day} 09:00 li.na, note\nOn {day}.\n" for day in (6, 7, 8))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("## A\n\n## B\n", "## A\none\n\n## B\n", "## A\n\n## B\ntwo\n", "## A\none\n\n## B\ntwo\n"),
        ("## A\n## B\n", "## A\n## B\nb\n", "## A\na\n## B\n", "## A\na\n\n## B\nb\n"),
        ("## A\n1\n2\n3\n", "## A\none\n2\n3\n", "## A\n1\n2\nthree\n", "## A\none\n2\nthree\n"),
        (
            "## A\n- [ ] a\n- [ ] b\n- [ ] c\n",
            "## A\n- [x] a\n- [ ] b\n- [ ] c\n",
            "## A\n- [ ] a\n- [x] b\n- [x] c\n",
            "## A\n- [x] a\n- [x] b\n- [x] c\n",
        ),
        ("## A\n\n## B\n", "## A\n\n## B\n\n## D\n", "## A\n\n## C\nc\n\n## B\n", "## A\n\n## C\nc\n\n## B\n\n## D\n"),
        ("## A\na\n\n## B\n", "## B\n", "## A\na\n\n## B\nb\n", "## B\nb\n"),
        ("a\n## A\n", "a\nb\n## A\n", "a\n## A\nx\n", "a\nb\n## A\nx\n"),
        ("", "## A\n", "## A\n\n\n", "## A\n"),
        ("", "", "## A\n", "## A\n"),
        ("## A", "## A\nx", "## A\n## B", "## A\nx\n\n## B\n"),
        ("## A\n", "## A\nx\n\n## A\n", "## A\n", "## A\nx\n\n## A\n"),
        (LOG, LOG + SECOND, LOG + FIRST, LOG + FIRST + "\n" + SECOND),
        (LOG + FIRST, LOG + FIRST + "\n" + SECOND, LOG + FIRST + "\n" + THIRD, LOG + "\n".join([FIRST, SECOND, THIRD])),
        (LOG + FIRST, LOG + FIRST + "\n" + THIRD, LOG + FIRST + "\n" + SECOND, LOG + "\n".join([FIRST, SECOND, THIRD])),
        (LOG + FIRST + SECOND, LOG + FIRST + SECOND + THIRD, LOG + SECOND, LOG + SECOND + THIRD),
        (LOG + FIRST, LOG + FIRST + "more\n", LOG + FIRST + "\n" + SECOND, LOG + FIRST + "more\n\n" + SECOND),
        (LOG, LOG + FIRST, LOG + FIRST + "\n" + FIRST, LOG + FIRST + "\n" + FIRST),
        (LOG + FIRST + FIRST, LOG + FIRST + FIRST + SECOND, LOG + FIRST, LOG + FIRST + SECOND),
        (LOG, LOG + "kept by hand\n", LOG + FIRST, LOG + "kept by hand\n\n" + FIRST),
        (LOG, LOG + "### later\nx\n", LOG + FIRST, LOG + "### later\nx\n\n" + FIRST),
    ],
)
def test_a_body_is_merged_section_by_section(base: str, ours: str, theirs: str, expected: str) -> None:
    assert merge_body(base, ours, theirs, "\n") == (expected, expected)
    windows = ours.replace("\n", "\r\n")
    assert merge_body(base, windows, theirs, "\r\n") == (expected.replace("\n", "\r\n"),) * 2


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("## A\na\n## B\n", "## A\nb\n## B\n", "## A\nc\n## B\nx\n", ("## A\nb\n## B\nx\n", "## A\nc\n## B\nx\n")),
        ("## A\n", "## A\nb\n", "## A\nc\n", ("## A\nb\n", "## A\nc\n")),
        ("## A\na\n## B\n", "## B\n", "## A\nc\n## B\n", ("## B\n", "## A\nc\n## B\n")),
        (
            "## A\n- [ ] a\n- [ ] b\n",
            "## A\n- [x] a\n- [x] b\n",
            "## A\n- [ ] a\n- [ ] b now\n",
            ("## A\n- [x] a\n- [x] b\n", "## A\n- [x] a\n- [ ] b now\n"),
        ),
    ],
)
def test_one_place_changed_two_ways_is_told_in_both(
    base: str, ours: str, theirs: str, expected: tuple[str, str]
) -> None:
    assert merge_body(base, ours, theirs, "\n") == expected


def test_a_section_in_conflict_is_marked_in_its_lines_only() -> None:
    front = record_text()
    base, ours, theirs = (f"{front}## Plan\n1\n2\n{line}\n4\n## Result\n" for line in ("3", "three", "drei"))
    assert in_conflict(base, ours, theirs) == (
        ("## Plan",),
        f"{front}## Plan\n1\n2\n{hunk('three' + chr(10), 'drei' + chr(10))}4\n## Result\n",
    )


def test_a_section_that_would_vanish_in_open_code_is_left_to_the_merge_of_texts() -> None:
    base = record_text() + "## A\n\n## B\n"
    ours, theirs = base.replace("## A\n", "## A\n```\n```\n"), base.replace("## B\n", "## B\nb\n")
    assert merged(base, ours, theirs).endswith("## A\n```\n```\n\n## B\nb\n")
    broken = record_text() + "## A\n```\n"
    with pytest.raises(Unmergeable):
        merge(base.encode(), broken.encode(), theirs.encode())


def test_items_are_counted() -> None:
    assert threeway.items(["a", "a"], ["a"], ["a"]) == ["a"]
    assert threeway.items(["a"], ["a", "b"], ["a", "b"]) == ["a", "b"]
    one, other = {"as": "x", "parts": ("a", {"b": "c"})}, {"as": "x", "parts": ("a", {"b": "d"})}
    assert threeway.items([one], [one, other], [other]) == [other]


def test_comments_of_theirs_are_named_because_they_belong_to_no_field() -> None:
    base = record_text(fields="tags: [a]\n")
    theirs = base.replace("history:", "# call her only after 18:00\nhistory:").replace("tags: [a]", "tags: [a]  # old")
    result = merge(base.encode(), base.replace("Door 2", "Door 3").encode(), theirs.encode())
    assert (result.conflicts, result.left_out) == ((), ("# call her only after 18:00", "# old"))


def test_many_new_events_and_changes_of_both_sides_are_one_step_each() -> None:
    """One by one they took several minutes."""
    tasks = [f"- {{id: t-{number:04}, kind: action, text: do {number}}}\n" for number in range(300)]
    base = record_text().removesuffix("---\n") + "tasks:\n" + "".join(tasks) + "---\n"
    ours, theirs = (_with_calls(base, who, 300) for who in ("li.na", "sun.wei"))
    text = merged(base, ours.replace("text: do 7}", "text: did 7}"), theirs.replace("text: do 1", "text: did 1"))
    assert (text.count("did: contact"), text.count("text: did 1"), text.count("text: did 7}")) == (600, 111, 1)


def _with_calls(text: str, who: str, count: int) -> str:
    """The record with so many calls by somebody, a second apart."""
    first = datetime.fromisoformat("2026-11-18T10:00:00+08:00")
    calls = (
        f"- {{at: {(first + timedelta(seconds=number)).isoformat()}, by: {who}, did: contact, via: phone, "
        f"about: progress, reached: true}}\n"
        for number in range(count)
    )
    return text.replace("tasks:\n", "".join(calls) + "tasks:\n")
