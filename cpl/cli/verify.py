"""`cpl verify`: the audit trail put to the proof, as a report for an auditor; and seals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from gettext import gettext as _
from gettext import ngettext
from typing import Final

import click

from cpl import seals
from cpl.audit import Audit, Finding, Terms
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import output_format
from cpl.errors import EXIT_PROBLEMS
from cpl.moments import format_instant, parse_duration
from cpl.objects import reading
from cpl.render import Cell, Column, Rows, duration, one_line, pairs, rows, visible
from cpl.seals import Digests

_DIGITS: Final = 18  # a tag may say anything
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_COLUMNS: Final = tuple(Column(name, name) for name in ("commit", "at", "author", "path", "line", "code", "message"))
_COLUMNS_OF_SEALS: Final = tuple(
    Column(name, name) for name in ("seal", "at", "by", "commit", "files", "records", "events", "sha256", "good")
)


@click.command("verify")
@click.option("--since", metavar="REV", help=_("Only commits that HEAD has and REV has not; a seal will do."))
@click.option("--signatures", is_flag=True, help=_("Also have git check the signature of every commit and seal."))
@click.option(
    "--tolerance",
    default="30m",
    show_default=True,
    metavar="DURATION",
    help=_("How much later than its event a commit may be (10m, 2h, 1d)."),
)
@click.option("--seal", is_flag=True, help=_("If there is no error, seal what HEAD has with a signed tag."))
@output_format("text", ("text", "json", "markdown"))
@pass_app
def verify_command(app: App, since: str | None, signatures: bool, tolerance: str, seal: bool, fmt: str) -> None:
    """Walk through history and prove it: every commit, every event against the commit that brought it, every seal.

    Tells events that were edited, removed or back-dated, records that were deleted, evidence that was changed, commits
    that break the store's rules, events in the name of somebody else, dates that can't be, and seals that do not fit.
    Exit code 1 when there is an error (E…); a warning (W…) is for people to look at. docs/audit.md tells what this can
    prove and what not, docs/problems.md what each code means.

    \b
    Examples:
      cpl verify
      cpl verify --since seal/2026-11-26-183000 --signatures
      cpl verify --format markdown > audit.md
      cpl verify --seal
    """
    app.store.require_repository()
    limit = bad_parameter("--tolerance", _tolerance, tolerance)
    run = Audit(app.store.git, Terms(app.now, since, limit, signatures))
    with _progress(run) as tick:
        findings = list(run.findings(tick))
    report = _Report(app, run, findings)
    click.echo({"text": report.text, "json": report.json, "markdown": report.markdown}[fmt](), nl=False)
    if report.errors:
        if seal:
            app.say(_("not sealed: there are errors; what was looked into already can be left out with --since REV"))
        raise click.exceptions.Exit(EXIT_PROBLEMS)
    if seal:
        _seal(app, run, click.echo if fmt == "text" else app.say)


def _tolerance(text: str) -> timedelta:
    found = parse_duration(text)
    if found.unit not in _SECONDS:
        raise ValueError(_("'{text}' is not a length of time; write 10m, 2h or 1d").format(text=text))
    return timedelta(seconds=found.amount * _SECONDS[found.unit])


@contextmanager
def _progress(run: Audit) -> Iterator[Callable[[], None]]:
    """What to call for every commit; for a person who watches it moves a bar."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    length = run.length()
    every = max(1, length // 200)
    with click.progressbar(length=length, label=_("Commits"), file=sys.stderr, update_min_steps=every) as bar:
        yield lambda: bar.update(1)


def _seal(app: App, run: Audit, tell: Callable[[str], None]) -> None:
    """Seal HEAD, which was found in order, and tell it."""
    with reading(run.git) as objects:
        content = Digests(run.git, objects).content(run.head)
    store = (app.settings.name, seals.prefix(run.git))
    name = seals.make(app.store.git, run.head, content, store, app.now)
    message = _("{name}: commit {commit}, records: {records}, events: {events}, SHA-256 {digest}")
    said = {"records": content.records, "events": content.events, "commit": run.head[:12], "digest": content.digest}
    tell(message.format(name=name, **said))
    app.say(_("give it to those who are to rely on it: git push origin {name}").format(name=name))


def _number(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < _DIGITS else text


class _Report:
    """What an auditor reads, in three faces."""

    def __init__(self, app: App, run: Audit, findings: Sequence[Finding]) -> None:
        self._app = app
        self._run = run
        self._findings = findings
        self.errors = sum(1 for each in findings if each.problem.is_error)

    def text(self) -> str:
        """The findings as `cpl check` has them, and a summary."""
        lines = "".join(f"{visible(str(each))}\n" for each in self._findings)
        return f"{lines}\n{pairs(self._summary())}" if lines else pairs(self._summary())

    def markdown(self) -> str:
        """A page."""
        title = _("Audit of {name}").format(name=self._app.settings.name or self._app.store.root.name)
        summary: Rows = [{"what": label, "found": value} for label, value in self._summary()]
        parts = [f"# {one_line(title)}\n", rows(summary, (Column("what", ""), Column("found", "")), "markdown")]
        if self._findings:
            parts += [f"## {_('Findings')}\n", rows(self._rows(), _COLUMNS, "markdown")]
        if self._run.seals:
            parts += [f"## {_('Seals')}\n", rows(self._seals(), _COLUMNS_OF_SEALS, "markdown")]
        return "\n".join(parts)

    def json(self) -> str:
        """One object."""
        counts, terms = self._run.counts, self._run.terms
        data: dict[str, Cell] = {
            "store": self._app.settings.name,
            "at": self._app.now,
            "head": self._run.head,
            "since": self._run.base,
            "from": self._local(self._run.first),
            "to": self._local(self._run.last),
            "tolerance_seconds": int(terms.tolerance.total_seconds()),
            "commits": counts.commits,
            "merges": counts.merges,
            "versions": counts.versions,
            "events": counts.events,
            "imported": counts.imported,
            "settings": counts.settings,
            "signatures": dict(sorted(counts.signatures.items())) if terms.signatures else None,
            "errors": self.errors,
            "warnings": len(self._findings) - self.errors,
            "findings": list(self._rows()),
            "seals": list(self._seals()),
        }
        return rows([data], [Column(name, name) for name in data], "jsonl")

    def _summary(self) -> list[tuple[str, str]]:
        run, counts = self._run, self._run.counts
        first = _("the first commit") if run.base is None else f"{run.terms.since} ({run.base[:12]})"
        lines = [
            (_("verified at"), format_instant(self._app.now)),
            (_("from"), self._dated(first, run.first)),
            (_("to"), self._dated(run.head, run.last)),
            (_("commits"), _("{count}, {n} of them merges").format(count=counts.commits, n=counts.merges)),
            (_("versions of records"), str(counts.versions)),
            (
                _("new events"),
                _("{count}, {imported} of them imported").format(count=counts.events, imported=counts.imported),
            ),
            (_("changes of settings"), str(counts.settings)),
            (_("tolerance"), duration(int(run.terms.tolerance.total_seconds()))),
        ]
        if run.terms.signatures:
            found = ", ".join(f"{grade} {count}" for grade, count in sorted(counts.signatures.items()))
            lines.append((_("signatures"), found or "–"))
        else:
            lines.append((_("signatures"), _("not asked for (--signatures)")))
        lines.append((_("seals"), _("none") if not run.seals else str(len(run.seals))))
        for seal, is_good in run.seals:
            words = _("in order; {by}, commit {commit}") if is_good else _("NOT in order; {by}, commit {commit}")
            lines.append((seal.name, words.format(by=seal.tagger or "-", commit=seal.commit[:12])))
        return [*lines, (_("result"), self._result())]

    def _result(self) -> str:
        if not self._findings:
            return _("no problems")
        warnings = len(self._findings) - self.errors
        words = ngettext("{count} error", "{count} errors", self.errors).format(count=self.errors)
        return words + ngettext(", {count} warning", ", {count} warnings", warnings).format(count=warnings)

    def _dated(self, what: str, at: datetime | None) -> str:
        return what if at is None else f"{what}, {format_instant(at.astimezone(self._app.settings.zone))}"

    def _rows(self) -> list[dict[str, Cell]]:
        return [
            {
                "commit": each.commit,
                "at": self._local(each.at),
                "author": each.author,
                "path": each.problem.path,
                "line": each.problem.line,
                "code": each.problem.code,
                "message": each.problem.message,
            }
            for each in self._findings
        ]

    def _seals(self) -> list[dict[str, Cell]]:
        return [
            {
                "seal": each.name,
                "at": self._local(each.at),
                "by": each.tagger,
                "commit": each.commit,
                **{name: _number(each.fields.get(name)) for name in ("files", "records", "events")},
                "sha256": each.fields.get("sha256"),
                "good": is_good,
            }
            for each, is_good in self._run.seals
        ]

    def _local(self, at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(self._app.settings.zone)
