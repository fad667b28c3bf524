"""Merge bases as git finds them, on a history with every kind of merge; and objects read in one process."""

from __future__ import annotations

import hashlib
import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from cpl.ancestry import Ancestry
from cpl.git import Git, GitFailed
from cpl.objects import reading


def tangled(repo: Path, count: int) -> list[tuple[str, list[str]]]:
    """So many commits, with none to three parents each and criss-cross, parents first; each with its parents."""
    chance = random.Random(20261126)
    lines, parents = list[str](), list[list[int]]()
    for number in range(1, count + 1):
        few = min(number - 1, chance.choice([1, 1, 1, 2, 2, 3]))
        near = range(max(1, number - 7), number)
        chosen = [] if number in (1, 20) else chance.sample(near, min(few, len(near)))
        parents.append(chosen)
        dated = f"A <a@example.org> {1_700_000_000 + chance.randrange(10**6)} +0000"  # clocks that know nothing
        lines += [f"commit refs/heads/c{number}", f"mark :{number}", f"committer {dated}", "data 1", "x"]
        lines += [f"{'merge' if at else 'from'} :{each}" for at, each in enumerate(chosen)]
    command = ["git", "fast-import", "--quiet", "--export-marks=marks"]
    subprocess.run(command, cwd=repo, input="\n".join([*lines, ""]).encode(), check=True)
    marks = dict(line.split() for line in (repo / "marks").read_text("utf-8").splitlines())
    names = [marks[f":{number}"] for number in range(1, count + 1)]
    return [(names[at], [names[each - 1] for each in chosen]) for at, chosen in enumerate(parents)]


def test_merge_bases_are_those_of_git(repo: Path) -> None:
    commits = tangled(repo, 60)
    ancestry = Ancestry()
    for commit, parents in commits:
        ancestry.add(commit, parents, 0)
    chance = random.Random(7)
    names = [commit for commit, _parents in commits]
    groups = [chance.sample(names, 2) for _time in range(60)] + [chance.sample(names[20:], 3) for _time in range(20)]
    several = 0
    for group in groups:
        octopus = ["--octopus"] if len(group) > 2 else []
        told = Git(repo).run("merge-base", "--all", *octopus, *group, ok=(0, 1)).decode().split()
        several += len(told) > 1
        assert sorted(ancestry.bases(group) or []) == sorted(told)
    assert several > 3


def test_merge_bases_outside_of_the_walk_are_not_known(repo: Path) -> None:
    commits = tangled(repo, 60)
    ancestry = Ancestry()
    for commit, parents in commits[40:]:
        ancestry.add(commit, parents, 5)
    for (one, _some), (other, _more) in pairwise(commits[40:]):
        found = ancestry.bases([one, other])
        if found is not None:
            told = Git(repo).run("merge-base", "--all", one, other, ok=(0, 1)).decode().split()
            assert sorted(found) == sorted(told)
    assert ancestry.bases([commits[0][0], commits[59][0]]) is None
    assert (commits[0][0] in ancestry, commits[59][0] in ancestry) == (False, True)
    assert (ancestry.seconds(commits[0][0]), ancestry.seconds(commits[59][0])) == (None, 5)


def test_objects_are_read_one_by_one_and_ahead(repo: Path) -> None:
    big = bytes(range(256)) * 20_000
    for name, data in {"a": b"", "b": b"text\n", "c\nd": b"odd name", "e": big}.items():
        (repo / name).write_bytes(data)
    git = Git(repo)
    git.run("add", "--all")
    blobs = git.run("ls-files", "--stage").decode().split()[1::4]
    with reading(git) as objects:
        assert [objects.read(f":./{name}") for name in ("a", "b", "c\nd", "e", "f", "g h", "i\nj")] == [
            b"",
            b"text\n",
            b"odd name",
            big,
            None,
            None,
            None,
        ]
        assert objects.digest(":e") == (big[:1024], hashlib.sha256(big).hexdigest())
        assert objects.digest(":c\nd") == (b"odd name", hashlib.sha256(b"odd name").hexdigest())
        assert objects.digest(":nothing") is None
        objects.fetch([*blobs, "0" * 40] * 30)
        assert [objects.read(blob) for blob in blobs] == [b"", b"text\n", b"odd name", big]
        assert objects.read(blobs[1]) == b"text\n"
        assert objects.read("0" * 40) is None


def ask_too_much(git: Git) -> None:
    with git.talking("cat-file", "--no-such-option") as (asked, told):
        asked.write(b"x\n" * 100_000)
        asked.flush()
        told.readline()


def test_process_that_ends_early_says_why(repo: Path) -> None:
    with pytest.raises(GitFailed, match="no-such-option"):
        ask_too_much(Git(repo))


def ask_what_has_ended(git: Git) -> None:
    with git.talking("version") as (_asked, told):
        told.read()
        raise BrokenPipeError


def test_process_that_ends_early_is_an_error_though_it_says_nothing(repo: Path) -> None:
    with pytest.raises(GitFailed, match="failed with code 0: -"):
        ask_what_has_ended(Git(repo))
