"""What a merge of texts left out of step in a record, put right from its events; what takes a judgement stays."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Any

from cpl import splicing
from cpl.document import Document
from cpl.merge_front import event_key
from cpl.moments import format_instant
from cpl.record import HISTORY, NAMED, ORDER, Record, derived, derived_dues, load
from cpl.schema import shown

Path = tuple[str | int, ...]


def mended(document: Document) -> tuple[Document, list[str]]:
    """The document without what stands there twice, and with every copy as the events say; what was done, in words.

    A document that holds no record is given back as it is.
    """
    record, problems = load(document)
    if record is None or any(each.is_error for each in problems):
        return document, []
    doubles = list(_doubles(record))
    for path, _words in reversed(doubles):
        document = splicing.remove(document, path)
    done = [words for _path, words in doubles]
    single, _problems = load(document)
    for path, value, words in _copies(single or record):
        if value is None:
            document = splicing.remove(document, path)
        else:
            document = splicing.set_value(document, path, value, order=ORDER)
        done.append(words)
    return document, done


def _doubles(record: Record) -> Iterator[tuple[Path, str]]:
    """What is the same as something before it in the file: events, tasks and files of evidence, and where."""
    seen: list[str] = []
    for index, event in enumerate(record.fields[HISTORY]):
        if event_key(event) in seen:
            said = {"event": event.key, "at": format_instant(event.at)}
            yield (HISTORY, index), _("the event {event} of {at} stood twice").format(**said)
        seen.append(event_key(event))
    for name, key in NAMED.items():
        items = record.fields.get(name, ())
        for index, item in enumerate(items):
            if item in items[:index]:
                yield (name, index), _("{name} stood twice in {field}").format(name=item[key], field=name)


def _copies(record: Record) -> Iterator[tuple[Path, Any, str]]:
    """The fields that differ from what the events have set last, with that value."""
    message = _("{field} is {value} by the events, not {was}")
    for name, (value, _event) in derived(record).items():
        if (was := record.get(name)) != value:
            yield (name,), value, message.format(field=name, value=shown(value), was=shown(was))
    dues = derived_dues(record)
    for index, task in enumerate(record.tasks):
        due = dues[task.id][0] if task.id in dues else task.due
        if due != task.due:
            words = message.format(field=f"tasks[{task.id}].due", value=shown(due), was=shown(task.due))
            yield ("tasks", index, "due"), due, words
