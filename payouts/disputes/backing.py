"""Refunds beside lost disputes: together they may take more than was charged, and what is more is the platform's loss.

A bank keeps a part of a payment, and somebody gives back more than what is left of it before they know: at Stripe that
is possible. The sale's parts give all that they have, once, and the rest is bad debt, whichever of the two came first.
"""

from collections.abc import Sequence

from ledger import accounts
from ledger.postings import Leg
from payouts.disputes import postings
from payouts.models import Dispute, Sale
from payouts.sales.legs import settled


def room_for_refunds(*, sale: Sale, lost: Sequence[Dispute]) -> int:
    """How much more can go back by refunds, lost disputes giving way; presentment currency."""
    given_minor = sum((dispute.lost_minor or 0) - dispute.unbacked_minor for dispute in lost)
    return sale.charge_minor - sale.reversed_minor + given_minor


def beside_lost(*, sale: Sale, lost: Sequence[Dispute], refund_minor: int) -> tuple[int, list[Leg]]:
    """What of a refund (below zero: of one that came back) the sale's parts move, and the legs of bad debt.

    Presentment currency; the sale and its lost disputes are locked, and the disputes are saved. A refund that is more
    than the charge without any dispute is left as it is, for whoever books it to refuse.
    """
    before = sum(dispute.unbacked_minor for dispute in lost)
    too_much = sale.reversed_minor + before + refund_minor - sale.charge_minor
    unbacked = min(max(too_much, 0), sum(dispute.lost_minor or 0 for dispute in lost))
    if unbacked == before:
        return refund_minor, []
    bad_minor = settled(sale=sale, total_minor=unbacked) - settled(sale=sale, total_minor=before)
    _share_out(lost, unbacked)
    legs = postings.leg(accounts.EXPENSE_BAD_DEBT, bad_minor, sale.settlement_currency)
    return refund_minor - (unbacked - before), legs


def _share_out(lost: Sequence[Dispute], unbacked_minor: int) -> None:
    for dispute in lost:
        dispute.unbacked_minor = min(unbacked_minor, dispute.lost_minor or 0)
        unbacked_minor -= dispute.unbacked_minor
        dispute.save(update_fields=["unbacked_minor"])
