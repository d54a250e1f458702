"""Leases: the relay lets sessions live only while Django says so, room by room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from rooms.live import hours, stream
from rooms.live.revocations import void_in
from rooms.live.stages import Stage, stages_of
from rooms.models import Attendance, Taping
from rooms.relay.control import Control, End, Lease, Record

LEASE_S: Final = 60
LEASED: Final = "obole:live:rooms"
"""A Valkey set: rooms whose leases were renewed and whose end was not told yet. Lost with Valkey: leases run out."""


def renew(*, now: datetime, real_now: datetime) -> list[UUID]:
    """Renew the leases of every open room, and end those that are open no more; the ids of the open ones.

    Everything that was decided about an open room is told again with each renewal (who may be on stage, who is muted,
    whose access is void): PostgreSQL knows it, so none stays lost. The relay reckons in real time, rooms open by
    Obole's clock. Seven queries, two when no room is open.
    """
    if not settings.RELAY_URL:
        return []
    open_ids = list(hours.open_rooms(now=now).order_by("id").values_list("id", flat=True))
    stages = stages_of(open_ids) if open_ids else {}
    leases = [_lease(room_id, stages[room_id], real_now=real_now) for room_id in open_ids]
    recorded = _recorded(open_ids, real_now=real_now)
    revoked = void_in(open_ids, now=now) if open_ids else []
    _tell([*revoked, *recorded, *leases], names={str(room_id) for room_id in open_ids}, left=_still_inside(open_ids))
    return open_ids


def _lease(room_id: UUID, stage: Stage, *, real_now: datetime) -> Lease:
    return Lease(
        room=str(room_id),
        until_s=real_now.timestamp() + LEASE_S,
        speakers=tuple(sorted(stage.speakers)),
        muted=tuple(sorted(stage.muted)),
        at_s=real_now.timestamp(),
    )


def _recorded(room_ids: Sequence[UUID], *, real_now: datetime) -> list[Record]:
    """Which rooms are recorded, and which are no longer since a moment ago: a message may have been lost."""
    since = real_now - timedelta(seconds=LEASE_S)
    tapings = Taping.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since), room_id__in=room_ids)
    on = {taping.room_id: taping.ended_at is None for taping in tapings.order_by("began_at")} if room_ids else {}
    return [Record(room=str(room_id), on=is_on) for room_id, is_on in on.items()]


def _still_inside(open_ids: Sequence[UUID]) -> set[str]:
    """Rooms that are open no more and have people in them: one that opened and closed between two renewals."""
    present = Attendance.objects.filter(ended_at__isnull=True).exclude(room_id__in=open_ids)
    return {str(room_id) for room_id in present.order_by().values_list("room_id", flat=True).distinct()}


def _tell(messages: Sequence[Control], *, names: set[str], left: set[str]) -> None:
    """One transaction in Valkey, so that a room is forgotten only if its end was told."""
    client = stream.client()
    leased: set[str] = client.smembers(LEASED)  # type: ignore[assignment]  # the stub's type is the async client's too
    over = sorted((leased - names) | left)
    with client.pipeline() as pipe:
        stream.add(pipe, [*messages, *(End(room=name) for name in over)])
        if over:
            pipe.srem(LEASED, *over)
        if names:
            pipe.sadd(LEASED, *names)
        pipe.execute()
