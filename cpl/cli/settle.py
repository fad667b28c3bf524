"""`cpl settle`: asks which side is right where a merge could not tell, and puts right what two clones made wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from gettext import gettext as _
from pathlib import PurePosixPath

import click

from cpl import aftermath, conflicts, files, guard, settling, tree, unmerged
from cpl.aftermath import Remedy
from cpl.cli.app import App, pass_app
from cpl.cli.editor import in_editor, is_kept
from cpl.cli.options import RECORD, How, writes
from cpl.cli.picking import OURS, THEIRS, NotPicked, Picker, word
from cpl.cli.writing import asked, field_pair, who_acts
from cpl.document import Document
from cpl.draft import Draft
from cpl.errors import EXIT_PROBLEMS, CplError, Invalid
from cpl.render import visible
from cpl.settling import Case, NotSettled
from cpl.store import RECORDS, read_entry
from cpl.transactions import Transaction
from cpl.unmerged import Left, Unmerged
from cpl.values import frozen, replace
from cpl.writes import Commit


@frozen
class _Wish:
    """What the command line says: a side for all that is in conflict, values by name, and how to go about it."""

    side: str | None
    values: Mapping[str, str]
    edit: bool
    void: bool
    reason: str | None
    how: How


@dataclass(slots=True)
class _Plan:
    """A record on its way to be settled: its case, the next version, what was done, and what is left to do."""

    case: Case
    document: Document
    done: list[str]
    left: list[Remedy] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether the file is to be written."""
        return self.document.encode() != self.case.data


@click.command("settle")
@click.argument("pieces", metavar="[ID]…", nargs=-1, type=RECORD)
@click.option("--ours", "side", flag_value=OURS, help=_("Take the side of the branch that you are on."))
@click.option("--theirs", "side", flag_value=THEIRS, help=_("Take the side that is merged in."))
@click.option("--field", "fields", metavar="NAME=VALUE", multiple=True, help=_("Give a field in conflict this value."))
@click.option("-e", "--edit", is_flag=True, help=_("Settle the conflicts in your editor."))
@click.option("--void", is_flag=True, help=_("Void the last moves where two clones' moves do not go together."))
@click.option("--reason", metavar="TEXT", help=_("Why; required with --void."))
@writes
@pass_app
def settle_command(
    app: App,
    pieces: Sequence[str],
    side: str | None,
    fields: Sequence[str],
    edit: bool,
    void: bool,
    reason: str | None,
    how: How,
) -> None:
    """Settle what a merge left: fields that both sides changed, and records that no longer fit together.

    Shows what stands on either side and asks; events, tasks and evidence of both sides are there in any case. What
    follows from the events, such as the status, is put right by itself, also in a record that was merged as text. Where
    two clones' moves do not go together, --void takes the last ones back by a further event.

    Without ID: all that is unmerged, else every record. In a merge the files are added, and when nothing is left the
    merge is committed; otherwise what was put right is one commit.

    \b
    Examples:
      cpl settle
      cpl settle 7k3 --theirs
      cpl settle 7k3 --field title="Door 2 does not lock" --ours
      cpl settle 7k3 --void --reason "moved by two of us at once"
    """
    if edit and (side or fields):
        raise click.UsageError(_("--edit goes without --ours, --theirs and --field"))
    if reason is not None and not void:
        raise click.UsageError(_("--reason goes with --void"))
    app.store.require_repository()
    values = dict(field_pair(each) for each in fields)
    _Settlement(app, _Wish(side, values, edit, void, reason, how)).run(pieces)


