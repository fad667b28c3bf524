"""Who may have committed a change: a commit's author against `by`, roles and signatures; it asks git nothing itself.

Whom an address belongs to, which roles a person has and what needs one is said by the settings before the change:
nobody gets a right by the commit that uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from gettext import gettext as _
from itertools import chain
from typing import Final

from cpl import config, signatures, workflow
from cpl.config import Person, Settings
from cpl.difference import Change
from cpl.errors import Invalid, Problem
from cpl.events import Event, void_target
from cpl.moments import format_instant
from cpl.profile_rules import Rule
from cpl.record import before
from cpl.settings_files import parse
from cpl.signatures import Signature
from cpl.values import frozen
from cpl.yaml_nodes import plain_data

_HOW_TO_SIGN: Final = "git commit --amend --gpg-sign"


@frozen
class Author:
    """Who made a commit: the address that git has, and the settings that each parent has.

    `signature` asks for the commit's; it is None where there is no commit yet.
    """

    email: str
    settings: Sequence[Settings]
    signature: Callable[[], Signature] | None

    @property
    def people(self) -> list[Person]:
        """Whose address it is; several where a person is not the same in all parents, none where it is nobody's."""
        found = (signatures.author_of(each, self.email) for each in self.settings)
        return list(dict.fromkeys(each for each in found if each is not None))

    def has_role(self, rule: Rule) -> bool:
        """Whether the author has one of the roles that a rule wants."""
        return not rule.roles or any(workflow.has_role(each, rule) for each in self.people)

    def knew_role(self, name: str, rule: Rule) -> bool:
        """Whether a person had one of the roles before."""
        return any(workflow.has_role(each.people.get(name), rule) for each in self.settings)

    def lacks_signature(self, rule: Rule) -> str:
        """What is wrong with the signature that a rule wants, in words; empty where nothing is."""
        if not rule.signed or self.signature is None:
            return ""
        found = self.signature()
        if found.grade == "none":
            return _("no signature")
        if found.grade != "good":
            return _("a signature that is '{grade}' here").format(grade=found.grade)
        is_own = any(signatures.is_by(found, self.email, each) for each in self.settings)
        return "" if is_own else _("the signature of {signer}").format(signer=found.signer or found.key)


def of_events(change: Change, author: Author) -> Iterator[Problem]:
    """E120, E121, E122: each new event was committed by who did it, or by who says to have recorded it.

    What needs a role is committed by somebody who has it, and signed where the rule says so. An import's own events
    are nobody's; and a store may let anybody commit.
    """
    if all(each.any_author for each in author.settings):
        return
    names = [each.id for each in author.people]
    for event in change.new:
        if change.record.is_imported(event):
            continue
        if not {event.by, event.data.get("recorded_by")} & set(names):
            yield _on(change, event, "E120", _not_by(event, author, names))
            continue
        subject = _voided(change, event) or event
        previous = before(change.record, subject)
        if previous is None:
            continue
        for settings in author.settings:
            for rule in workflow.rules(previous, settings.profile, subject, settings.zone):
                yield from _by_rule(change, event, author, rule)


def _voided(change: Change, event: Event) -> Event | None:
    """The event that a void takes back, which is for those who may make it."""
    target = void_target(event) if event.did == "void" else None
    return next((each for each in change.record.history if (each.at, each.key) == target), None)


def _not_by(event: Event, author: Author, names: Sequence[str]) -> str:
    said = {"event": event.key, "at": format_instant(event.at), "by": event.by, "email": author.email}
    if not names:
        message = _(
            "the event {event} of {at} is by '{by}', and was committed with the address {email}, which is nobody's in "
            "cpl.yaml as it was before; have it added there, then make the commit anew"
        )
        return message.format(**said)
    message = _(
        "the event {event} of {at} is by '{by}', but '{author}' ({email}) committed it; who enters it for another "
        "person says so, as cpl does with --by: recorded_by: {author}"
    )
    return message.format(author=names[0], **said)


def _by_rule(change: Change, event: Event, author: Author, rule: Rule) -> Iterator[Problem]:
    """E121, E122: what one rule wants of who commits an event."""
    roles = _(" or ").join(rule.roles)
    said = {"event": event.key, "at": format_instant(event.at), "rule": rule.name, "roles": roles}
    if rule.shared and not author.knew_role(event.by, rule):
        message = _("rule '{rule}' wants the role {roles} for {event} of {at}, which '{by}' did not have before")
        yield _on(change, event, "E121", message.format(by=event.by, **said))
    elif not rule.shared and not author.has_role(rule):
        message = _(
            "rule '{rule}' wants the role {roles} also of who commits {event} of {at}, and {email} did not have it "
            "before; let somebody with the role commit it, or, at a shared desk, write shared: true into the rule"
        )
        yield _on(change, event, "E121", message.format(email=author.email, **said))
    elif lack := author.lacks_signature(rule):
        message = _("rule '{rule}' wants {event} of {at} signed by {email}, but the commit has {lack}; use: {how}")
        yield _on(change, event, "E122", message.format(email=author.email, lack=lack, how=_HOW_TO_SIGN, **said))


def _on(change: Change, event: Event, code: str, message: str) -> Problem:
    return Problem(change.path, event.line, code, message)


def of_settings(path: str, author: Author) -> Iterator[Problem]:
    """E122, E123: where a rule says who may change the settings, it was one of them.

    While nobody has the role, anybody may: else nobody could ever give it to somebody.
    """
    for settings in author.settings:
        for rule in settings.profile.rules:
            if not rule.settings:
                continue
            said = {"rule": rule.name, "email": author.email, "roles": _(" or ").join(rule.roles)}
            is_somebodys = any(workflow.has_role(each, rule) for each in settings.people.values())
            if is_somebodys and not author.has_role(rule):
                message = _("rule '{rule}' lets only the role {roles} change the settings, which {email} has not")
                yield Problem(path, 1, "E123", message.format(**said))
            elif lack := author.lacks_signature(rule):
                message = _("rule '{rule}' wants this signed by {email}, but the commit has {lack}; use: {how}")
                yield Problem(path, 1, "E122", message.format(lack=lack, how=_HOW_TO_SIGN, **said))


def told_of_settings(path: str, email: str, versions: Sequence[bytes | None]) -> Iterator[Problem]:
    """W126: who changed the settings, and what in them; `versions` are those of the parents and the new one."""
    *olds, new = ({} if each is None else _parts(each, path) for each in versions)
    if not new and (versions[-1] is not None or path == config.MARKER):
        return  # it can't be read, or the store is gone: an error of its own
    names = dict.fromkeys(chain(new, *olds))
    keys = [name for name in names if all(each.get(name) != new.get(name) for each in olds)]
    message = _("{email} changed the settings: {keys}")
    yield Problem(path, 1, "W126", message.format(email=email, keys=", ".join(keys) or _("comments, or the form")))


def _parts(data: bytes, path: str) -> dict[str, object]:
    """The values of a settings file by their first key; nothing of one that can't be read."""
    try:
        node = parse(data, path)
    except Invalid:
        return {}
    return {entry.key.text: plain_data(entry.value) for entry in node.entries}
