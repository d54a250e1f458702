"""Taking the sound from people who may hear no more, within the second.

Whatever changes who may be in a room calls `recheck` (or `follow`, for a ticket) in its transaction: access is decided
again, and identities that it no longer gives are void from then on. A message that Valkey did not take is late and not
lost: it is sent again with the leases.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from config import clock
from rooms import locks
from rooms.access import Reason, decide, identity_of
from rooms.live import hours, stream
from rooms.models import Admission, Room, Standing, Ticket, TicketState, User
from rooms.relay.control import Control, Revoke
from rooms.relay.grants import RESUME_LIFE_S

log = structlog.get_logger(__name__)

REMAINS: Final = timedelta(seconds=RESUME_LIFE_S)
"""A revocation outlives the room by as long as a token of its last second could be used."""
REVOKED: Final = "revoked"


def follow(ticket: Ticket, *, now: datetime, reason: str = REVOKED) -> None:
    """Silence a ticket that is valid no more. Call it whenever a ticket has changed its state."""
    if ticket.paid_at is not None and ticket.state != TicketState.VALID:
        recheck(user_id=ticket.buyer_id, rooms=[ticket.room_id], now=now, reason=reason)


def recheck(*, user_id: UUID, now: datetime, rooms: Iterable[UUID] | None = None, reason: str = REVOKED) -> None:
    """Decide again about a person in these rooms, or in all where they were let in; cut off what they lost.

    Call it after the change, in its transaction. Only rooms that are open matter: before, nobody has a grant; after,
    the room has ended for everybody.
    """
    if not settings.RELAY_URL:
        return
    known = Admission.objects.filter(user_id=user_id, room__in=hours.open_rooms(now=now))
    chosen = known if rooms is None else known.filter(room_id__in=list(rooms))
    for room_id in sorted(set(chosen.values_list("room_id", flat=True))):
        _recheck_in(room_id, user_id, now=now, reason=reason)


def _recheck_in(room_id: UUID, user_id: UUID, *, now: datetime, reason: str) -> None:
    admissions = locks.lock_admissions(room_id=room_id, user_id=user_id)
    room = Room.objects.select_related("creator").get(id=room_id)
    user = User.objects.get(id=user_id)
    access = decide(room=room, user=user, now=now)
    kept = identity_of(access, user) if access.may_hear else None
    why = "removed" if access.reason is Reason.BANNED else reason
    for admission in admissions:
        if admission.identity != kept and admission.revoked_at is None:
            admission.revoked_at, admission.revoked_reason = clock.real_now(), why
            admission.save(update_fields=["revoked_at", "revoked_reason"])
            send_after_commit(partial(_revocation_now, room, admission, now=now))


def send_after_commit(*messages: Control | Callable[[], Control]) -> None:
    """Tell the relay once this transaction has committed. What is callable is called then: it carries the time."""
    if settings.RELAY_URL:
        transaction.on_commit(partial(_send, messages), robust=True)


def void_in(rooms: Iterable[UUID], *, now: datetime) -> list[Revoke]:
    """Every revocation of these open rooms, to be told again: what was revoked, and what is void by its own state."""
    return [
        revocation(admission.room, admission, now=now, at=admission.revoked_at or clock.real_now())
        for admission in _void(rooms).select_related("room").order_by("id")
    ]


def _void(rooms: Iterable[UUID]) -> QuerySet[Admission]:
    """Ticket and ban are asked too: a grant that was given in the same instant has escaped its revocation."""
    banned = Standing.objects.filter(room=OuterRef("room"), user=OuterRef("user"), banned_at__isnull=False)
    dead = Q(ticket__isnull=False) & ~Q(ticket__state=TicketState.VALID)
    void = Q(revoked_at__isnull=False) | dead | Q(Exists(banned))
    return Admission.objects.filter(void, room_id__in=list(rooms))


def revocation(room: Room, admission: Admission, *, now: datetime, at: datetime) -> Revoke:
    """The message that ends an identity's sessions and refuses its tokens from before `at` until the room is over."""
    until = clock.real_now() + (room.ends_at - now) + REMAINS
    return Revoke(
        room=str(room.id),
        identity=admission.identity,
        until_s=until.timestamp(),
        reason=admission.revoked_reason or REVOKED,
        at_s=at.timestamp(),
    )


def _revocation_now(room: Room, admission: Admission, *, now: datetime) -> Revoke:
    return revocation(room, admission, now=now, at=clock.real_now())


def _send(messages: Iterable[Control | Callable[[], Control]]) -> None:
    told = [message() if callable(message) else message for message in messages]
    try:
        stream.tell(told)
    except redis.RedisError as error:
        log.warning("control.delayed", messages=[type(message).__name__ for message in told], error=str(error))
