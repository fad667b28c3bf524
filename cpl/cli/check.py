"""`cpl check`: every problem of records and settings at once, with file, line, code, value and remedy."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from gettext import gettext as _
from gettext import ngettext
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

import click

from cpl import calendars, config, guard, health_writes, journal, registers, shelf, tree
from cpl.cli.app import App, pass_app
from cpl.cli.options import index_option, output_format
from cpl.errors import EXIT_PROBLEMS, CplError, Invalid, Problem
from cpl.git import GitFailed, GitMissing
from cpl.guard import Found, Verdict
from cpl.layout import NotReady
from cpl.registers import is_register
from cpl.render import Cell, Column, visible
from cpl.store import RECORDS, Store
from cpl.values import replace

T = TypeVar("T")

_COLUMNS: Final = tuple(Column(name, name) for name in ("path", "line", "code", "message"))
_MANY: Final = 1000  # records that take a moment
_COLUMNS_OF_COMMITS: Final = (Column("commit", "commit"), *_COLUMNS)


@click.command("check")
@click.argument("paths", metavar="[PATH|ID]…", nargs=-1)
@click.option("--staged", is_flag=True, help=_("What git would commit now, compared with HEAD; for hooks."))
@click.option(
    "--range",
    "span",
    metavar="BASE..HEAD",
    help=_("Every commit that HEAD has and BASE has not, each compared with its parents; for CI."),
)
@click.option("--pushed", is_flag=True, help=_("With --range: BASE is what the branch was, nothing of it may be gone."))
@index_option
@output_format("plain", ("plain", "json", "jsonl", "csv"))
@pass_app
def check_command(app: App, paths: Sequence[str], staged: bool, span: str | None, pushed: bool, fmt: str) -> None:
    """Check records and settings: form, fields, evidence, events, and the rules of the profile.

    Without PATHS the whole store, and what the index knows to be clean is not judged again (--no-index: everything
    is). Prints `path:line: CODE message`; exit code 1 when there is an error (E…), 0 when there are only warnings (W…).
    Each code is explained in docs/problems.md.

    --staged and --range read git instead of the files, and also judge what was changed: events removed, edited or
    back-dated, moves that the profile does not have, records deleted, deadlines moved without their event. BASE may be
    all zeros: then every commit is judged. Of a commit that a range names, only errors are told, as COMMIT:path:line.

    \b
    Examples:
      cpl check
      cpl check 7k3
      cpl check records/2026/11 --format json
      cpl check --staged
      cpl check --range origin/main..HEAD
    """
    if (staged, span is not None, bool(paths)).count(True) > 1:
        raise click.UsageError(_("give PATHS, --staged or --range, one of them"))
    if pushed and span is None:
        raise click.UsageError(_("--pushed goes with --range"))
    if staged or span is not None:
        _check_changes(app, span, fmt, pushed=pushed)
        return
    problems, count = _problems(app, paths)
    _show([Found(None, each) for each in problems], _COLUMNS, fmt, app)
    app.say(ngettext("{count} record: ", "{count} records: ", count).format(count=count) + _verdict(problems))
    _fail_on_errors(problems)


def _check_changes(app: App, span: str | None, fmt: str, *, pushed: bool) -> None:
    """Judge what the commits of a range, or the index, do to the records."""
    if span is None:
        verdict = _staged(app)
    else:
        app.store.require_repository()
        base, head = _ends(span)
        verdict = guard.between(app.store.git, base, head, app.clock(), pushed=pushed)
    _show(verdict.found, _COLUMNS if span is None else _COLUMNS_OF_COMMITS, fmt, app)
    problems = [each.problem for each in verdict.found]
    if span is not None:
        words = ngettext("{count} commit, ", "{count} commits, ", verdict.commits).format(count=verdict.commits)
        words += ngettext("{count} change of a record: ", "{count} changes of records: ", verdict.versions)
        app.say(words.format(count=verdict.versions) + _verdict(problems))
    elif problems:  # a hook that has nothing to say says nothing
        app.say(_("what is staged: ") + _verdict(problems))
    _fail_on_errors(problems)


def _staged(app: App) -> Verdict:
    """The verdict on the index, the one that git gives to its hooks."""
    git = replace(app.store.git, inherit_repository=True)
    try:
        return guard.staged(git, app.clock(), app.env)
    except GitFailed:
        app.store.require_repository()  # asked only now: a hook runs at each commit
        raise


def _ends(span: str) -> tuple[str | None, str]:
    """The two ends of `BASE..HEAD`; without dots the second is HEAD. A base of zeros is none."""
    base, _dots, head = span.replace("...", "..").partition("..")
    if not base.strip():
        raise click.BadParameter(_("'{span}' has no base; write BASE..HEAD").format(span=span), param_hint="--range")
    return (base if base.strip("0") else None), head or "HEAD"


def _show(found: Iterable[Found], columns: Sequence[Column], fmt: str, app: App) -> None:
    if fmt == "plain":
        click.echo("".join(f"{visible(str(each))}\n" for each in found), nl=False)
        return
    rows: list[dict[str, Cell]] = [
        {
            "commit": each.commit,
            "path": each.problem.path,
            "line": each.problem.line,
            "code": each.problem.code,
            "message": each.problem.message,
        }
        for each in found
    ]
    app.emit([{column.name: row[column.name] for column in columns} for row in rows], columns, fmt)


def _fail_on_errors(problems: Iterable[Problem]) -> None:
    if any(each.is_error for each in problems):
        raise click.exceptions.Exit(EXIT_PROBLEMS)


def _verdict(problems: Sequence[Problem]) -> str:
    errors = sum(1 for each in problems if each.is_error)
    warnings = len(problems) - errors
    if not problems:
        return _("no problems")
    return ", ".join(
        (
            ngettext("{count} error", "{count} errors", errors).format(count=errors),
            ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings),
        )
    )


def _problems(app: App, paths: Sequence[str]) -> tuple[list[Problem], int]:
    """The problems of the records that were asked for, and how many records these are."""
    try:
        app.settings  # noqa: B018 - loading it is what finds the problems of cpl.yaml and the profile
    except Invalid as error:
        return sorted([*error.problems, *_unfinished(app.store)]), 0
    store = app.store
    all_paths = list(store.paths())
    wanted, kept = all_paths, tree.register_files(store.root)
    if paths:
        asked = list(dict.fromkeys(_asked_for(app, paths, [*all_paths, *kept])))
        wanted, kept = [path for path in asked if not is_register(path)], [path for path in asked if is_register(path)]
    ids = {_stem(path) for path in all_paths}
    problems = [*_judged(app, wanted, ids, is_all=not paths)]
    problems += _twice(all_paths, set(wanted)) if len(ids) < len(all_paths) else ()
    problems += chain.from_iterable(_of_register(store, path, ids) for path in kept)
    if not paths:
        problems += [_stranger(path) for path in store.strangers(all_paths)]
        problems += _unfinished(store)
        problems += config.calendar_problems(app.settings, _calendar_files(store.root))
        problems += shelf.problems(store.root, app.settings)
    return sorted(set(problems)), len(wanted)


def _judged(app: App, wanted: Sequence[str], ids: Collection[str], *, is_all: bool) -> Iterator[Problem]:
    """The problems of these records; those of the whole store are not judged again where an index knows them clean."""
    from cpl import checking  # 7 ms that a hook does not need

    known = app.ask_index(lambda index: index.clean(app.now) if index.is_there() else None) if is_all else None
    left = wanted if known is None else [path for path in wanted if path not in known.paths]
    proven: set[bytes] = set()
    found = checking.verdicts(app.store, left, ids, app.now, proving=known is not None)
    for verdict in _shown(found, len(left)):
        yield from verdict.problems
        proven.update([] if verdict.proven is None else [verdict.proven])
    if known is not None:
        app.ask_index(lambda index: index.learn(app.now, known, proven))


def _of_register(store: Store, path: str, ids: Collection[str]) -> list[Problem]:
    data = store.bytes_of(path)
    return [data] if isinstance(data, Problem) else registers.problems(path, data, ids)


def _shown(found: Iterator[T], count: int) -> Iterator[T]:
    """`found`, with a progress bar for a person who watches and has to wait."""
    if count < _MANY or not sys.stderr.isatty():
        yield from found
        return
    with click.progressbar(
        found, length=count, label=_("Records"), update_min_steps=_MANY // 20, file=sys.stderr
    ) as shown:
        yield from shown


def _stem(path: str) -> str:
    """A file's name without its ending."""
    return path.rpartition("/")[2].removesuffix(tree.ENDING)


