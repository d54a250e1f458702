"""Grants for the relay, issued from access: once usable, for a minute and a half."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from rooms.access import Access, decide
from rooms.live import hours
from rooms.live.errors import LiveAudioOffError, MayNotHearError, RoomNotOpenError, RoomOverError
from rooms.models import Admission, Room, Ticket, User
from rooms.relay import grants


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A token for one join, and where to take it. `room` is the relay's name of the room."""

    token: str
    relay_url: str
    room: str
    identity: str
    may_publish: bool
    expires_in_s: int


def identity_of_ticket(ticket: Ticket) -> str:
    """Who a listener is to the relay: the ticket, so that one seat is one session.

    Not the seat's number: a seat that was refunded and sold again is another identity, so its first buyer's tokens
    stay revoked.
    """
    return f"ticket:{ticket.id}"


def grant(*, room: Room, user: User | AnonymousUser, now: datetime, real_now: datetime) -> LiveGrant:
    """Let somebody in who may hear. `now` decides whether the room is open; signatures use real time, like the relay.

    At most three queries; select `creator` with the room.

    Raises:
        LiveAudioOffError, MayNotHearError, RoomNotOpenError, RoomOverError: nothing was issued.
    """
    if not settings.RELAY_URL:
        raise LiveAudioOffError
    access = decide(room=room, user=user)
    if not access.may_hear or isinstance(user, AnonymousUser):
        raise MayNotHearError(reason=access.reason)
    if now < hours.opens_at(room):
        raise RoomNotOpenError(opens_at=hours.opens_at(room))
    if not hours.is_open(room, now=now):
        raise RoomOverError
    identity = _identity(access, user)
    _admit(room, user, access, identity, real_now=real_now)
    return _issue(room, access, identity, real_now=real_now)


def _identity(access: Access, user: User) -> str:
    return f"user:{user.id}" if access.ticket is None else identity_of_ticket(access.ticket)


def _admit(room: Room, user: User, access: Access, identity: str, *, real_now: datetime) -> None:
    """Remember who stands behind the identity; what was revoked before is void, since access was decided anew."""
    admission = Admission(
        room=room,
        user=user,
        identity=identity,
        reason=access.reason,
        ticket=access.ticket,
        first_granted_at=real_now,
        last_granted_at=real_now,
    )
    Admission.objects.bulk_create(
        [admission],
        update_conflicts=True,
        unique_fields=["room", "identity"],
        update_fields=["reason", "last_granted_at", "revoked_at", "revoked_reason"],
    )


def _issue(room: Room, access: Access, identity: str, *, real_now: datetime) -> LiveGrant:
    token = grants.issue(
        key=settings.RELAY_GRANT_KEY,
        issuer=settings.RELAY_GRANT_ISSUER,
        identity=identity,
        room=str(room.id),
        can_publish=access.may_publish,
        can_subscribe=access.may_hear,
        now=real_now,
    )
    return LiveGrant(
        token=token,
        relay_url=settings.RELAY_URL,
        room=str(room.id),
        identity=identity,
        may_publish=access.may_publish,
        expires_in_s=grants.GRANT_LIFE_S,
    )
