"""The clauses of the procedures, where they are at hand, with the tests that are marked with each.

`python -m tests.clauses` prints the list.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
REQUIREMENTS: Final = TESTS.parent.parent / "shared" / "requirements.md"
_SECTION: Final = re.compile(r"^## ([A-Z]{2}) · ", re.MULTILINE)
_CODE: Final = re.compile(r"\b([A-Z]{2})-(\d+)\b")
_PART: Final = re.compile(r"\(([a-z])\) ")


def codes(text: str) -> dict[str, list[str]]:
    """Every clause that the text defines or names, in order, each with its parts: CC-3 has CC-3a to CC-3e."""
    sections = _SECTION.findall(text)
    found: dict[str, list[str]] = {}
    for section, number in _CODE.findall(text):
        if section in sections:
            found.setdefault(f"{section}-{number}", [])
    order = sorted(found, key=lambda code: (sections.index(code[:2]), int(code[3:])))
    return {code: _parts(text, code) for code in order}


def _parts(text: str, code: str) -> list[str]:
    """The parts of a clause, from (a) on, by its own item of the text; none where it has none."""
    item = re.search(rf"^- {code} .*(?:\n(?!- |\n|#).*)*", text, re.MULTILINE)
    letters = _PART.findall(item[0]) if item else []
    return [f"{code}{letter}" for letter in dict.fromkeys(letters)] if "a" in letters else []


def marked() -> dict[str, list[str]]:
    """The tests by the codes that they are marked with."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.glob("test_*.py")):
        for name, code in _marks(ast.parse(path.read_text(encoding="utf-8"))):
            test = f"{path.stem}::{name}"
            if test not in found[code]:
                found[code].append(test)
    return dict(found)


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What is marked, by the name of the function, class or list of cases, with each code."""
    for node in tree.body:
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "clause":
                for argument in call.args:
                    if isinstance(argument, ast.Constant):
                        yield _name(node), str(argument.value)


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else "?"


def without_test(text: str) -> list[str]:
    """The clauses and parts of clauses that no test is marked with; one that has parts needs a test of each."""
    tests = marked()
    wanted = [each for code, parts in codes(text).items() for each in (parts or [code])]
    return [code for code in wanted if code not in tests]


if __name__ == "__main__":
    known = marked()
    for code, parts in codes(REQUIREMENTS.read_text(encoding="utf-8")).items():
        for each in (code, *parts):
            sys.stdout.write(f"{each:6} {', '.join(known.get(each, [])) or '-'}\n")
