"""The main job on a profile in which everything that a profile names has another name: every command says the same."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from cpl.config import Settings
from cpl.profile import Profile
from cpl.record import ALPHABET, make_id
from cpl.settings_files import PROFILES
from tests.ledger import ROOT, Ledger, record_text, settings
from tests.renaming import names_of, other, put_back, renamed

NAMES = ("residential", "mall")
SINGLE = ("kind", "nature", "severity", "category", "channel")
COMMANDS = (
    "check",
    "list --format json --columns id,status,kind,nature,severity,category,channel,department,size,lead,due",
    "list --open --sort status --format csv --columns id,status",
    "overdue --soon 60d --format json",
    "overdue --soon 60d",
    "escalate --format json",
    "summary --month 2026-11 --format json --ids",
)
OF_EACH = ("show {id} --format json", "show {id}", "explain {id}", "similar {id}")


def own_settings(name: str, known: Profile, *, is_renamed: bool) -> str:
    """A cpl.yaml in which each role and department is somebody's, and every clock is on."""
    call = other if is_renamed else str
    text = (ROOT / PROFILES / f"{name}.yaml").read_text(encoding="utf-8")
    off = re.findall(r"^  ([\w-]+):.*\n    off: true$", text, re.MULTILINE)
    people = [f"- {{id: li.na, emails: [li.na@example.org], roles: [{', '.join(map(call, known.roles))}]}}"]
    people += [
        f"- {{id: p{number}, roles: [{call(role)}], department: {call(department)}}}"
        for number, (role, department) in enumerate(
            zip(known.roles, itertools.cycle(known.terms["departments"]), strict=False)
        )
    ]
    clocks = ", ".join(f"{call(each)}: {{off: false}}" for each in off)
    lines = ["format: 1", "timezone: Asia/Shanghai", f"profile: {name}", "people:", *people, f"clocks: {{{clocks}}}"]
    return "\n".join(lines) + "\n"


def paths_to(state: str, known: Profile) -> list[str]:
    """The shortest way from the initial state to another one."""
    ways = {known.initial: [known.initial]}
    for at in (queue := [known.initial]):
        for to in known.moves.get(at, ()):
            if to in known.states and to not in ways:
                ways[to] = [*ways[at], to]
                queue.append(to)
    return ways[state]


def records(known: Profile, *, is_renamed: bool) -> Iterator[tuple[str, str]]:
    """So many records that every name of the profile stands in one, each with its id."""
    call = other if is_renamed else str
    most = max(len(each) for each in (known.states, known.clocks, *known.terms.values()))
    picks = {field: itertools.cycle(known.terms[field]) for field in (*SINGLE, "departments", "order.size")}
    states, clocks = itertools.cycle(known.states), itertools.cycle(known.clocks)
    for number in range(most):
        picked = {field: next(names) for field, names in picks.items()}
        graver = list(known.terms["severity"].values())
        severity = graver[number // len(known.terms["nature"]) % len(graver)]
        goes = picked["nature"] in severity.when.get("nature", (picked["nature"],))
        picked["severity"] = severity.name if goes else ""
        lines = [f"{field}: {call(picked[field])}" for field in SINGLE if picked[field]]
        lines += [f"departments: [{call(picked['departments'])}]", f"order: {{size: {call(picked['order.size'])}}}"]
        lines += ["location: {building: '3'}", f"complainant: {{people: {number}}}" if number else "cause: x"]
        _intake, *moves = way = paths_to(next(states), known)
        lines.append(f"status: {call(way[-1])}")
        reason = ", reason: r, until: 2026-12-01T09:00:00+08:00"
        events = [f"16T{10 + hour}:00 to: {call(state)}{reason}" for hour, state in enumerate(moves)]
        events.insert(0, f"16T09:30 did: agree, clock: {call(next(clocks))}, due: 2026-11-20T12:00:00+08:00")
        identifier = make_id(date(2026, 11, 16), "AAAA" + ALPHABET[number // 32] + ALPHABET[number % 32])
        text = record_text(*events, fields="\n".join(lines) + "\n", identifier=identifier)
        yield identifier, text.replace(f"to: {known.initial}}}", f"to: {call(known.initial)}}}", 1)


def store(pristine: Path, root: Path, name: str, known: Profile, *, is_renamed: bool) -> Ledger:
    shutil.copytree(pristine, root, symlinks=True)
    (root / PROFILES).mkdir(parents=True)
    for each in (name, "common"):
        text = (ROOT / PROFILES / f"{each}.yaml").read_text(encoding="utf-8")
        (root / PROFILES / f"{each}.yaml").write_text(renamed(text) if is_renamed else text, encoding="utf-8")
    (root / "cpl.yaml").write_text(own_settings(name, known, is_renamed=is_renamed), encoding="utf-8")
    ledger = Ledger(root, now="2026-11-25T09:00:00+08:00")
    for identifier, text in records(known, is_renamed=is_renamed):
        ledger.put(identifier, text)
    ledger.commit()
    return ledger


def told(ledger: Ledger, names: set[str], ids: list[str]) -> list[tuple[str, int, str, str]]:
    """What each command comes to, in the names of the shipped profile; widths and line numbers apart."""
    commands = [*COMMANDS, *(each.format(id=identifier) for identifier in ids for each in OF_EACH)]
    found = []
    for command in commands:
        code, out, err = ledger(*command.split())
        out, err = (re.sub(r" +|-{3,}|(?<=\.yaml:)\d+", " ", put_back(text, names)) for text in (out, err))
        found.append((command, code, out, err))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_command_says_the_same_when_everything_has_another_name(
    pristine: Path, tmp_path: Path, name: str
) -> None:
    known = _settings(name).profile
    ids = [identifier for identifier, _text in records(known, is_renamed=False)]
    names = names_of(known)
    shipped = store(pristine, tmp_path / "a", name, known, is_renamed=False)
    changed = store(pristine, tmp_path / "b", name, known, is_renamed=True)
    before, after = told(shipped, names, ids[:6]), told(changed, names, ids[:6])
    for one, another in zip(before, after, strict=True):
        assert another == one
    rows = json.loads(before[1][2])
    seen = {row[field] for row in rows for field in ("status", *SINGLE, "size")}
    seen |= {each for row in rows for each in row["department"]}
    wanted = {each for terms in known.terms.values() for each in terms} | set(known.states)
    assert wanted - seen == set()
    assert "zz" in changed.ok("list", "--format", "csv")


def _settings(name: str) -> Settings:
    start = f"format: 1\ntimezone: Asia/Shanghai\nprofile: {name}\n"
    text = (ROOT / PROFILES / f"{name}.yaml").read_text(encoding="utf-8")
    off = re.findall(r"^  ([\w-]+):.*\n    off: true$", text, re.MULTILINE)
    return settings(f"{start}clocks: {{{', '.join(f'{each}: {{off: false}}' for each in off)}}}\n")
