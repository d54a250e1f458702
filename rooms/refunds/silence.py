"""Rooms that are over and in which nobody is known to have spoken. Reads only; `no_show` acts on them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from rooms.live import hours
from rooms.live.watching import Voices, voices_in
from rooms.models import Attendance, Recording, Room, Ticket, TicketState, Way

REFUNDABLE = (TicketState.VALID, TicketState.DISPUTED)
"""Somebody's money is with us, or with the bank until it has decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A room in which nobody is known to have spoken.

    Sure, it refunds itself at `refunds_at`; else what its relay told is incomplete, and a person decides.
    """

    is_sure: bool
    refunds_at: datetime
    buyers: int


def of_room(room: Room, *, now: datetime, real_now: datetime) -> Silence | None:
    """The silence of a room that is over; None for any other, and where nobody has paid. Four queries at most.

    Without live audio nothing is known of any room, and hosts may decide for as long as they may refund.
    """
    over_at = hours.over_at(room)
    if not settings.RELAY_URL or room.cancelled_at is not None or not over_at <= now <= over_at + _decided_within():
        return None
    buyers = Ticket.objects.filter(room=room, state__in=REFUNDABLE).count()
    voices = voices_in(room, over_at=over_at, now=now, real_now=real_now) if buyers else Voices.SPOKE
    if voices is Voices.SPOKE:
        return None
    return Silence(is_sure=voices is Voices.NOBODY, refunds_at=over_at + grace(), buyers=buyers)


def due_rooms(*, now: datetime) -> QuerySet[Room]:
    """Rooms that are over for the grace, that somebody paid for, and of which no voice is known.

    Those whose silence is sure refund themselves within a minute; those that stay here are for a person.
    """
    if not settings.RELAY_URL:
        return Room.objects.none()
    until = now - grace()
    over = Room.objects.alias(over_at=Coalesce("ended_at", "ends_at")).filter(over_at__lte=until)
    recent = over.filter(cancelled_at__isnull=True, starts_at__lte=until, starts_at__gte=until - _decided_within())
    silent = recent.filter(
        ~Exists(Attendance.objects.filter(room=OuterRef("pk"), way=Way.PUBLISH)),
        ~Exists(Recording.objects.filter(room=OuterRef("pk"))),
        Exists(Ticket.objects.filter(room=OuterRef("pk"), state__in=REFUNDABLE)),
        watch__spoke_at__isnull=True,
    )
    # A development clock jumps over rooms, so most of them nobody could have been in.
    return silent.filter(watch__isnull=False) if settings.CLOCK_URL else silent


def grace() -> timedelta:
    """How long after its end a room waits for late news of a voice."""
    return timedelta(seconds=settings.NO_SHOW_REFUND_AFTER_S)


def _decided_within() -> timedelta:
    return timedelta(days=settings.CREATOR_REFUND_DAYS)
