"""What pages and the API read about rooms, creators and tickets."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from rooms.models import CoHost, Creator, Room, Seat, Ticket


def with_people() -> QuerySet[Room]:
    """Rooms with host, co-hosts and their payees: two queries, however many rooms."""
    cohosts = CoHost.objects.select_related("creator__payee").order_by("position")
    return Room.objects.select_related("creator__payee", "charity__payee").prefetch_related(
        Prefetch("cohosts", queryset=cohosts)
    )


def with_seats_left(rooms: QuerySet[Room]) -> QuerySet[Room]:
    """Add `seats_left`: seats that nobody holds or owns."""
    free = Seat.objects.filter(room=OuterRef("pk"), taken=False).order_by().values("room").annotate(n=Count("pk"))
    return rooms.annotate(seats_left=Coalesce(Subquery(free.values("n")), 0))


def rooms_coming_up(*, now: datetime) -> QuerySet[Room]:
    """Rooms that are live or to come, soonest first, with people and `seats_left`."""
    ahead = with_people().filter(ends_at__gt=now, cancelled_at__isnull=True, ended_at__isnull=True)
    return with_seats_left(ahead).order_by("starts_at", "id")


def rooms_of(*, creator_id: UUID) -> QuerySet[Room]:
    """Rooms that a creator hosts or co-hosts, latest first, with people and `seats_left`."""
    theirs = Q(creator_id=creator_id) | Q(cohosts__creator_id=creator_id, cohosts__accepted_at__isnull=False)
    return with_seats_left(with_people().filter(theirs).distinct()).order_by("-starts_at", "id")


def creators_with_rooms(*, now: datetime) -> QuerySet[Creator]:
    """Creators with `rooms_ahead`, the number of rooms that they host and that are not over; busiest first."""
    ahead = Count(
        "rooms",
        filter=Q(rooms__ends_at__gt=now, rooms__cancelled_at__isnull=True, rooms__ended_at__isnull=True),
    )
    return Creator.objects.annotate(rooms_ahead=ahead).order_by("-rooms_ahead", "display_name", "id")


def tickets_of(*, user_id: UUID) -> QuerySet[Ticket]:
    """A person's tickets with room, host, seat and sale, newest first: one query."""
    return (
        Ticket.objects.filter(buyer_id=user_id)
        .select_related("room__creator", "seat", "sale")
        .order_by("-held_at", "id")
    )
