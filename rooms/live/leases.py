"""Leases: the relay lets sessions live only while Django says so, room by room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from rooms.live import hours, stream
from rooms.live.revocations import revocation
from rooms.models import Taping, Ticket, TicketState
from rooms.relay.control import Control, End, Lease, Record

LEASE_S: Final = 60
LEASED: Final = "obole:live:rooms"
"""A Valkey set: rooms whose leases were renewed and whose end was not told yet. Lost with Valkey: leases run out."""


def renew(*, now: datetime, real_now: datetime) -> list[UUID]:
    """Renew the leases of every open room, and end those that are open no more; the ids of the open ones.

    Revocations of open rooms are told again with each renewal: PostgreSQL knows them, so none stays lost. The relay
    reckons in real time, rooms open by Obole's clock. Three queries, one when no room is open.
    """
    if not settings.RELAY_URL:
        return []
    open_ids = list(hours.open_rooms(now=now).order_by("id").values_list("id", flat=True))
    leases = [Lease(room=str(room_id), until_s=real_now.timestamp() + LEASE_S) for room_id in open_ids]
    recorded = _recorded(open_ids, real_now=real_now)
    revoked = [revocation(ticket, now=now, real_now=real_now) for ticket in _not_valid_any_more(open_ids)]
    _tell([*revoked, *recorded, *leases], names={str(room_id) for room_id in open_ids})
    return open_ids


def _not_valid_any_more(room_ids: Sequence[UUID]) -> list[Ticket]:
    paid = Ticket.objects.filter(room_id__in=room_ids, paid_at__isnull=False).exclude(state=TicketState.VALID)
    return list(paid.select_related("room").order_by("id")) if room_ids else []


def _recorded(room_ids: Sequence[UUID], *, real_now: datetime) -> list[Record]:
    """Which rooms are recorded, and which are no longer since a moment ago: a message may have been lost."""
    since = real_now - timedelta(seconds=LEASE_S)
    tapings = Taping.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since), room_id__in=room_ids)
    on = {taping.room_id: taping.ended_at is None for taping in tapings.order_by("began_at")} if room_ids else {}
    return [Record(room=str(room_id), on=is_on) for room_id, is_on in on.items()]


def _tell(messages: Sequence[Control], *, names: set[str]) -> None:
    """One transaction in Valkey, so that a room is forgotten only if its end was told."""
    client = stream.client()
    leased: set[str] = client.smembers(LEASED)  # type: ignore[assignment]  # the stub's type is the async client's too
    over = sorted(leased - names)
    with client.pipeline() as pipe:
        stream.add(pipe, [*messages, *(End(room=name) for name in over)])
        if over:
            pipe.srem(LEASED, *over)
        if names:
            pipe.sadd(LEASED, *names)
        pipe.execute()
