"""Everything that somebody paid for, in one list: what it was, what it cost, and where its money is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.urls import reverse

from payouts.models import TOO_LATE, DisputeStatus, Refund, RefundState, Sale, SaleState
from payouts.models.dispute import OPEN_CHARGEBACKS
from payouts.models.refund import LIVE
from payouts.refunds.standing import MOVING, standing_of


class Standing(StrEnum):
    """Where the money of a purchase is, for its buyer."""

    OPEN = "open"  # nothing was paid so far
    PAID = "paid"
    REFUNDED_IN_PART = "refunded_in_part"
    RETURNING = "returning"  # being sent back, all or a part of it
    REFUNDED = "refunded"
    STUCK = "stuck"  # the card did not take its refund: a person sees to it
    DISPUTED = "disputed"  # the buyer's bank is looking into it
    TAKEN_BACK = "taken_back"  # and took it back


WORDS: Final = {
    Standing.OPEN: ("pill-wait", "Not paid yet"),
    Standing.PAID: ("pill-good", "Paid"),
    Standing.REFUNDED_IN_PART: ("", "Refunded in part"),
    Standing.RETURNING: ("pill-wait", "On its way back"),
    Standing.REFUNDED: ("", "Refunded"),
    Standing.STUCK: ("pill-bad", "Refund on hold"),
    Standing.DISPUTED: ("pill-wait", "Payment disputed"),
    Standing.TAKEN_BACK: ("pill-bad", "Taken back by your bank"),
}
"""How a pill looks, and what it says."""
KINDS: Final = {
    "ticket": "Ticket",
    "tip": "Tip",
    "donation": "Donation",
    "stars": "Stars",
    "gift": "Gift",
    "subscription": "Subscription",
}
ON_THE_WAY: Final = (RefundState.ASKED, RefundState.MADE)
PURCHASE_OF: Final = {"ticket": "ticket", "tip": "tip", "donation": "donation", "stars": "starorder", "gift": "gift"}
"""Where a sale leads to what it pays for, by product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """One purchase. `page` and `receipt` are paths, empty where there is none; `back_minor` is back or on its way."""

    sale_id: UUID
    product: str
    title: str
    standing: Standing
    charge_minor: int
    back_minor: int
    currency: str
    opened_at: datetime
    paid_at: datetime | None
    page: str
    receipt: str

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return KINDS.get(self.product, "Payment")

    @property
    def look(self) -> str:
        """Of its pill."""
        return WORDS[self.standing][0]

    @property
    def words(self) -> str:
        """Of its pill."""
        return WORDS[self.standing][1]


def bought_by(*, user_id: UUID) -> QuerySet[Sale]:
    """A person's purchases, newest first, without those that ended unpaid: three queries, however many."""
    found = Sale.objects.filter(buyer_id=user_id).exclude(state=SaleState.EXPIRED)
    related = (*PURCHASE_OF.values(), "billing_invoice__subscription__membership")
    return found.select_related(*related).prefetch_related("refunds", "disputes").order_by("-opened_at", "id")


def lines_of(sales: Iterable[Sale], *, now: datetime) -> list[Bought]:
    """Sales that `bought_by` found, as their buyer sees them."""
    return [line_of(sale, now=now) for sale in sales]


def line_of(sale: Sale, *, now: datetime) -> Bought:
    """One of them."""
    page, receipt = _addresses(sale)
    refunds = sorted(sale.refunds.all(), key=lambda refund: (refund.asked_at, refund.id))
    back_minor = _back_minor(sale, refunds)
    return Bought(
        sale_id=sale.id,
        product=sale.product,
        title=sale.title,
        standing=_standing(sale, refunds, back_minor, now=now),
        charge_minor=sale.charge_minor,
        back_minor=back_minor,
        currency=sale.currency,
        opened_at=sale.opened_at,
        paid_at=sale.paid_at,
        page=page,
        receipt=receipt if sale.paid_at is not None and sale.state not in TOO_LATE else "",
    )


def _back_minor(sale: Sale, refunds: Sequence[Refund]) -> int:
    """What refunds in the ledger and lost disputes took, and refunds that are not there yet."""
    if sale.state == SaleState.RETURNED:
        return sale.charge_minor
    waiting = sum(refund.amount_minor for refund in refunds if refund.state in ON_THE_WAY)
    return min(sale.charge_minor, sale.reversed_minor + waiting)


def _standing(sale: Sale, refunds: Sequence[Refund], back_minor: int, *, now: datetime) -> Standing:
    if sale.state in {SaleState.OPEN, SaleState.EXPIRING}:
        return Standing.OPEN
    if sale.refund_failed_at is not None:
        return Standing.STUCK
    if sale.state == SaleState.RETURNED:
        return Standing.REFUNDED if sale.refund_id else Standing.TAKEN_BACK
    if any(dispute.status in OPEN_CHARGEBACKS for dispute in sale.disputes.all()):
        return Standing.DISPUTED
    if sale.state in TOO_LATE:
        return Standing.RETURNING
    return _standing_of_paid(sale, refunds, back_minor, now=now)


def _standing_of_paid(sale: Sale, refunds: Sequence[Refund], back_minor: int, *, now: datetime) -> Standing:
    is_whole = back_minor == sale.charge_minor
    if not is_whole and refunds and refunds[-1].state == RefundState.FAILED:
        return Standing.STUCK
    if any(standing_of(refund, now=now) in MOVING for refund in refunds):
        return Standing.RETURNING
    if not is_whole:
        return Standing.REFUNDED_IN_PART if back_minor else Standing.PAID
    by_refund_minor = sum(refund.amount_minor for refund in refunds if refund.state in LIVE)
    is_lost = any(dispute.status == DisputeStatus.LOST for dispute in sale.disputes.all())
    return Standing.TAKEN_BACK if is_lost and by_refund_minor < back_minor else Standing.REFUNDED


def _addresses(sale: Sale) -> tuple[str, str]:
    """Of the page that follows a purchase, and of its receipt. What a sale pays for is written with it."""
    try:
        if sale.product == "subscription":
            invoice = sale.billing_invoice
            member = invoice.subscription.membership
            ids = {"subscription_id": member.id, "invoice_id": invoice.id}
            return member.get_absolute_url(), reverse("subscription-receipt", kwargs=ids)
        purchase = getattr(sale, PURCHASE_OF[sale.product])
    except (ObjectDoesNotExist, KeyError):
        return "", ""
    id_name = "ticket_id" if sale.product == "ticket" else "purchase_id"
    return purchase.get_absolute_url(), reverse(f"{sale.product}-receipt", kwargs={id_name: purchase.id})