def _asked_for(app: App, paths: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for text in paths:
        full = Path(os.path.abspath(text))  # noqa: PTH100 - not resolve(): a link is itself what is wrong
        if not os.path.lexists(full):
            yield app.store.find(text)
            continue
        if not full.is_relative_to(app.store.root):
            message = _("{path} is not in the store {root}")
            raise CplError(message.format(path=text, root=app.store.root))
        relative = full.relative_to(app.store.root).as_posix()
        found = [path for path in known if path == relative or path.startswith(f"{relative}/") or relative == "."]
        if not found:
            message = _("{path} is no record and holds none; records are {records}/YYYY/MM/DD/ID.md")
            raise CplError(message.format(path=text, records=RECORDS))
        yield from found


def _twice(paths: Sequence[str], wanted: set[str]) -> Iterator[Problem]:
    places = defaultdict(list)
    for path in paths:
        places[_stem(path)].append(path)
    for stem, found in places.items():
        for path in found:
            if len(found) > 1 and path in wanted:
                others = ", ".join(each for each in found if each != path)
                message = _("the id {id} is also that of {others}; keep one file").format(id=stem, others=others)
                yield Problem(path, 1, "E032", message)


def _calendar_files(root: Path) -> Iterator[str]:
    for path in sorted((root / calendars.FOLDER).glob("*/*")):
        yield path.relative_to(root).as_posix()


def _unfinished(store: Store) -> Iterator[Problem]:
    """W082: a write was killed before it was done."""
    try:
        words = health_writes.unfinished(store)
    except (GitFailed, GitMissing, NotReady):  # without a repository there is no journal, and reading needs no git
        return
    if words is not None:
        path = os.path.relpath(store.private / journal.NAME, store.root)
        yield Problem(path, 1, "W082", _("{what}; run: cpl doctor --fix").format(what=words))


def _stranger(path: str) -> Problem:
    message = _("is neither a record (records/YYYY/MM/DD/ID.md) nor a file in a record's folder; move it away")
    return Problem(path, 1, "W080", message)
