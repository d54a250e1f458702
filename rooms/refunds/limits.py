"""How far a host may refund without finance: some days after the room, and out of what they have."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from payouts.models import Refund, RefundState, Sale
from payouts.queries import earnings
from payouts.refunds.queries import cost_of
from rooms.models import Ticket
from rooms.refunds.errors import RefundOverLimitError, RefundTooLateError


def refundable_until(*, sale: Sale) -> datetime:
    """The last moment at which its host may refund a sale: so many days after the room, or after the payment."""
    ends_at = Ticket.objects.filter(sale=sale).values_list("room__ends_at", flat=True).first()
    return (ends_at or sale.paid_at or sale.opened_at) + timedelta(days=settings.CREATOR_REFUND_DAYS)


def most_minor(*, payee_id: UUID, currency: str) -> int:
    """How much a payee's refunds may take from them now: a share of what is pending and available.

    What their refunds that are not in the ledger yet will take counts as taken.
    """
    mine = next((each for each in earnings(payee_id=payee_id) if each.currency == currency), None)
    has_minor = mine.pending_minor + mine.available_minor if mine else 0
    under_way = Refund.objects.filter(
        sale__shares__payee_id=payee_id, sale__settlement_currency=currency,
        state__in=(RefundState.ASKED, RefundState.MADE),
    )  # fmt: skip
    taken_minor = sum(
        cost_to(payee_id=payee_id, sale=refund.sale, amount_minor=refund.amount_minor)
        for refund in under_way.select_related("sale")
    )
    return max(0, has_minor) * settings.CREATOR_REFUND_SHARE_PERCENT // 100 - taken_minor


def cost_to(*, payee_id: UUID, sale: Sale, amount_minor: int) -> int:
    """What a refund of a split sale takes from one payee."""
    parts = cost_of(sale=sale, shares=list(sale.shares.all()), amount_minor=amount_minor)
    return parts.get(f"payee:{payee_id}", 0)


def check(*, sale: Sale, payee_id: UUID, amount_minor: int, now: datetime) -> None:
    """Whether the host may refund so much of a sale themselves; the payee is locked.

    Raises:
        RefundTooLateError, RefundOverLimitError: finance has to.
    """
    until = refundable_until(sale=sale)
    if now > until:
        raise RefundTooLateError(until=until)
    if sale.split_at is None:
        return  # seconds old: its fee is not known, and neither is anybody's share
    cost_minor = cost_to(payee_id=payee_id, sale=sale, amount_minor=amount_minor)
    limit_minor = most_minor(payee_id=payee_id, currency=sale.settlement_currency)
    if cost_minor > limit_minor:
        raise RefundOverLimitError(
            cost_minor=cost_minor, limit_minor=max(0, limit_minor), currency=sale.settlement_currency
        )
