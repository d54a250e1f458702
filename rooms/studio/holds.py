"""Why money is held, and until when: at the later of Stripe's availability and the hold after the room it is free."""

from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, DateTimeField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Greatest, TruncDate

from payouts.models import BalanceTransaction, SaleShare, SaleState

PENDING_STATES = (SaleState.POSTED, SaleState.SETTLED)


def held_shares(*, payee_id: UUID) -> QuerySet[SaleShare]:
    """The payee's parts that are pending, with `available_on` (Stripe's) and `free_at`; the first to be free first.

    `held_minor` is what is left of each: neither refunded nor reserved for a dispute.
    """
    available_on = BalanceTransaction.objects.filter(id=OuterRef("sale__balance_transaction_id")).values(
        "available_on"
    )
    shares = SaleShare.objects.filter(payee_id=payee_id, sale__state__in=PENDING_STATES)
    annotated = shares.select_related("sale").annotate(
        held_minor=F("amount_minor") - F("given_minor") - F("reserved_minor"),
        available_on=Subquery(available_on, output_field=DateTimeField()),
        free_at=Greatest(F("available_on"), F("sale__hold_until"), output_field=DateTimeField()),
    )
    return annotated.exclude(held_minor=0).order_by("free_at", "sale__posted_at", "id")


def forecast(*, payee_id: UUID) -> list[tuple[date, str, int, int]]:
    """(day, currency, minor units, sales): what becomes free when, in UTC days. One query."""
    days = held_shares(payee_id=payee_id).annotate(day=TruncDate("free_at"))
    sums = days.values_list("day", "sale__settlement_currency").annotate(Sum("held_minor"), Count("id"))
    return list(sums.order_by("day", "sale__settlement_currency"))


AT_STRIPE = "Stripe makes card payments available some days after they are made."
AFTER_THE_ROOM = "Held for a while, after the room or the gift, so that listeners can be refunded."


def reason(*, available_on: datetime, hold_until: datetime) -> str:
    """Of the two holds, the one that ends last."""
    return AT_STRIPE if available_on >= hold_until else AFTER_THE_ROOM
