"""How long people were in a room: from sessions that the relay told of, by real time.

Sessions of one person overlap (a page that reconnects, a phone beside a laptop, hearing while speaking), so seconds
are of the time that any of them covers, never a sum.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from rooms.models import HEARING, Attendance, Way

COVERED: Final = """
    SELECT coalesce(floor(sum(extract(epoch FROM upper(stretch) - lower(stretch)))), 0)
    FROM (
        SELECT unnest(range_agg(tstzrange(began_at, coalesce(ended_at, last_seen_at)))) AS stretch
        FROM rooms_attendance
        WHERE room_id = %s AND user_id = %s AND way = ANY(%s)
    ) AS stretches
"""

COVERED_WITHIN: Final = """
    SELECT coalesce(floor(sum(extract(epoch FROM upper(stretch) - lower(stretch)))), 0)
    FROM (
        SELECT unnest(
            range_agg(tstzrange(began_at, coalesce(ended_at, last_seen_at)) * tstzrange(%s, %s))
        ) AS stretch
        FROM rooms_attendance
        WHERE room_id IN (SELECT id FROM rooms_room WHERE creator_id = %s)
            AND user_id = %s AND way = ANY(%s)
    ) AS stretches
"""


def seconds_heard(*, room_id: UUID, user_id: UUID) -> int:
    """How many seconds a person has been connected to hear a room. One query."""
    return _covered(room_id, user_id, HEARING)


def seconds_heard_of(*, creator_id: UUID, user_id: UUID, since: datetime, until: datetime) -> int:
    """How many seconds a person has been connected to hear any room of a creator's within a time. One query."""
    with connection.cursor() as cursor:
        cursor.execute(COVERED_WITHIN, [since, until, creator_id, user_id, [way.value for way in HEARING]])
        return int(cursor.fetchone()[0])


def seconds_on_stage(*, room_id: UUID, user_id: UUID) -> int:
    """How many seconds a person has been connected to speak in a room. One query."""
    return _covered(room_id, user_id, (Way.PUBLISH,))


def audience_count(*, room_id: UUID) -> int:
    """How many people hear the room now. One query."""
    present = Attendance.objects.filter(room_id=room_id, ended_at__isnull=True, way__in=HEARING)
    return present.values("user_id").distinct().count()


def _covered(room_id: UUID, user_id: UUID, ways: Sequence[Way]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COVERED, [room_id, user_id, [way.value for way in ways]])
        return int(cursor.fetchone()[0])
