"""When a room can be entered: from a little before its start until its end, by Obole's clock."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from rooms.models import Room

OPENS_BEFORE: Final = timedelta(minutes=10)
"""So that hosts find their microphones, and listeners their headphones."""


def opens_at(room: Room) -> datetime:
    """When the room can first be entered."""
    return room.starts_at - OPENS_BEFORE


def is_open(room: Room, *, now: datetime) -> bool:
    """Whether the room can be entered now."""
    return room.cancelled_at is None and room.ended_at is None and opens_at(room) <= now < room.ends_at


def is_over(room: Room, *, now: datetime) -> bool:
    """Whether the room has taken place and is open no more."""
    return room.cancelled_at is None and now >= opens_at(room) and not is_open(room, now=now)


def over_at(room: Room) -> datetime:
    """When the room is over, or was: at its end, or when its host ended it."""
    return room.ended_at or room.ends_at


def open_rooms(*, now: datetime) -> QuerySet[Room]:
    """All rooms for which `is_open` holds."""
    going_on = Room.objects.filter(cancelled_at__isnull=True, ended_at__isnull=True, ends_at__gt=now)
    return going_on.filter(starts_at__lte=now + OPENS_BEFORE)
