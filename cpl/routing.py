"""Which departments get a complaint, by the routes of the profile; and by when its channel promises an answer."""

from __future__ import annotations

from datetime import datetime

from cpl import worktime
from cpl.config import Settings
from cpl.profile import Profile
from cpl.profile_duties import Route
from cpl.record import Record
from cpl.workflow import matches


def route_of(record: Record, profile: Profile) -> Route | None:
    """The first route that the record matches; None where nothing says who gets it (RO-2)."""
    return next((route for route in profile.routes if _is_meant(route, record)), None)


def _is_meant(route: Route, record: Record) -> bool:
    return matches(record, route.when) and all(record.get(name) is not None for name in route.has)


def answer_by(record: Record, settings: Settings) -> datetime | None:
    """When who used the record's channel is to be answered at the latest; None where it promises nothing (CS-2)."""
    channel = settings.profile.channels.get(record.get("channel") or "")
    if channel is None or channel.within is None:
        return None
    return worktime.due(record.received_at, channel.within, settings.worktime)
