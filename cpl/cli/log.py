"""`cpl log`: who changed what and when, from git; for people as blocks, for programs as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext
from typing import Final

import click

from cpl import history
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import RECORD, output_format
from cpl.history import Commit, FileChange
from cpl.moments import format_instant, parse_date, start_of_day
from cpl.render import FOR_PEOPLE, FORMATS, Cell, Column, visible
from cpl.store import AmbiguousId, NoSuchRecord

_COMMITS: Final = 20  # without an id and --limit
_FILES: Final = 10  # of one commit, and changes of one file, that are shown to people
_CHANGES: Final = 50
_NESTED: Final = tuple(
    Column(name, name)
    for name in (
        "commit",
        "at",
        "committed_at",
        "author",
        "subject",
        "action",
        "path",
        "renamed_from",
        "by_hand",
        "merge",
        "changes",
    )
)
_FLAT: Final = tuple(
    Column(name, name) for name in ("commit", "at", "by", "action", "path", "field", "from", "to", "words")
)


def _for_people() -> tuple[Column, ...]:
    return (
        Column("when", _("when")),
        Column("by", _("by")),
        Column("short", _("commit")),
        Column("id", _("record")),
        Column("words", _("change")),
    )


@click.command("log")
@click.argument("piece", metavar="[ID]", required=False, type=RECORD)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("At most so many commits."))
@click.option("--since", metavar="DATE", help=_("Only commits from this day or instant on (2026-11-22, 09:30)."))
@output_format("text", ("text", *FORMATS))
@pass_app
def log_command(app: App, piece: str | None, limit: int | None, since: str | None, fmt: str) -> None:
    """Tell who changed which field of a complaint, when, and from what to what; the newest commit first.

    It comes from git, so edits made by hand are in it, a moved record is followed, and a deleted one is found.
    Without ID it tells the last commits of all complaints.

    \b
    Examples:
      cpl log 7k3
      cpl log 7k3 --format json
      cpl log --since 2026-11-01 --limit 100
    """
    app.store.require_repository()
    start = None if since is None else bad_parameter("--since", lambda text: _start(app, text), since)
    path = None if piece is None else _path(app, piece)
    at_most = _COMMITS if path is None and limit is None and start is None else limit
    commits = history.trail(app.store.git, path, limit=at_most, since=start)
    open_ = None if path is None else history.pending(app.store, path)
    if fmt == "text":
        _print_text(app, path, commits, open_, start)
    else:
        _print_rows(app, commits, open_, fmt)


def _start(app: App, text: str) -> datetime:
    """The instant that a text names, a day's start in the store's zone."""
    if ":" in text:
        return app.instant(text)
    return start_of_day(parse_date(text), app.settings.zone)


def _path(app: App, piece: str) -> str:
    """The path of a record; also of one that is no more."""
    try:
        return app.store.find(piece)
    except NoSuchRecord:
        found = history.gone(app.store.git, piece)
        if len(found) > 1:
            raise AmbiguousId(piece, sorted(found)) from None
        for path in found.values():
            return path
        raise


def _print_text(
    app: App, path: str | None, commits: Iterable[Commit], open_: FileChange | None, start: datetime | None
) -> None:
    newest: Commit | None = None
    for commit in commits:
        newest = newest or commit
        click.echo(_block(app, commit))
    if open_ is not None:
        click.echo("".join(_lines(_("uncommitted changes:"), [open_], named=False)), nl=False)
    elif newest is None:
        words = _("no history yet") if start is None else _("no commit since {since}")
        app.say(words.format(since=start and format_instant(start)))
    elif path is not None and (removed := _removal(newest)):
        words = _("{id} was deleted in commit {commit}; it is still there in the one before")
        app.say(words.format(id=removed.name, commit=newest.sha[:7]))


def _removal(commit: Commit) -> FileChange | None:
    return next((each for each in commit.files if each.is_removed), None)


def _block(app: App, commit: Commit) -> str:
    """A line that says when, who, which commit and what for; below it one for each change."""
    when = commit.at.astimezone(app.settings.zone).strftime("%Y-%m-%d %H:%M")
    author = f"{commit.name} <{commit.email}>"
    person = _person(app, commit)
    who = author if person is None else f"{person} ({author})"
    marks = [_("by hand")] * commit.by_hand + [_("merge")] * commit.is_merge
    mark = f"  [{', '.join(marks)}]" if marks else ""
    title = f"{when}  {who}  {commit.sha[:7]}  {commit.subject}{mark}"
    named = len(commit.files) > 1 or any(each.name not in commit.subject for each in commit.files)
    return "".join(_lines(title, commit.files, named=named))


def _lines(title: str, files: Iterable[FileChange], *, named: bool) -> Iterator[str]:
    yield visible(title) + "\n"
    shown = list(files)
    for each in shown[:_FILES]:
        if named:
            yield f"  {visible(each.name)}\n"
        yield from (f"    {visible(change.words)}\n" for change in each.changes[:_CHANGES])
        if (count := len(each.changes) - _CHANGES) > 0:
            words = ngettext("… and {count} more change", "… and {count} more changes", count)
            yield f"    {words.format(count=count)}\n"
    if (count := len(shown) - _FILES) > 0:
        words = ngettext("… and {count} more record", "… and {count} more records", count)
        yield f"  {words.format(count=count)}\n"


def _person(app: App, commit: Commit) -> str | None:
    found = app.settings.person_with(commit.email)
    return None if found is None else found.id


def _print_rows(app: App, commits: Iterable[Commit], open_: FileChange | None, fmt: str) -> None:
    found: list[tuple[Commit | None, FileChange]]
    found = [(commit, each) for commit in commits for each in commit.files]
    if open_ is not None:
        found.append((None, open_))
    if fmt in ("json", "jsonl"):
        app.emit([_row(app, commit, each) for commit, each in found], _NESTED, fmt)
        return
    columns = _for_people() if fmt in FOR_PEOPLE else _FLAT
    app.emit([row for commit, each in found for row in _flat(app, commit, each)], columns, fmt)


def _row(app: App, commit: Commit | None, each: FileChange) -> Mapping[str, Cell]:
    """One file of one commit; for what is not committed, all that a commit says is absent."""
    return {
        **({} if commit is None else _about(app, commit)),
        "path": each.path,
        "renamed_from": each.renamed_from,
        "changes": [
            {"field": change.field, "from": change.before, "to": change.after, "words": change.words}
            for change in each.changes
        ],
    }


def _about(app: App, commit: Commit) -> Mapping[str, Cell]:
    return {
        "commit": commit.sha,
        "at": commit.at,
        "committed_at": commit.committed_at,
        "author": {"name": commit.name, "email": commit.email, "person": _person(app, commit)},
        "subject": commit.subject,
        "action": commit.action,
        "by_hand": commit.by_hand,
        "merge": commit.is_merge,
    }


def _flat(app: App, commit: Commit | None, each: FileChange) -> Iterator[Mapping[str, Cell]]:
    """A row for each change."""
    about: dict[str, Cell] = {"path": each.path, "id": each.name, "short": _("uncommitted")}
    if commit is not None:
        by = _person(app, commit) or commit.name
        when = commit.at.astimezone(app.settings.zone)
        about |= {"commit": commit.sha, "short": commit.sha[:7], "action": commit.action}
        about |= {"at": commit.at, "when": when, "by": by}
    for change in each.changes:
        yield {
            **about,
            "field": change.field,
            "from": change.before,
            "to": change.after,
            "words": change.words,
        }
