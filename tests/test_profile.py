"""The procedure as data: what a profile says, what is wrong with one, and that no name of one is spelled in Python."""

from __future__ import annotations

import ast
import itertools
import json
import random
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cpl import config, profile
from cpl.errors import Invalid
from cpl.overlay import overlay
from cpl.relations import Relations, Similar
from cpl.settings_files import parse
from cpl.yaml_nodes import plain_data
from tests.ledger import COMMON, CPL_YAML, RESIDENTIAL, ROOT, Ledger, settings
from tests.renaming import names_of, other, put_back, renamed

SMALL = """\
kinds: {k: {}}
states:
  in: {initial: true}
  wait: {paused: true}
  out: {final: true, counts: false}
moves:
  in: [wait, out]
  wait: [back]
clocks:
  c: {starts: [to:in], stops: [did:contact], targets: {t: {within: 1h}}}
summary: {timely: c}
"""


def with_profile(text: str) -> list[str]:
    """The problems of a profile as `line: CODE message`."""
    files = {config.MARKER: b"format: 1\ntimezone: Asia/Shanghai\nprofile: p\n"}
    files["templates/profiles/p.yaml"] = text.encode()
    with pytest.raises(Invalid) as caught:
        config.load(files.get)
    return [str(each).removeprefix("templates/profiles/p.yaml:") for each in caught.value.problems]


def small(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def test_smallest_profile_says_what_the_engine_needs() -> None:
    known = settings("format: 1\ntimezone: Asia/Shanghai\nprofile: p\n", profile=SMALL).profile
    assert known.initial == "in"
    assert known.moves == {"in": ("wait", "out"), "wait": ("back",)}
    assert [known.is_paused(state) for state in ("in", "wait", "out", "unknown", None)] == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert [known.is_final(state) for state in ("in", "wait", "out", "unknown", None)] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert [known.counts(state) for state in ("in", "wait", "out", "unknown")] == [True, True, False, True]
    assert known.figures == profile.Figures("c", (), {})
    assert known.relations == Relations({}, Similar(30, ("site", "area", "building")), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (small("initial: true", "final: true"), ["3: E071 exactly one state is 'initial: true', here 0 are"]),
        (
            small("{paused: true}", "{paused: true, initial: true}"),
            ["3: E071 exactly one state is 'initial: true', here 2 are"],
        ),
        (small("in: [wait, out]", "inn: [out]"), ["7: E071 'inn' is not defined; did you mean 'in'?"]),
        (small("in: [wait, out]", "in: [back]"), ["7: E071 'back' is not defined; there are: in, out, wait"]),
        (small("wait: [back]", "wait: [bakc]"), ["8: E071 'bakc' is not defined; did you mean 'back'?"]),
        (small("starts: [to:in]", "starts: [to:inn]"), ["10: E071 'inn' is not defined; did you mean 'in'?"]),
        (small("did:contact]", "did:contcat]"), ["10: E071 'contcat' is not defined; did you mean 'contact'?"]),
        (
            small("did:contact]", "contact]"),
            ["10: E071 'contact' is not an event; write to:STATE, did:VERB, did:VERB/ABOUT or reopen"],
        ),
        (small("timely: c", "timely: d"), ["11: E071 'd' is not defined; there are: c"]),
        (small("timely: c", "timely: c, medians: [d]"), ["11: E071 'd' is not defined; there are: c"]),
        (small("timely: c", "timely: c, single-out: {kind: l}"), ["11: E071 'l' is not defined; there are: k"]),
        (small("{within: 1h}", "{within: 1h, when: {kind: l}}"), ["10: E071 'l' is not defined; there are: k"]),
        (small("k: {}", "k: {when: {statuss: in}}"), ["1: E071 'statuss' is not defined; did you mean 'status'?"]),
        (small("k: {}", "k: {when: {status: inn}}"), ["1: E071 'inn' is not defined; did you mean 'in'?"]),
        (SMALL + "rules: {r: {to: [outt]}}\n", ["12: E071 'outt' is not defined; did you mean 'out'?"]),
        (SMALL + "rules: {r: {from: [outt]}}\n", ["12: E071 'outt' is not defined; did you mean 'out'?"]),
        (SMALL + "rules: {r: {roles: [boss]}}\n", ["12: E071 'boss' is not defined"]),
        (SMALL + "rules: {r: {when: {kind: l}}}\n", ["12: E071 'l' is not defined; there are: k"]),
        (
            SMALL + "rules: {r: {requires: ['did:reply | reason']}}\n",
            [f"12: E071 'reply' is not defined; there are: {', '.join(sorted(profile.VERBS))}"],
        ),
        (SMALL + "rules: {r: {requires: [raeson]}}\n", ["12: E071 'raeson' is not defined; did you mean 'reason'?"]),
        (
            SMALL + "escalations: {e: {has: [forwarded], set: {severity: s}}}\n",
            ["12: E071 'forwarded' is not defined; did you mean 'forwarded_by'?"],
        ),
        (
            SMALL + "escalations: {e: {when: {kind: l}, set: {severity: s}}}\n",
            ["12: E071 'l' is not defined; there are: k"],
        ),
        (
            SMALL + "severities: {s: {}}\nescalations: {e: {age: 1mo, set: {severity: t}}}\n",
            ["13: E071 't' is not defined; there are: s"],
        ),
        (
            SMALL + "escalations: {e: {clause: c, when: {}, set: {severity: s}}}\n",
            ["12: E021 an escalation says when: when, has, age, repeats, group"],
        ),
        (SMALL + "escalations: {e: {age: 1mo}}\n", ["12: E021 'set' is missing"]),
        (
            SMALL + "escalations: {e: {age: 1mo, set: {nature: A, severity: s}}}\n",
            ["12: E020 'nature' is not a known key here; there are: severity"],
        ),
        (
            SMALL + "escalations: {e: {group: {people: 2, days: 3661}, set: {severity: s}}}\n",
            ["12: E022 3661 days are too many; write at most 3660"],
        ),
        (
            SMALL + "similar: {place: [house]}\n",
            ["12: E014 'house' is not known here; there are: area, building, floor, room, site, spot, unit"],
        ),
        (SMALL + "links: {l: {people: twice}}\n", ["12: E014 'twice' is not known here; there are: add, once"]),
        (
            small("within: 1h", "withn: 1h"),
            ["10: E020 'withn' is not a known key here; did you mean 'within'?"],
        ),
        (small("summary: {timely: c}\n", ""), ["1: E021 'summary' is missing"]),
        (
            SMALL + "rules: {r: {did: [sign-of/plan]}}\n",
            ["12: E071 'sign-of' is not defined; did you mean 'sign-off'?"],
        ),
        (
            SMALL + "rules: {r: {did: [sign-off], to: [out], requires: [reason]}}\n",
            ["12: E071 a rule with 'did' can't have to, requires; write two rules"],
        ),
        (
            SMALL + "rules: {r: {settings: true, signed: true, when: {kind: k}, did: [join]}}\n",
            ["12: E071 a rule with 'settings' can't have when, did; write two rules"],
        ),
        (
            SMALL + "rules: {r: {settings: true}}\n",
            ["12: E071 a rule with 'settings' says who may change them; add roles or signed: true"],
        ),
    ],
)
def test_name_that_nothing_defines_is_named_where_it_is_used(text: str, expected: list[str]) -> None:
    assert with_profile(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        SMALL + "rules: {r: {requires: [reason, until, text, finding, order.price, 'did:sign-off/plan']}}\n",
        SMALL + "categories: {a/b/c: {}}\nrules: {r: {when: {category: [a, a/b], x-own: y, order.size: big}}}\n",
        small("starts: [to:in]", "starts: [reopen, did:contact/reply]"),
    ],
)
def test_requirement_and_condition_may_name_what_a_record_has(text: str) -> None:
    known = settings("format: 1\ntimezone: Asia/Shanghai\nprofile: p\n", profile=text)
    assert known.profile.initial == "in"


