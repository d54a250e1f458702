"""What the studio reads about a creator's rooms and sales."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from payouts.models import Sale, SaleShare
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
    """A room, its seats sold, and what it earned for one creator so far, by currency."""

    room: Room
    sold: int
    earned: list[Amount] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """A paid sale as its payee sees it in a list; `amount_minor` is None until Stripe's fee is known.

    `amount_minor` is what is left of it; `refunded` is "", "part" or "all".
    """

    sale_id: UUID
    title: str
    state: str
    paid_at: datetime
    charge_minor: int
    currency: str
    amount_minor: int | None
    settlement_currency: str
    refunded: str = ""


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


def sales_in(*, room: Room, payee_id: UUID) -> list[SaleLine]:
    """What one room sold, as this payee sees it."""
    return sale_lines(sales_of(payee_id=payee_id).filter(Q(sale__ticket__room=room) | Q(sale__tip__room=room)))


def sale_lines(shares: Iterable[SaleShare]) -> list[SaleLine]:
    """Lines of a list of sales."""
    return [
        SaleLine(
            sale_id=share.sale.id,
            title=share.sale.title,
            state=share.sale.state,
            paid_at=share.sale.paid_at,
            charge_minor=share.sale.charge_minor,
            currency=share.sale.currency,
            amount_minor=None if share.amount_minor is None else share.amount_minor - share.given_minor,
            refunded=_refunded(share.sale),
            settlement_currency=share.sale.settlement_currency,
        )
        for share in shares
        if share.sale.paid_at is not None
    ]


def _refunded(sale: Sale) -> str:
    if not sale.reversed_minor:
        return ""
    return "all" if sale.reversed_minor == sale.charge_minor else "part"


def _with_sales(rooms: Sequence[Room], creator: Creator) -> list[RoomEarned]:
    sold = dict(
        Ticket.objects.filter(room__in=rooms, state=TicketState.VALID)
        .values_list("room_id")
        .annotate(sold=Count("id"))
        .order_by("room_id")
    )
    earned: dict[UUID, list[Amount]] = defaultdict(list)
    sums = (
        SaleShare.objects.annotate(room_id=Coalesce("sale__ticket__room_id", "sale__tip__room_id"))
        .filter(payee__creator=creator, room_id__in=[room.id for room in rooms], amount_minor__isnull=False)
        .values_list("room_id", "sale__settlement_currency")
        .annotate(total_minor=Sum(F("amount_minor") - F("given_minor")))
        .order_by("room_id", "sale__settlement_currency")
    )
    for room_id, currency, total_minor in sums:
        earned[room_id].append(Amount(amount_minor=total_minor, currency=currency))
    return [RoomEarned(room=room, sold=sold.get(room.id, 0), earned=earned[room.id]) for room in rooms]
