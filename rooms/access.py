"""Who may hear and speak in a room, decided in one place.

The room page asks it, the relay's grants ask it, and `rooms.live.revocations` asks it again when something changed, so
that a page and the sound behind it never disagree. A new kind of access is one more function in `KINDS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.contrib.auth.models import AnonymousUser

from rooms.models import CoHost, Guest, Place, Room, Standing, Ticket, TicketState, User
from rooms.subscriptions.queries import grants_access


class Reason(StrEnum):
    """Why somebody may, or may not, hear the room."""

    HOST = "host"
    COHOST = "cohost"
    TICKET = "ticket"
    SUBSCRIBER = "subscriber"
    GUEST = "guest"
    STAFF = "staff"
    SIGNED_OUT = "signed_out"
    NO_TICKET = "no_ticket"
    BANNED = "banned"
    ROOM_CANCELLED = "room_cancelled"


WORDS: Final = {
    Reason.HOST: "You host this room.",
    Reason.COHOST: "You co-host this room.",
    Reason.TICKET: "You have a seat.",
    Reason.SUBSCRIBER: "You subscribe to the host.",
    Reason.GUEST: "You are a guest of the host.",
    Reason.STAFF: "You are in as staff.",
    Reason.SIGNED_OUT: "Sign in to hear this room.",
    Reason.NO_TICKET: "Buy a ticket to hear this room.",
    Reason.BANNED: "The host has removed you from this room.",
    Reason.ROOM_CANCELLED: "This room will not take place.",
}
"""Each reason as it is told to the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A decision with its reason; `ticket` is the one that opened the door, `standing` what the hosts decided."""

    may_hear: bool
    may_publish: bool
    reason: Reason
    ticket: Ticket | None = None
    standing: Standing | None = None

    @property
    def moderates(self) -> bool:
        """Whether the person decides who speaks."""
        return self.reason in {Reason.HOST, Reason.COHOST}

    @property
    def words(self) -> str:
        """The reason for people."""
        return WORDS[self.reason]


def decide(*, room: Room, user: User | AnonymousUser, now: datetime) -> Access:
    """Decide what a visitor may do in a room.

    A query for each kind of access that is asked, and one for bans; select `creator` with the room.
    """
    if room.cancelled_at is not None:
        return _denied(Reason.ROOM_CANCELLED)
    if isinstance(user, AnonymousUser):
        return _denied(Reason.SIGNED_OUT)
    access = next(filter(None, (kind(room, user, now) for kind in KINDS)), None)
    if access is None:
        return _denied(Reason.NO_TICKET)
    if access.reason is Reason.HOST:
        return access
    return _with_standing(access, Standing.objects.filter(room=room, user=user).first())


def identity_of(access: Access, user: User) -> str:
    """Who a person is to the relay: the ticket, so that one seat is one session, else the person.

    Not the seat's number: a seat that was refunded and sold again is another identity, so its first buyer's tokens
    stay revoked.
    """
    return f"user:{user.id}" if access.ticket is None else f"ticket:{access.ticket.id}"


def _with_standing(access: Access, standing: Standing | None) -> Access:
    """What the hosts decided, on top of what opens the door. Those who co-host cannot be put out as listeners can."""
    if standing is None or access.reason is Reason.COHOST:
        return replace(access, standing=standing)
    if standing.banned_at is not None:
        return replace(_denied(Reason.BANNED), standing=standing)
    return replace(access, may_publish=standing.place == Place.SPEAKER, standing=standing)


def _as_host(room: Room, user: User, now: datetime) -> Access | None:
    if room.creator.user_id != user.id:
        return None
    return Access(may_hear=True, may_publish=True, reason=Reason.HOST)


def _as_cohost(room: Room, user: User, now: datetime) -> Access | None:
    if not CoHost.objects.filter(room=room, creator__user=user, accepted_at__isnull=False).exists():
        return None
    return Access(may_hear=True, may_publish=True, reason=Reason.COHOST)


def _by_ticket(room: Room, user: User, now: datetime) -> Access | None:
    ticket = Ticket.objects.filter(room=room, buyer=user, state=TicketState.VALID).first()
    return None if ticket is None else _hears(Reason.TICKET, ticket=ticket)


def _by_subscription(room: Room, user: User, now: datetime) -> Access | None:
    if not room.open_to_subscribers or not grants_access(user_id=user.id, creator_id=room.creator_id, now=now):
        return None
    return _hears(Reason.SUBSCRIBER)


def _as_guest(room: Room, user: User, now: datetime) -> Access | None:
    invited = Guest.objects.filter(room=room, email__iexact=user.email, withdrawn_at__isnull=True)
    return _hears(Reason.GUEST) if invited.exists() else None


def _as_staff(room: Room, user: User, now: datetime) -> Access | None:
    return _hears(Reason.STAFF) if user.is_staff and user.is_active else None


Kind = Callable[[Room, User, datetime], Access | None]
KINDS: Final[tuple[Kind, ...]] = (_as_host, _as_cohost, _by_ticket, _by_subscription, _as_guest, _as_staff)
"""Asked in this order; the first that opens the door decides."""


def _hears(reason: Reason, *, ticket: Ticket | None = None) -> Access:
    return Access(may_hear=True, may_publish=False, reason=reason, ticket=ticket)


def _denied(reason: Reason) -> Access:
    return Access(may_hear=False, may_publish=False, reason=reason)