class _Settlement:
    """One run of the command."""

    def __init__(self, app: App, wish: _Wish) -> None:
        self.app = app
        self.store = app.store
        self.wish = wish
        self.state = app.store.git.state()
        self.picker = Picker(app, wish.side, wish.values)
        self.left = unmerged.left_to_settle(app.store)
        self.is_merging = self.state in settling.GO_ON or self.left != Left()
        self.is_open = False  # whether something is left to a person
        self.is_committed = False

    def run(self, pieces: Sequence[str]) -> None:
        """Plan all, write all, conclude."""
        plans, missing = [], []
        for path, each in self._wanted(pieces):
            try:
                plan = self._planned(path, each)
            except NotPicked as error:
                missing.append(str(error))
            else:
                plans += [] if plan is None else [plan]
        if missing:
            raise NotPicked("\n".join(missing))
        self._require_known_fields(plans)
        with self.store.lock():
            self._write(plans)
            self._report(plans)
            self._finish(plans)
        if self.is_committed:
            self.app.hint_at_hooks()
        if self.is_open:
            raise click.exceptions.Exit(EXIT_PROBLEMS)

    def _wanted(self, pieces: Sequence[str]) -> Iterator[tuple[str, Unmerged | None]]:
        """The records to look at, with what git has unmerged of each."""
        known = {each.path: each for each in self.left.records}
        if pieces:
            paths = [self._find(piece, known) for piece in pieces]
        elif self.is_merging:
            paths = [*known, *self.left.evidence, *self._touched()]
        else:
            paths = list(self.store.paths())
        for path in dict.fromkeys(paths):
            yield path, known.get(path)

    def _find(self, piece: str, known: Mapping[str, Unmerged]) -> str:
        """The record's path, also of one that is in conflict and lies elsewhere."""
        fitting = [path for path in known if piece.upper() in PurePosixPath(path).stem.upper()]
        return fitting[0] if len(fitting) == 1 else self.store.find(piece)

    def _touched(self) -> Iterator[str]:
        """Records of the merge that have to be looked at: changed since it stopped, or wrong by what it united."""
        told = self.store.git.run("diff-files", "--name-only", "--relative", "-z", "--", RECORDS)
        names = {each.decode("utf-8", "surrogateescape") for each in told.split(b"\0")[:-1]} - self._in_index
        yield from sorted(path for path in names if tree.is_record(path, RECORDS))
        if not self.store.git.unmerged():
            found = guard.staged(self.store.git, self.app.now, {}).found
            yield from sorted({each.problem.path for each in found if each.problem.path.startswith(f"{RECORDS}/")})

    def _planned(self, path: str, unmerged_: Unmerged | None) -> _Plan | None:
        """What becomes of a record; None where nothing is to be done or can be, which is then said."""
        data = self.store.bytes_of(path)
        if not isinstance(data, bytes):
            self.app.say(str(data))
            self.is_open = True
            return None
        try:
            return self._plan(path, data, unmerged_)
        except NotSettled as error:
            if unmerged_ is None and not conflicts.is_marked(data):
                return None  # a record with another error, which is for `check` to tell
            self.is_open = True
            self.app.say(str(error))
            return None

    def _plan(self, path: str, data: bytes, unmerged_: Unmerged | None) -> _Plan | None:
        if self.wish.edit and (unmerged_ is not None or conflicts.is_marked(data)):
            versions = {} if unmerged_ is None else unmerged_.versions
            case = Case(path, data, (path,) if unmerged_ is None else unmerged_.paths, versions, None)
            document, done = self._edited(case)
        else:
            case = settling.case_of(path, data, unmerged_)
            picked = self.picker.picked(case)
            if picked is None:
                self.is_open = True
                return None
            document, done = case.settled(picked)
            done = [*(f"{name}: {word(case, name, value)}" for name, value in picked.items()), *done]
        return self._after(_Plan(case, document, done))

    def _edited(self, case: Case) -> tuple[Document, list[str]]:
        """The record as the person made it in the editor."""
        made: list[tuple[Document, list[str]]] = []

        def use(text: bytes) -> None:
            try:
                made.append(case.taken(text))
            except NotSettled as error:
                raise Invalid(str(error), read_entry(case.path, text).problems) from error

        name = PurePosixPath(case.path).name
        mine = files.keep(self.store.kept_folder(), name, case.data.decode("utf-8", "surrogateescape"))
        try:
            in_editor(self.app, mine, use)
        except BaseException:
            if is_kept(self.app, mine, worthless=[case.data]):
                self.app.say(_("your text is kept in {path}").format(path=mine))
            raise
        return made[-1][0], [_("edited"), *made[-1][1]]

    def _after(self, plan: _Plan) -> _Plan | None:
        """The plan with the moves voided that do not go together, and with what is left to do; None: nothing at all."""
        record = settling.record_of(plan.document)
        found = settling.problems(self.store, plan.document, self.app.now, None)
        remedies = aftermath.remedies(record, self.app.settings.profile, found)
        for remedy in remedies:
            if remedy.voids and self._is_to_void(remedy):
                self._void(plan, remedy)
                return self._after(plan)
        plan.left = remedies
        is_settled = not plan.is_changed and plan.case.path not in self._in_index and not plan.case.versions
        return None if is_settled and not remedies and not self.is_merging else plan

    @property
    def _in_index(self) -> set[str]:
        return {path for each in self.left.records for path in each.paths}

    def _is_to_void(self, remedy: Remedy) -> bool:
        if self.wish.void:
            return True
        if not self.app.asks:
            return False
        self.app.say(str(remedy.problem))
        names = ", ".join(event.key for event in remedy.voids)
        return click.confirm(visible(_("Void {events}?").format(events=names)), default=False, err=True)

    def _void(self, plan: _Plan, remedy: Remedy) -> None:
        reason = asked(self.app, self.wish.reason, _("Reason"), _("say why: --reason TEXT"))
        self.wish = replace(self.wish, reason=reason)
        draft = Draft(plan.document, self.app.settings, who_acts(self.app, self.wish.how))
        for event in remedy.voids:
            draft.void(event, reason=reason)
            plan.done.append(_("voided {event}").format(event=event.key))
        plan.document = draft.document

    def _require_known_fields(self, plans: Sequence[_Plan]) -> None:
        """Raise click.UsageError where --field names what is in no conflict, or in those of several complaints."""
        known = [clash.name for plan in plans for clash in plan.case.clashes]
        for name in self.wish.values:
            if name not in known:
                message = _("{name} is in no conflict; in conflict are: {names}")
                raise click.UsageError(message.format(name=name, names=", ".join(known) or _("none")))
            if known.count(name) > 1:
                message = _(
                    "{name} is in conflict in several complaints; say which is meant: cpl settle ID --field {name}=…"
                )
                raise click.UsageError(message.format(name=name))

    def _write(self, plans: Sequence[_Plan]) -> None:
        """Write what changed; in a merge tell git, else commit."""
        changed = [plan for plan in plans if plan.is_changed]
        commit = self._commit(changed) if self.wish.how.commit and not self.is_merging else None
        if commit is not None and changed:
            self.store.require_commit([plan.case.path for plan in changed])
            self._require_right(changed)
        with Transaction(self.store.root) as transaction:
            for plan in changed:
                self._require_unchanged(plan)
                transaction.write(self.store.root / plan.case.path, plan.document.encode())
            if commit is not None and changed:
                self.store.commit(transaction.paths, commit)
                self.is_committed = True
        if self.is_merging:
            self._stage(plans)

    def _require_right(self, plans: Sequence[_Plan]) -> None:
        """Raise Invalid where a record would still have errors, which a hook and CI refuse."""
        for plan in plans:
            found = settling.problems(self.store, plan.document, self.app.now, plan.case.known)
            if errors := [each for each in found if each.is_error]:
                message = _("nothing was written, {id} would not be right yet; settle what can be: --no-commit")
                raise Invalid(message.format(id=plan.case.id), errors)

    def _require_unchanged(self, plan: _Plan) -> None:
        there = self.store.bytes_of(plan.case.path)
        if isinstance(there, bytes) and there != plan.case.data:
            message = _("{path} was changed by somebody else in the meantime; nothing was written, try again")
            raise CplError(message.format(path=plan.case.path))

    def _stage(self, plans: Sequence[_Plan]) -> None:
        """Tell git what is settled, and give evidence of one name its places."""
        for plan in plans:
            for path in plan.case.paths:
                if path != plan.case.path and (self.store.root / path).exists():
                    files.remove(self.store.root / path, root=self.store.root)
            unmerged.stage_files(self.store.git, [plan.case.path, *plan.case.paths])
            items = settling.record_of(plan.document).get("evidence") or ()
            hashes = {item["file"]: item["sha256"] for item in items}
            paths = self.left.evidence.get(plan.case.path, ())
            plan.done += unmerged.settle_files(self.store, paths, hashes)

    def _report(self, plans: Sequence[_Plan]) -> None:
        for plan in plans:
            if plan.is_changed or plan.done or plan.case.versions:
                what = "; ".join(plan.done) or _("as it stands")
                click.echo(visible(_("{id}: settled ({what})").format(id=plan.case.id, what=what)))
            for remedy in plan.left:
                self.is_open = self.is_open or remedy.problem.is_error
                suffix = " --no-commit" if self.is_merging else ""
                self.app.say("\n".join([str(remedy.problem), *(f"  {each}{suffix}" for each in remedy.commands)]))
        for path in self.left.others:
            self.is_open = True
            self.app.say(_("{path} is no record: settle it in the file, then: git add {path}").format(path=path))

    def _finish(self, plans: Sequence[_Plan]) -> None:
        """Conclude the merge, or say how git goes on."""
        is_over = not self.is_merging or not self.wish.how.commit
        if not plans and not self.is_merging and not self.is_open:
            self.app.say(_("nothing is to be settled"))
        if is_over or self.store.git.unmerged():
            return
        if settling.may_conclude(self.store):
            commit = settling.conclude(self.store, self._commit(plans), self.app.now)
            click.echo(_("the merge is concluded: {commit}").format(commit=commit[:12]))
        else:
            command = settling.GO_ON.get(self.state or "", "git commit")
            self.app.say(_("all is settled; go on with: {command}").format(command=command))

    def _commit(self, plans: Sequence[_Plan]) -> Commit:
        ids = [plan.case.id for plan in plans]
        subject = f"{ids[0] if len(ids) == 1 else f'{len(ids)} complaints'}: settled"
        return Commit(subject, "settle", ids, self.wish.how.message)
