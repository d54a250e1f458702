"""Words that evidence of every product shares: moments, whereabouts, and entries to rooms."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from rooms.models import Room, RoomEntry

ENTRIES_MAX: Final = 200


def utc(moment: datetime) -> str:
    """A moment to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(moment: datetime) -> str:
    """Its day."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def came_from(ip: str | None, user_agent: str) -> str:
    """Address and browser in brackets; nothing where neither is known."""
    parts = [f"address {ip}" if ip else "", f"browser {user_agent}" if user_agent else ""]
    known = ", ".join(filter(None, parts))
    return f" ({known})" if known else ""


def audio_in_all(seconds: int) -> Iterator[str]:
    """A line for what the buyer heard; none for nothing, which would speak against us and need not be told."""
    if seconds:
        yield f"In all the buyer's account was connected to the room's audio for {spell(seconds)}."


def spell(seconds: int) -> str:
    """A length for a log."""
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def entries(
    rooms: Collection[Room], *, user_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> Iterator[str]:
    """A line for each place from which a person entered these rooms, within a time if one is given. One query."""
    when = (Q(last_at__gte=since) if since else Q()) & (Q(first_at__lt=until) if until else Q())
    found = RoomEntry.objects.filter(when, room__in=rooms, user_id=user_id).select_related("room")
    for entry in found.order_by("first_at")[:ENTRIES_MAX]:
        where = "the room" if len(rooms) == 1 else f"“{entry.room.title}”"
        again = f", the last time at {utc(entry.last_at)}" if entry.last_at > entry.first_at else ""
        yield f"{utc(entry.first_at)}: entered {where}{again}{came_from(entry.ip, entry.user_agent)}."
