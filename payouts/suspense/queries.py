"""What sits in suspense, since when and why; and charges that are in no book yet because nothing asked for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from ledger import accounts
from ledger.queries import balances
from payouts.models import (
    OPEN_CHARGEBACKS,
    UNMATCHED_PRODUCT,
    BalanceTransaction,
    Dispute,
    MirrorState,
    Sale,
    SaleState,
)
from payouts.sales.legs import settled

WAITS_LONG = timedelta(days=2)
"""Money older than this stands out on the desk."""
MATCHED_WITHIN = timedelta(days=90)
MATCHES_MAX = 200
"""Sales that were opened so long before, and so many in all, are offered: the newest are the likeliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A payment in suspense: what is left of it there (settlement currency), for how long, and why it still is.

    While a bank disputes it nothing can be done. `matches` are the sales that a charge that matched nothing may pay.
    """

    sale: Sale
    left_minor: int
    age: timedelta
    why: str
    is_unmatched: bool
    is_stuck: bool
    is_disputed: bool
    is_old: bool
    matches: tuple[Sale, ...]


def parked(*, now: datetime) -> list[Parked]:
    """Every payment that has something in suspense, the oldest first: two queries."""
    open_disputes = Dispute.objects.filter(sale_id=OuterRef("id"), status__in=OPEN_CHARGEBACKS)
    sales = Sale.objects.filter(state=SaleState.PARKED).annotate(is_disputed=Exists(open_disputes))
    rows = list(sales.order_by("posted_at", "id"))
    ended = _ended_without_payment([sale for sale in rows if sale.product == UNMATCHED_PRODUCT], now=now)
    return [_parked(sale, ended, is_disputed=sale.is_disputed, now=now) for sale in rows]


def _ended_without_payment(parked_charges: Sequence[Sale], *, now: datetime) -> list[Sale]:
    """Sales that some of these may pay, the newest first."""
    if not parked_charges:
        return []
    found = Sale.objects.filter(
        state=SaleState.EXPIRED,
        opened_at__gte=now - MATCHED_WITHIN,
        charge_minor__in={sale.charge_minor for sale in parked_charges},
        currency__in={sale.currency for sale in parked_charges},
    )
    return list(found.exclude(product=UNMATCHED_PRODUCT).order_by("-opened_at")[:MATCHES_MAX])


def _parked(sale: Sale, ended: Sequence[Sale], *, is_disputed: bool, now: datetime) -> Parked:
    unmatched = sale.product == UNMATCHED_PRODUCT
    age = now - (sale.posted_at or now)
    why = "A charge that no sale asked for." if unmatched else "Paid after the hold had ended; on its way back."
    if sale.refund_failed_at:
        why = f"{sale.refund_failure}."
    if is_disputed:
        why = "Its bank has taken it back and has not decided yet. Nothing can be done with it before."
    fits = [
        each for each in ended if (each.charge_minor, each.currency) == (sale.charge_minor, sale.currency)
    ] if unmatched else []  # fmt: skip
    return Parked(
        sale=sale,
        left_minor=(sale.gross_minor or 0) - settled(sale=sale, total_minor=sale.reversed_minor),
        age=age,
        why=why,
        is_unmatched=unmatched,
        is_stuck=bool(sale.refund_failed_at),
        is_disputed=is_disputed,
        is_old=age > WAITS_LONG,
        matches=tuple(sorted(fits, key=lambda each: each.buyer_email != sale.buyer_email)),
    )


def in_ledger() -> dict[str, int]:
    """What the ledger owes out of suspense, by currency; nothing once it has drained."""
    found = balances(accounts=[accounts.SUSPENSE])
    return {currency: -minor for (_, currency), minor in sorted(found.items()) if minor}


def unmatched_charges() -> QuerySet[BalanceTransaction]:
    """Charges at Stripe that match nothing of ours, the oldest first."""
    charges = BalanceTransaction.objects.filter(state=MirrorState.UNMATCHED, type__in=("charge", "payment"))
    return charges.order_by("created_at", "id")
