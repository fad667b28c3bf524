"""Checks of the store and who works in it: settings, versions, the profile, git's identity, texts that were kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from gettext import gettext as _
from gettext import ngettext
from pathlib import Path
from typing import Final

from cpl import __version__, config, files
from cpl.config import Settings
from cpl.errors import CplError, Invalid
from cpl.finding import Clone, Finding
from cpl.places import SETTINGS_LIMIT, shipped
from cpl.record import local_day
from cpl.store import RECORDS
from cpl.values import frozen
from cpl.yaml_writer import flow

GIT_SINCE: Final = (2, 31)
NEWLINES_SINCE: Final = (2, 38)  # `git cat-file -z`
PYTHON_SINCE: Final = (3, 11)


def settings(clone: Clone) -> Iterator[Finding]:
    """Whether cpl.yaml and the profile are right."""
    try:
        found = clone.store.settings
    except Invalid as error:
        remedy = _("mend the file (docs/problems.md explains each code), then: cpl check")
        yield from (Finding("settings", "error", str(problem), remedy) for problem in error.problems)
    except CplError as error:
        remedy = _("git log -- {file} tells who changed it").format(file=config.MARKER)
        yield Finding("settings", "error", str(error), remedy)
    else:
        count = len(found.people)
        words = ngettext("right; {count} person", "right; {count} people", count)
        yield Finding("settings", "ok", words.format(count=count))


@frozen
class Versions:
    """The versions of git and Python, and whether a name below records/ holds a line end."""

    git: tuple[int, int]
    python: tuple[int, int]
    names_with_newlines: bool


def versions(clone: Clone) -> Iterator[Finding]:
    """Whether git and Python are new enough for cpl."""
    git = clone.git_version()
    names = clone.git.stream("ls-files", "-z", "--", RECORDS) if git < NEWLINES_SINCE else ()
    has_newlines = any(b"\n" in name for name in names)
    yield judge_versions(Versions(git, sys.version_info[:2], has_newlines))


def judge_versions(facts: Versions) -> Finding:
    """The verdict on the versions."""
    names = {"git": _dotted(facts.git), "python": _dotted(facts.python), "cpl": __version__, "format": config.FORMAT}
    words = _("git {git}, Python {python}, cpl {cpl}, which reads stores of format {format}").format(**names)
    if facts.git < GIT_SINCE:
        remedy = _("install git {version} or newer").format(version=_dotted(GIT_SINCE))
        return Finding("versions", "error", words, remedy)
    if facts.python < PYTHON_SINCE:
        remedy = _("install Python {version} or newer").format(version=_dotted(PYTHON_SINCE))
        return Finding("versions", "error", words, remedy)
    if facts.git < NEWLINES_SINCE and facts.names_with_newlines:
        words += _("; a file below records/ has a line end in its name, which this git can't be asked for")
        remedy = _("install git {version} or newer, or rename the file").format(version=_dotted(NEWLINES_SINCE))
        return Finding("versions", "warning", words, remedy)
    return Finding("versions", "ok", words)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def profile(clone: Clone) -> Iterator[Finding]:
    """Which profile the store works by; one of its own is never wrong."""
    if clone.settings is None:
        yield Finding("profile", "warning", _unknown(), "cpl check")
        return
    name = clone.settings.profile_name
    paths = clone.settings.profile_files
    own, ours = ([_content(folder / path) for path in paths] for folder in (clone.store.root, shipped()))
    if own[0] is None:
        words = _("'{name}', the one that this cpl brings along; the store has no copy, so another cpl may differ")
    elif None in own:
        words = _("'{name}'; of what it extends the store has no copy, so another cpl may differ")
    elif ours[0] is None:
        words = _("'{name}', the store's own")
    elif own == ours:
        words = _("'{name}', the same as this cpl brings along")
    else:
        words = _("'{name}', which differs from the one that this cpl brings along; the store's rules are its own")
    yield Finding("profile", "ok", words.format(name=name))


def _content(path: Path) -> bytes | None:
    try:
        return files.read(path, SETTINGS_LIMIT)
    except files.Missing:
        return None


def _unknown() -> str:
    return _("not known while the settings are not right")


def identity(clone: Clone) -> Iterator[Finding]:
    """Whether git knows who commits."""
    found = clone.git.identity()
    if found is None:
        remedy = _("git config user.name NAME; git config user.email EMAIL")
        yield Finding("identity", "error", _("git does not know who you are, so nothing can be committed"), remedy)
    else:
        yield Finding("identity", "ok", f"{found[0]} <{found[1]}>")


def person(clone: Clone) -> Iterator[Finding]:
    """Whether git's address is that of one of the people."""
    found, known = clone.git.identity(), clone.settings
    if known is None:
        yield Finding("person", "warning", _unknown(), "cpl check")
    elif found is None:
        words = _("not known while git has no address of yours")
        yield Finding("person", "warning", words, _("see identity"))
    else:
        yield judge_person(known, found, local_day(clone.now, known.zone))


def judge_person(settings: Settings, identity: tuple[str, str], day: date) -> Finding:
    """The verdict on git's name and address on that day."""
    name, email = identity
    found = settings.person_with(email)
    if found is None:
        words = _("nobody in cpl.yaml has your git address {email}, so every write needs --by").format(email=email)
        return Finding("person", "warning", words, _entry(settings, name, email))
    if found.has_left(day):
        words = _("'{id}' has your git address {email}, and left after {until}")
        remedy = _("change `until` of {id} in cpl.yaml, or tell git who works here: git config user.email EMAIL")
        words = words.format(id=found.id, email=email, until=found.until)
        return Finding("person", "warning", words, remedy.format(id=found.id))
    return Finding("person", "ok", found.id)


def _entry(settings: Settings, name: str, email: str) -> str:
    """What to add to cpl.yaml so that the address is somebody's."""
    known = settings.people.get(config.person_id(email))
    if known is not None:
        message = _("if that is you, write in cpl.yaml for {id}: emails: {emails}")
        return message.format(id=known.id, emails=flow([*known.emails, email]))
    line = flow({"id": config.person_id(email), "name": name, "emails": [email]})
    message = _("add below people in cpl.yaml: - {line} (with `roles: [...]`, of {roles})")
    return message.format(line=line, roles=", ".join(settings.profile.roles))


def kept(clone: Clone) -> Iterator[Finding]:
    """Which texts wait in the private folder for what could not be used."""
    folder = clone.store.kept_folder()
    found = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    if not found:
        yield Finding("kept", "ok", _("no text that could not be used"))
        return
    newest = max(found, key=lambda path: (path.stat().st_mtime, path.name))
    words = ngettext(
        "{count} text that could not be used is kept: {path}",
        "{count} texts that could not be used are kept; the newest: {path}",
        len(found),
    )
    remedy = _("enter it again with the command that it was for, then remove the file")
    yield Finding("kept", "ok", words.format(count=len(found), path=newest), remedy)
