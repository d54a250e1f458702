"""What cancelling a room would cost, and what it would leave as it is. Reads only."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, F, Sum

from payouts.models import Sale
from payouts.refunds.queries import cost_of_the_rest, left_of
from rooms.models import Donation, Purchase, Room, StarTip, Ticket, TicketState, Tip

Amounts = tuple[tuple[int, str], ...]
"""(minor units, currency), by currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """Gifts of one kind that were given in a room: cancelling it gives none of them back."""

    kind: str
    words: str
    count: int
    amounts: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What cancelling would cost, by currency where amounts may differ in it; what went back already is not in it.

    `mine` is what the host gives of it, `fees_lost` what Stripe keeps of its card fees, whoever bears them.
    """

    buyers: int
    holds: int
    listeners_get_minor: int
    currency: str
    mine: Amounts
    fees_lost: Amounts
    stays: tuple[Stays, ...]


def cost_of_cancelling(*, room: Room) -> Cost:
    """By the same rule that posts refunds, sale by sale, so that it is right to the cent. Seven queries."""
    paid = Sale.objects.filter(ticket__room=room, ticket__state=TicketState.VALID)
    mine: Counter[str] = Counter()
    fees_lost: Counter[str] = Counter()
    buyers = listeners_get_minor = 0
    for sale in paid.prefetch_related("shares", "refunds"):
        left_minor = left_of(sale=sale, refunds=list(sale.refunds.all()))
        if left_minor <= 0:
            continue
        buyers += 1
        listeners_get_minor += left_minor
        if sale.split_at is not None:  # else its fee is not known yet, nor anybody's share
            rest = cost_of_the_rest(sale=sale, shares=list(sale.shares.all()), left_minor=left_minor)
            mine[sale.settlement_currency] += rest.parts.get(f"payee:{room.creator.payee_id}", 0)
            fees_lost[sale.settlement_currency] += rest.fee_lost_minor
    return Cost(
        buyers=buyers,
        holds=Ticket.objects.filter(room=room, state__in=(TicketState.HELD, TicketState.ENDING)).count(),
        listeners_get_minor=listeners_get_minor,
        currency=room.currency,
        mine=_amounts(mine),
        fees_lost=_amounts(fees_lost),
        stays=_stays(room),
    )


def _stays(room: Room) -> tuple[Stays, ...]:
    """Three queries."""
    stars = StarTip.objects.filter(room=room).aggregate(
        count=Count("id"), stars=Sum(F("spend__stop") - F("spend__start"), default=0)
    )
    kinds = [_given("tip", Tip, room), _given("donation", Donation, room)]
    if stars["count"]:
        words = "1 gift of Stars" if stars["count"] == 1 else f"{stars['count']:,} gifts of Stars"
        kinds.append(Stays(kind="stars", words=words, count=stars["count"], amounts=((stars["stars"], "USD"),)))
    return tuple(kind for kind in kinds if kind.count)


def _given(word: str, model: type[Purchase], room: Room) -> Stays:
    """What of it was paid and has not gone back."""
    left = Sum(F("sale__charge_minor") - F("sale__reversed_minor"))
    paid = model.objects.filter(room=room, paid_at__isnull=False, sale__reversed_minor__lt=F("sale__charge_minor"))
    rows = list(paid.order_by().values_list("sale__currency").annotate(left=left, count=Count("id")))
    count = sum(number for _, _, number in rows)
    words = f"1 {word}" if count == 1 else f"{count:,} {word}s"
    amounts = tuple((minor, currency) for currency, minor, _ in sorted(rows))
    return Stays(kind=word, words=words, count=count, amounts=amounts)


def _amounts(sums: Counter[str]) -> Amounts:
    return tuple((minor, currency) for currency, minor in sorted(sums.items()))
