"""Who may hear and speak in a room, decided in one place.

The room page asks it now; the relay's grants ask it too, so that a page and the sound behind it never disagree. Later
kinds of access (subscription, invitation) join `decide`.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser

from rooms.models import CoHost, Room, Ticket, TicketState, User


class Reason(StrEnum):
    """Why somebody may, or may not, hear the room."""

    HOST = "host"
    COHOST = "cohost"
    TICKET = "ticket"
    STAFF = "staff"
    SIGNED_OUT = "signed_out"
    NO_TICKET = "no_ticket"
    ROOM_CANCELLED = "room_cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A decision with its reason; `ticket` is the one that opened the door."""

    may_hear: bool
    may_publish: bool
    reason: Reason
    ticket: Ticket | None = None


def decide(  # noqa: PLR0911 (one return for each reason reads best)
    *, room: Room, user: User | AnonymousUser
) -> Access:
    """Decide what a visitor may do in a room.

    At most two queries. `room.creator` is read, so select it with the room.
    """
    if room.cancelled_at is not None:
        return _denied(Reason.ROOM_CANCELLED)
    if isinstance(user, AnonymousUser):
        return _denied(Reason.SIGNED_OUT)
    if room.creator.user_id == user.id:
        return Access(may_hear=True, may_publish=True, reason=Reason.HOST)
    if CoHost.objects.filter(room=room, creator__user=user, accepted_at__isnull=False).exists():
        return Access(may_hear=True, may_publish=True, reason=Reason.COHOST)
    ticket = Ticket.objects.filter(room=room, buyer=user, state=TicketState.VALID).first()
    if ticket is not None:
        return Access(may_hear=True, may_publish=False, reason=Reason.TICKET, ticket=ticket)
    if user.is_staff and user.is_active:
        return Access(may_hear=True, may_publish=False, reason=Reason.STAFF)
    return _denied(Reason.NO_TICKET)


def _denied(reason: Reason) -> Access:
    return Access(may_hear=False, may_publish=False, reason=reason)
