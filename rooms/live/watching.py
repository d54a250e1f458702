"""Whether anybody spoke in a room, as far as its relay has told: nobody only where it looked all the time.

Every sign of a voice counts, whoever's it was and however short. Times are real, as the relay reckons.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db import connection

from rooms.models import Attendance, Recording, Room, RoomWatch, Way
from rooms.relay.events import Event, Joined, Left, OnStage, Watched

GAP_MAX: Final = timedelta(seconds=90)
"""Leases are renewed every 10 s and run out after 60. A relay that told nothing for longer was away."""

NOTE: Final = """
    INSERT INTO rooms_roomwatch AS known (room_id, first_at, last_at, longest_gap_s, spoke_at)
    SELECT told.room_id, told.first_at, told.last_at, told.gap_s, told.spoke_at
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::timestamptz[])
        AS told (room_id, first_at, last_at, gap_s, spoke_at)
    JOIN rooms_room AS room ON room.id = told.room_id
    ORDER BY told.room_id
    ON CONFLICT (room_id) DO UPDATE SET
        first_at = least(known.first_at, excluded.first_at),
        last_at = greatest(known.last_at, excluded.last_at),
        longest_gap_s = greatest(
            known.longest_gap_s, excluded.longest_gap_s, extract(epoch FROM excluded.first_at - known.last_at)
        ),
        spoke_at = least(known.spoke_at, excluded.spoke_at)
"""


class Voices(StrEnum):
    """What is known of who spoke in a room."""

    SPOKE = "spoke"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class _Told:
    """What a batch of events says of one room."""

    looks: list[float] = field(default_factory=list)
    voices: list[float] = field(default_factory=list)

    @property
    def gap_s(self) -> float:
        looks = sorted(self.looks)
        return max((later - sooner for sooner, later in pairwise(looks)), default=0.0)


def note(events: Sequence[Event]) -> None:
    """Keep what events say of their rooms; told twice or late it changes nothing. One statement, or none."""
    told: dict[UUID, _Told] = defaultdict(_Told)
    for event in events:
        room_id = _uuid(event.room)
        if room_id is None:
            continue
        if isinstance(event, Watched):
            told[room_id].looks.append(event.at_s)
        if _is_voice(event):
            told[room_id].voices.append(event.at_s)
    if not told:
        return
    rows = list(told.items())
    with connection.cursor() as cursor:
        cursor.execute(
            NOTE,
            [
                [room_id for room_id, _ in rows],
                [_first(each.looks) for _, each in rows],
                [_moment(max(each.looks)) if each.looks else None for _, each in rows],
                [each.gap_s for _, each in rows],
                [_first(each.voices) for _, each in rows],
            ],
        )


def voices_in(room: Room, *, over_at: datetime, now: datetime, real_now: datetime) -> Voices:
    """Whether anybody spoke in a room that is over since `over_at`. Three queries at most.

    Nobody did only if its relay looked from its start to its end without a gap. Start and end are Obole's times and
    the relay's are real: both clocks have to have run together since, or nothing is known.
    """
    watch = RoomWatch.objects.filter(room=room).first()
    if watch is not None and watch.spoke_at is not None:
        return Voices.SPOKE
    if Attendance.objects.filter(room=room, way=Way.PUBLISH).exists():
        return Voices.SPOKE
    if Recording.objects.filter(room=room).exists():
        return Voices.SPOKE
    ahead = now - real_now
    looked = watch is not None and _covers(watch, min(room.starts_at, over_at) - ahead, over_at - ahead)
    return Voices.NOBODY if looked else Voices.UNKNOWN


def _covers(watch: RoomWatch, begin: datetime, end: datetime) -> bool:
    if watch.first_at is None or watch.last_at is None or watch.longest_gap_s > GAP_MAX.total_seconds():
        return False
    return watch.first_at <= begin + GAP_MAX and watch.last_at >= end - GAP_MAX


def _is_voice(event: Event) -> bool:
    """Whether somebody was there to speak. Of whom the site knows nothing, a voice is still one."""
    match event:
        case Joined() | Left():
            return event.way == Way.PUBLISH
        case Watched():
            return event.speakers > 0
        case OnStage():
            return any(event.slots)
    return False


def _first(moments: Sequence[float]) -> datetime | None:
    return _moment(min(moments)) if moments else None


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