# A store's own names over the shipped ones


def merged(over: str) -> dict[str, Any]:
    """A mapping with `over` laid over it, as plain data."""
    base = "a: {x: '1', y: '2'}\nlist: [p, q]\nword: w\n"
    both = overlay(*(parse(text.encode(), "f.yaml") for text in (base, over)))
    return {each.key.text: plain_data(each.value) for each in both.entries}


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("z: n\n", {"z": "n", "a": {"x": "1", "y": "2"}, "list": ["p", "q"], "word": "w"}),
        ("a: {y: '3', n: '4'}\n", {"a": {"n": "4", "x": "1", "y": "3"}, "list": ["p", "q"], "word": "w"}),
        ("list: [r]\n", {"a": {"x": "1", "y": "2"}, "list": ["r"], "word": "w"}),
        ("a: {off: true}\n", {"list": ["p", "q"], "word": "w"}),
        ("a: {off: false}\n", {"a": {"off": "false", "x": "1", "y": "2"}, "list": ["p", "q"], "word": "w"}),
        ("word: {b: c}\n", {"a": {"x": "1", "y": "2"}, "list": ["p", "q"], "word": {"b": "c"}}),
    ],
    ids=["new names first", "merged by name", "lists whole", "taken away", "not taken away", "another shape"],
)
def test_store_says_what_is_different(over: str, expected: Mapping[str, object]) -> None:
    found = merged(over)
    assert found == expected
    assert list(found) == list(expected)


