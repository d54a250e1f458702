"""What sits in suspense, since when and why; and charges that are in no book yet because nothing asked for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from ledger import accounts
from ledger.queries import balances
from payouts.models import UNMATCHED_PRODUCT, BalanceTransaction, MirrorState, Sale, SaleState
from payouts.sales.legs import settled

WAITS_LONG = timedelta(days=2)
"""Money older than this stands out on the desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A payment in suspense: what is left of it there (settlement currency), for how long, and why it still is."""

    sale: Sale
    left_minor: int
    age: timedelta
    why: str
    is_unmatched: bool
    is_stuck: bool
    is_old: bool


def parked(*, now: datetime) -> list[Parked]:
    """Every payment that has something in suspense, the oldest first: one query."""
    sales = Sale.objects.filter(state=SaleState.PARKED).order_by("posted_at", "id")
    return [_parked(sale, now=now) for sale in sales]


def _parked(sale: Sale, *, now: datetime) -> Parked:
    unmatched = sale.product == UNMATCHED_PRODUCT
    age = now - (sale.posted_at or now)
    why = "A charge that no sale asked for." if unmatched else "Paid after the hold had ended; on its way back."
    if sale.refund_failed_at:
        why = f"{sale.refund_failure}."
    return Parked(
        sale=sale,
        left_minor=(sale.gross_minor or 0) - settled(sale=sale, total_minor=sale.reversed_minor),
        age=age,
        why=why,
        is_unmatched=unmatched,
        is_stuck=bool(sale.refund_failed_at),
        is_old=age > WAITS_LONG,
    )


def in_ledger() -> dict[str, int]:
    """What the ledger owes out of suspense, by currency; nothing once it has drained."""
    found = balances(accounts=[accounts.SUSPENSE])
    return {currency: -minor for (_, currency), minor in sorted(found.items()) if minor}


def unmatched_charges() -> QuerySet[BalanceTransaction]:
    """Charges at Stripe that match nothing of ours, the oldest first."""
    charges = BalanceTransaction.objects.filter(state=MirrorState.UNMATCHED, type__in=("charge", "payment"))
    return charges.order_by("created_at", "id")
