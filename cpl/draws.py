"""The draws of a store (RQ-5): what was drawn from, by a commit, and whether a draw that is kept can be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Any, Final

from cpl import quick, sampling
from cpl.config import Settings
from cpl.errors import CplError
from cpl.git import Git
from cpl.judging import Judge
from cpl.moments import Period, month
from cpl.objects import reading
from cpl.profile_duties import FOLLOW_UP, Share
from cpl.record import Record, day_of, is_id
from cpl.registers import Row
from cpl.renames import current
from cpl.steps import NoSuchCommit, commit_named
from cpl.store import RECORDS, read_entry
from cpl.tree import is_record
from cpl.values import frozen

SAME: Final = ("period", "level", "share", "percent", "digest")
"""What makes two draws one."""


class CannotDraw(CplError):
    """There is nothing to draw from: no settings in that commit, or a record that can't be read."""


@frozen
class Asked:
    """What is to be drawn: of which month, at which level, how much (None: the profile's shares)."""

    month: str
    level: str | None
    percent: Decimal | None


@frozen
class Drawn:
    """A draw from the ids of a population, for one of the profile's shares; None: for all that the level is for."""

    period: str
    level: str
    share: str | None
    percent: Decimal
    commit: str
    population: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The seed, which names the population."""
        return sampling.seed(self.period, self.level, self.population)

    @property
    def ids(self) -> tuple[str, ...]:
        """Who is drawn, in the order of the draw."""
        return sampling.draw(self.digest, self.population, self.percent)

    def row(self) -> dict[str, Any]:
        """What the register of draws keeps of it, but for its name, and who drew when."""
        data = {
            "period": self.period,
            "level": self.level,
            "share": self.share,
            "percent": self.percent,
            "commit": self.commit,
            "population": len(self.population),
            "digest": self.digest,
            "drawn": self.ids,
        }
        return {name: value for name, value in data.items() if value is not None}


@frozen
class Past:
    """A store as it was in a commit: its rules, and the answered records of a month by the day in their ids."""

    commit: str
    settings: Settings
    records: tuple[Record, ...]


def past(git: Git, revision: str, name: str, now: datetime) -> Past:
    """The store as it was in a commit, with the answered records of the month `name`.

    Raises:
        NoSuchCommit: it is not in this clone.
        CannotDraw: its settings, or one of the records, can't be read.
        ValueError: there is no such month.
    """
    commit = commit_named(git, revision)
    with reading(git) as objects:
        settings = Judge(git, objects, now).settings_at(commit)
    if not isinstance(settings, Settings):
        message = _("the settings of commit {commit} can't be read, so it is not known what is drawn from")
        raise CannotDraw(message.format(commit=commit[:12]))
    found = (current(each, settings.profile) for each in _records(git, commit, month(name, settings.zone)))
    return Past(commit, settings, tuple(each for each in found if sampling.is_answered(each, settings.profile)))


def _records(git: Git, commit: str, period: Period) -> Iterator[Record]:
    """The records of a commit whose ids name a day of the month."""
    folder = f"{RECORDS}/{period.start:%Y/%m}"
    told = git.stream("ls-tree", "-r", "-z", "--name-only", commit, "--", folder)
    paths = [path for path in (each.decode("utf-8", "surrogateescape") for each in told) if _is_of_its_day(path)]
    for path, data in zip(paths, git.cat_files(f"{commit}:./{path}" for path in paths), strict=True):
        record = None if data is None else quick.read(data) or read_entry(path, data).record
        if record is None:
            message = _("{path} can't be read in commit {commit}; who is drawn would depend on what is wrong with it")
            raise CannotDraw(message.format(path=path, commit=commit[:12]))
        yield record


def _is_of_its_day(path: str) -> bool:
    name = PurePosixPath(path).stem
    return is_record(path, RECORDS) and is_id(name) and path.startswith(f"{RECORDS}/{day_of(name)}/")


def draws(known: Past, asked: Asked) -> list[Drawn]:
    """What is drawn: one for each of the profile's shares of the level; with a percentage of its own for the first.

    Without a level it is those of all levels that are no whole: of a whole there is nothing to draw.
    """
    shares = sampling.shares_of(known.settings.profile, asked.level)
    if asked.percent is None:
        wanted = [each for each in shares if asked.level is not None or each.percent < sampling.WHOLE]
        return [_drawn(known, asked.month, share, shares) for share in wanted]
    same = [each for each in shares if each.percent == asked.percent]
    if same:
        return [_drawn(known, asked.month, share, shares) for share in same]
    level = str(asked.level)
    return [Drawn(asked.month, level, None, asked.percent, known.commit, _of_level(known, shares))]


def _drawn(known: Past, name: str, share: Share, shares: Sequence[Share]) -> Drawn:
    rivals = [each for each in shares if each.level == share.level]
    ids = tuple(each.id for each in known.records if sampling.share_of(each, rivals) is share)
    return Drawn(name, share.level, share.name, share.percent, known.commit, ids)


def _of_level(known: Past, shares: Sequence[Share]) -> tuple[str, ...]:
    """Those that count under one of the level's shares; all of them where the profile has none."""
    return tuple(each.id for each in known.records if not shares or sampling.share_of(each, shares) is not None)


def is_ours(git: Git, commit: str) -> bool:
    """Whether a commit is HEAD or comes before it."""
    return not git.run("rev-list", "--max-count=1", commit, "^HEAD")


def same_as(row: Row, others: Iterable[Row]) -> Row | None:
    """The draw among the others that is this one, drawn before."""
    return next((each for each in others if all(each.get(name) == row.get(name) for name in SAME)), None)


def faults(git: Git, row: Row, now: datetime) -> Iterator[str]:
    """What is found otherwise when a draw is repeated; nothing: it holds."""
    try:
        known = past(git, row["commit"], row["period"], now)
    except NoSuchCommit:
        yield _("it can't be repeated: this clone has no commit {commit}").format(commit=row["commit"][:12])
        return
    except (CannotDraw, ValueError) as error:
        yield str(error)
        return
    if known.commit != row["commit"]:
        yield _("'{commit}' is not the whole hash of a commit, so it can mean another one any day").format(
            commit=row["commit"]
        )
    if not is_ours(git, known.commit):
        yield _("commit {commit} is not part of this branch's history").format(commit=known.commit[:12])
    found = [each for each in draws(known, _asked(row)) if each.share == row.get("share")]
    if not found:
        yield _("the profile of that commit has no share '{name}' of {percent} %").format(
            name=row.get("share"), percent=row["percent"]
        )
    for each in found:
        again = each.row()
        for name in ("population", "digest", "drawn"):
            if again[name] != row[name]:
                yield _("{name} is {value}, but by that commit it is {right}").format(
                    name=name, value=_told(row[name]), right=_told(again[name])
                )


def _asked(row: Row) -> Asked:
    return Asked(row["period"], row["level"], row["percent"])


def _told(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def did_of(row: Row, settings: Settings) -> str:
    """The event that shows that somebody drawn was asked."""
    shares = sampling.shares_of(settings.profile, row["level"])
    own = next((share.did for share in shares if share.name == row.get("share")), f"{FOLLOW_UP}/{row['level']}")
    return f"did:{own}"