def test_store_takes_a_rule_away_and_shortens_a_target() -> None:
    known = settings(
        CPL_YAML + "rules: {declining: {off: true}}\nclocks: {respond: {targets: {all: {within: 12h}}}}\n"
    ).profile
    assert "declining" not in [rule.name for rule in known.rules]
    (target,) = known.clocks["respond"].targets
    assert (str(target.within), target.clause) == ("12h", "FC-1")


# The shipped profile


@pytest.mark.clause("RQ-1")
def test_kinds_are_those_of_the_procedure() -> None:
    labels = {name: term.label["zh"] for name, term in settings().profile.terms["kind"].items()}
    asked = {
        "complaint": "投诉",
        "suggestion": "建议",
        "help": "求助",
        "coordination": "协调",
        "repair": "报修",
        "consultation": "咨询",
    }
    assert {name: labels[name] for name in asked} == asked


@pytest.mark.clause("CC-1")
def test_natures_are_a_b_and_c() -> None:
    assert list(settings().profile.terms["nature"]) == ["A", "B", "C"]


@pytest.mark.clause("CS-2")
def test_channels_are_those_of_the_procedure() -> None:
    assert {"desk", "hotline", "wechat", "app", "email", "letter", "web"} <= set(settings().profile.terms["channel"])


@pytest.mark.clause("CS-1")
def test_stages_are_those_of_the_closed_loop() -> None:
    states = settings().profile.states
    loop = [("received", "受理"), ("investigating", "调查核实"), ("resolving", "处理解决"), ("replying", "结果反馈")]
    loop += [("following-up", "回访确认"), ("closed", "归档")]
    assert [(name, states[name].label["zh"]) for name, _label in loop] == loop
    moves = settings().profile.moves
    assert all(after in moves[before] for (before, _), (after, _) in itertools.pairwise(loop))


# Another name for everything

KNOWN = settings().profile
NAMES = names_of(KNOWN)


def estate(pristine: Path, root: Path, *, is_renamed: bool) -> Ledger:
    """A store by the shipped profile or by the same with other names."""
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root, now="2026-11-16T09:00:00+08:00", chance=random.Random(7))
    text = CPL_YAML
    if is_renamed:
        text = re.sub(r"(?<=roles: \[)[\w-]+|(?<=department: )[\w-]+", lambda found: other(found[0]), CPL_YAML)
    (root / "cpl.yaml").write_text(text, encoding="utf-8")
    own = root / "templates" / "profiles"
    own.mkdir(parents=True)
    for path in (COMMON, RESIDENTIAL):
        shipped = path.read_text(encoding="utf-8")
        (own / path.name).write_text(renamed(shipped) if is_renamed else shipped, encoding="utf-8")
    ledger.commit()
    return ledger


# Day and time in November 2026, and the command; ID and OTHER are the records', <name> a name of the profile.
STORY = """\
16T09:00 open -t Lift --kind <complaint> --category <equipment/lift> --channel <phone> --building 1 --people 12
16T09:10 contact ID --via <phone> --about acknowledge
16T09:20 correct ID nature=<A> severity=<major> --classify --rule CC-3e --reason twelve
16T09:25 correct ID severity=<minor> kind=nothing --reason typo
16T09:30 transition ID <investigating>
16T09:40 assign ID --department <engineering> --to zhao.qiang
16T10:00 transition ID <resolving>
16T10:10 set ID finding.text=rope
16T10:20 transition ID <resolving>
16T10:30 did ID agree clock=<resolve> due=2026-11-17T12:00
16T10:40 task ID add water --kind promise --due 2026-11-16T12:00
16T11:00 transition ID <on-hold> --reason part --until 2026-11-17T10:00
17T09:00 overdue --format json --soon 5d
17T10:30 overdue --format json
17T11:00 transition ID <resolving>
17T11:10 transition ID <replying>
17T11:20 did ID sign-off about=plan --by sun.wei
17T11:30 transition ID <replying>
17T11:40 transition ID <following-up>
17T12:00 contact ID --via <visit> --about reply
17T12:10 transition ID <following-up>
17T12:20 follow-up ID --via <phone> --not-satisfied
17T12:30 transition ID <closed>
17T12:40 transition ID <resolving>
17T13:00 did ID sign-off about=plan --by sun.wei
17T13:01 transition ID <replying>
17T13:10 contact ID --via <phone> --about reply
17T13:20 transition ID <following-up>
17T13:30 follow-up ID --via <phone> --satisfied
17T13:40 transition ID <closed>
17T13:45 task ID done TASK
17T13:46 transition ID <closed>
17T13:50 overdue --format json --soon 5d
17T14:00 transition ID <declined> --reason r --by sun.wei
17T14:10 transition ID <resolving> --reason again
19T15:00 overdue --format json --soon 5d
19T15:10 list --format json --where status=<resolving>,<closed> --sort severity
19T15:20 list --format json --category <equipment>
19T15:30 show ID --format json
19T15:40 show ID
19T15:50 summary --format json --ids
19T16:00 check
19T16:10 open -t Lifts --category <equipment/lift> --channel <phone> --building 1 --people 9
19T16:20 link ID OTHER --as <same-cause>
19T16:30 similar OTHER --format json
19T16:40 correct OTHER nature=<A> --classify --reason ours
19T16:50 escalate --format json
19T17:00 escalate OTHER --apply
19T17:10 show OTHER
19T17:20 check
""".splitlines()


