"""What the studio reads about a creator's rooms and sales."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from payouts.models import SaleShare, StarShare
from payouts.models.wallet import CURRENCY as STARS_CURRENCY
from payouts.queries import sales_of
from rooms import queries as room_queries
from rooms.models import CoHost, Creator, Room, Ticket, TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Minor units of one currency."""

    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEarned:
    """A room, its seats sold, and what is left of what it earned for one creator, by currency.

    That is their part of every ticket and tip, and of the Stars given there, of which `stars_minor` tells. Donations
    are the charity's.
    """

    room: Room
    sold: int
    earned: list[Amount] = field(default_factory=list)
    stars_minor: int = 0
    star_gifts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A room that asks this creator on stage, and the weight of their share among all who were asked."""

    room: Room
    weight: int
    total_weight: int


def rooms_with_sales(*, creator: Creator) -> list[RoomEarned]:
    """The creator's rooms, latest first, hosted and co-hosted."""
    return _with_sales(list(room_queries.rooms_of(creator_id=creator.id)), creator)


def room_of(*, creator: Creator, slug: str) -> RoomEarned | None:
    """One room of theirs, or None when it is somebody else's."""
    found = room_queries.rooms_of(creator_id=creator.id).filter(slug=slug).first()
    return _with_sales([found], creator)[0] if found else None


def invitations_of(*, creator: Creator) -> list[Invitation]:
    """Rooms that ask this creator on stage and were not answered yet, soonest first."""
    asked = CoHost.objects.filter(creator=creator, accepted_at__isnull=True, room__cancelled_at__isnull=True)
    weights = Coalesce(Sum("room__cohosts__weight"), 0) + F("room__host_weight")
    found = asked.select_related("room__creator").annotate(total_weight=weights).order_by("room__starts_at", "id")
    return [Invitation(room=row.room, weight=row.weight, total_weight=row.total_weight) for row in found]


def sales_in(*, room: Room, payee_id: UUID) -> QuerySet[SaleShare]:
    """This payee's parts in what one room sold by card: tickets and tips, latest first."""
    return sales_of(payee_id=payee_id).filter(Q(sale__ticket__room=room) | Q(sale__tip__room=room))


def _with_sales(rooms: Sequence[Room], creator: Creator) -> list[RoomEarned]:
    sold = dict(
        Ticket.objects.filter(room__in=rooms, state=TicketState.VALID)
        .values_list("room_id")
        .annotate(sold=Count("id"))
        .order_by("room_id")
    )
    ids = [room.id for room in rooms]
    stars = _stars_in(ids, creator)
    earned: dict[UUID, Counter[str]] = defaultdict(Counter)
    for room_id, currency, total_minor in _sales_in(ids, creator):
        earned[room_id][currency] += total_minor
    for room_id, (total_minor, _) in stars.items():
        earned[room_id][STARS_CURRENCY] += total_minor
    return [
        RoomEarned(
            room=room,
            sold=sold.get(room.id, 0),
            earned=[Amount(amount_minor=minor, currency=code) for code, minor in sorted(earned[room.id].items())],
            stars_minor=stars.get(room.id, (0, 0))[0],
            star_gifts=stars.get(room.id, (0, 0))[1],
        )
        for room in rooms
    ]


def _sales_in(room_ids: Sequence[UUID], creator: Creator) -> Iterable[tuple[UUID, str, int]]:
    """(room, currency, what is left) of the creator's parts in tickets and tips by card."""
    shares = SaleShare.objects.annotate(room_id=Coalesce("sale__ticket__room_id", "sale__tip__room_id"))
    mine = shares.filter(payee__creator=creator, room_id__in=room_ids, amount_minor__isnull=False)
    sums = mine.order_by().values_list("room_id", "sale__settlement_currency")
    return sums.annotate(total_minor=Sum(F("amount_minor") - F("given_minor")))


def _stars_in(room_ids: Sequence[UUID], creator: Creator) -> dict[UUID, tuple[int, int]]:
    """{room: (minor units, gifts)} of the creator's parts in Stars."""
    mine = StarShare.objects.filter(payee__creator=creator, spend__star_tip__room_id__in=room_ids)
    sums = mine.order_by().values_list("spend__star_tip__room_id").annotate(Sum("amount_minor"), Count("id"))
    return {room_id: (minor, gifts) for room_id, minor, gifts in sums}
