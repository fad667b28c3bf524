"""Laws of the merge over any base: identity, no event lost though a side removed it, many hands, settling."""

from __future__ import annotations

import copy
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cpl.conflicts import is_marked, readings
from cpl.merge import Merged, Union, merge
from cpl.merge_front import event_key
from tests.test_merge import (
    BASE,
    ONE_CHANGE,
    STYLES,
    base_model,
    change,
    content,
    problems,
    read,
    sides,
)

FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
NAMES = ("history", "tasks", "evidence")


@st.composite
def lossy_sides(draw: st.DrawFn) -> bytes:
    """The base as somebody changed it who also removed what is never removed, or took in another file of a name."""
    model = base_model()
    for what in draw(st.lists(ONE_CHANGE, max_size=3)):
        change(model, what)
    for name in draw(st.sets(st.sampled_from(NAMES))):
        items = model.fields[name]
        if items[1:]:
            del items[draw(st.integers(1, len(items) - 1))]
    sha = draw(st.sampled_from(["11", "22", "33"]))
    model.fields["evidence"] = [*model.fields["evidence"], {"file": "z.jpg", "sha256": sha}]
    named = {task["id"] for task in model.fields["tasks"]}
    model.fields["history"] = [each for each in model.history if each.get("task", "t-0000") in named]
    return draw(STYLES).write(copy.deepcopy(model).settled())


@st.composite
def titled_sides(draw: st.DrawFn, title: str) -> bytes:
    """The base as somebody changed it who also gave it another title, and something else a line of its text."""
    model = base_model()
    for what in draw(st.lists(ONE_CHANGE, max_size=4)):
        change(model, what)
    model.fields["title"] = title
    model.sections["Plan"] = draw(st.sampled_from([[], [title], ["first", title, "last"]]))
    return draw(STYLES).write(model.settled())


def kept(data: bytes) -> set[tuple[str, str]]:
    """What may never go missing: events, tasks, files of evidence."""
    found = read(data)
    events = {("event", event_key(event)) for event in found.history}
    files = {("evidence", each["sha256"]) for each in found.fields.get("evidence", ())}
    return events | files | {("task", task.id) for task in found.tasks}


@FEW
@given(sides(), sides())
def test_what_only_one_side_changed_is_as_it_wrote_it_whatever_the_base(base: bytes, side: bytes) -> None:
    assert merge(base, base, side) == Merged(side)
    assert merge(base, side, base) == Merged(side)
    assert merge(base, side, side) == Merged(side)


@FEW
@given(lossy_sides(), lossy_sides())
def test_what_one_side_removed_and_the_other_has_is_there(ours: bytes, theirs: bytes) -> None:
    union = Union(BASE, ours, theirs)
    assert kept(union.document({}).encode()) >= kept(ours) | kept(theirs)


@FEW
@given(lossy_sides(), lossy_sides())
def test_two_files_of_one_name_have_the_same_names_whoever_merges(ours: bytes, theirs: bytes) -> None:
    names = [
        sorted((each["file"], each["sha256"]) for each in read(Union(BASE, *two).document({}).encode()).get("evidence"))
        for two in ((ours, theirs), (theirs, ours))
    ]
    assert names[0] == names[1]


@FEW
@given(titled_sides("one"), titled_sides("other"), st.randoms(use_true_random=False))
def test_a_conflict_settled_in_any_way_is_a_record_with_all_of_both(ours: bytes, theirs: bytes, chance: Random) -> None:
    union = Union(BASE, ours, theirs)
    picked = {each.name: chance.choice((each.ours, each.theirs)) for each in union.clashes}
    settled = union.document(picked).encode()
    assert kept(settled) >= kept(ours) | kept(theirs)
    assert {code for code in problems(settled) - problems(ours) - problems(theirs) if code.startswith("E05")} == set()


@FEW
@given(titled_sides("one"), titled_sides("other"))
def test_what_is_marked_can_be_read_back_as_both_sides(ours: bytes, theirs: bytes) -> None:
    merged = merge(BASE, ours, theirs)
    both = readings(merged.data)
    assert is_marked(merged.data)
    assert both is not None
    again = Union(BASE, *both)
    assert {each.name for each in again.clashes} == set(merged.conflicts)
    assert content(again.document({}).encode()) == content(both[0])
    assert content(again.document({each.name: each.theirs for each in again.clashes}).encode()) == content(both[1])


@FEW
@given(sides(), sides(), sides())
def test_three_clones_come_to_the_same_by_whatever_way(a: bytes, b: bytes, c: bytes) -> None:
    """One has merged a and b, one b and c; their base is then b."""
    ab, bc = merge(BASE, a, b), merge(BASE, b, c)
    assume(not ab.conflicts and not bc.conflicts)
    straight, crossed = merge(BASE, ab.data, c), merge(b, ab.data, bc.data)
    assume(not straight.conflicts and not crossed.conflicts)
    assert content(straight.data) == content(crossed.data)