def told(ledger: Ledger, *, is_renamed: bool) -> Iterator[tuple[int, str, str]]:
    """What each command of the story comes to, in the names of the shipped profile."""
    ids = {"ID": "", "OTHER": ""}
    task = ""
    for line in STORY:
        when, _blank, command = line.partition(" ")
        command = re.sub(r"<([^>]+)>", lambda found: other(found[1]) if is_renamed else found[1], command)
        words = [{**ids, "TASK": task}.get(word, word) for word in command.split()]
        outcome = ledger(*words, now=f"2026-11-{when}:00+08:00")
        if words[0] == "open":
            ids["OTHER" if ids["ID"] else "ID"] = outcome.out.partition(":")[0]
        task = task or "".join(re.findall(r"t-\w{4}(?= added)", outcome.out))
        code, out, err = outcome.code, put_back(outcome.out, NAMES), put_back(outcome.err, NAMES)
        err = re.sub(r"^playbooks?: .*\n", "", err, flags=re.MULTILINE)  # those shipped are for the shipped categories
        yield code, re.sub(" +|-{3,}", " ", out), err


def test_engine_works_alike_when_everything_has_another_name(pristine: Path, tmp_path: Path) -> None:
    shipped = list(told(estate(pristine, tmp_path / "a", is_renamed=False), is_renamed=False))
    changed = list(told(estate(pristine, tmp_path / "b", is_renamed=True), is_renamed=True))
    for line, before, after in zip(STORY, shipped, changed, strict=True):
        assert after == before, line
    codes = [code for code, _out, _err in shipped]
    refused = {line.split(" ")[0] for line, code in zip(STORY, codes, strict=True) if code == 2}
    assert refused == {"16T09:25", "16T10:00", "17T11:10", "17T11:40", "17T12:30", "17T13:40", "17T14:00"}
    assert {code for line, code in zip(STORY, codes, strict=True) if line.split(" ")[0] not in refused} == {0}
    late = {
        line.split(" ")[0]: [row["clock"] for row in json.loads(out)]
        for line, (_code, out, _err) in zip(STORY, shipped, strict=True)
        if " overdue " in line
    }
    task = late["17T10:30"][0]
    assert late == {
        "17T09:00": [task, "on-hold", "resolve"],
        "17T10:30": [task, "on-hold"],
        "17T13:50": [],
        "19T15:00": ["resolve", "respond"],
    }


# A word that is a state's name may stand in Python for something else; here is what for.
OTHER_MEANINGS = {
    "received": {
        "cpl/query.py": "short for the field received_at",
        "cpl/cli/look.py": "short for the field received_at",
        "cpl/mapping.py": "a key of a mapping file",
        "cpl/conversion.py": "a key of a mapping file",
        "cpl/figures.py": "a figure",
        "cpl/tally.py": "a figure",
        "cpl/report.py": "a figure",
        "cpl/report_json.py": "a figure",
    },
    "closed": {
        "cpl/figures.py": "a figure",
        "cpl/tally.py": "a figure",
        "cpl/report.py": "a figure",
        "cpl/report_json.py": "a figure",
        "cpl/worktime.py": "out of hours",
    },
}


DEMO = "cpl/cli/demo.py"  # plays a story by the shipped profile


def literals(path: Path) -> Iterator[str]:
    """Every text in a module that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_state_or_clock_is_spelled_in_python() -> None:
    unmistakable = re.compile(r"(?<![\w-])(" + "|".join({*KNOWN.states} - {*OTHER_MEANINGS}) + r")(?![\w-])")
    spelled, used = set(), set()
    for path in sorted((ROOT / "cpl").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for text in literals(path) if name != DEMO else ():
            word = text.removeprefix("to:")
            if word in OTHER_MEANINGS and name in OTHER_MEANINGS[word]:
                used.add((word, name))
            elif word in OTHER_MEANINGS or unmistakable.search(text) or text in {*KNOWN.clocks} - {"reply"}:
                spelled.add((name, text))
    assert spelled == set()
    assert used <= {(word, name) for word, names in OTHER_MEANINGS.items() for name in names}
