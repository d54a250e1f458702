"""The end of a dispute in the ledger: what was lost is taken from its parts by E5's rule, the rest is free again (E6).

Stripe tells the outcome by the dispute's status and moves money by balance transactions, in any order: the outcome is
booked when both are here. A bank may change its mind later, so each booking goes from what was booked before to what
is lost by now.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from ledger import accounts
from ledger.operations import post
from ledger.postings import Leg
from payouts import handlers
from payouts.disputes import postings, reserving
from payouts.disputes.lost import lost_minor
from payouts.models import Dispute, DisputeStatus, SaleShare
from payouts.models.sale import IN_LEDGER
from payouts.refunds.queries import is_kept
from payouts.sales import positions, returns, reversals
from payouts.sales.legs import settled
from payouts.wallets import operations as wallets

log = structlog.get_logger(__name__)


def book_outcome(*, dispute: Dispute, now: datetime) -> None:
    """Book how the dispute ended, if it has and all of its money is in the ledger; a second time does nothing.

    In the caller's transaction, with the sale and the dispute locked.
    """
    lost = lost_minor(dispute)
    if lost is None or dispute.sale.state not in IN_LEDGER or dispute.closed_at is None:
        return
    shares = list(dispute.sale.shares.all())
    held_minor = dispute.withdrawn_minor - dispute.reinstated_minor - dispute.cleared_minor
    fee = reserving.fee_parts(dispute, shares)
    if dispute.lost_minor == lost and not held_minor and not fee:
        return
    reserved = {share.payee_id: share.reserved_minor for share in shares}
    dispute.bookings += 1
    legs = [*_given(dispute, shares, lost, held_minor), *_fee(dispute, shares, fee)]
    if legs:
        _post(dispute, legs)
    dispute.lost_minor = lost
    dispute.cleared_minor += held_minor
    dispute.booked_at = now
    dispute.save()
    taken = {share.payee_id: reserved[share.payee_id] - share.reserved_minor for share in shares}
    reserving.release(dispute=dispute, shares=shares, taken=taken, at=dispute.closed_at)
    wallets.thaw(sale=dispute.sale, now=now)
    returns.follow(sale=dispute.sale, now=now)
    _tell_if_all_is_gone(dispute, now=now)
    log.info("dispute.booked", dispute_id=dispute.id, status=dispute.status, lost_minor=lost)


def _tell_if_all_is_gone(dispute: Dispute, *, now: datetime) -> None:
    """Won in part, and what was won went back before the rest was known to be lost: what was won opens nothing."""
    if dispute.status == DisputeStatus.WON and dispute.lost_minor and not is_kept(sale_id=dispute.sale_id):
        handlers.tell("dispute.closed", sale_id=dispute.sale_id, dispute_id=dispute.id, won=True, now=now)


def _given(dispute: Dispute, shares: Sequence[SaleShare], lost: int, held_minor: int) -> list[Leg]:
    """From the sale's parts, or from suspense, to the bank. What the sale has no more of is the platform's loss."""
    sale, currency = dispute.sale, dispute.settlement_currency
    given_before = (dispute.lost_minor or 0) - dispute.unbacked_minor
    given = min(lost, given_before + sale.charge_minor - sale.reversed_minor)
    unbacked = lost - given
    legs = reversals.step(sale=sale, shares=shares, amount_minor=given - given_before, from_stage="reserved")
    bad_minor = settled(sale=sale, total_minor=unbacked) - settled(sale=sale, total_minor=dispute.unbacked_minor)
    legs += postings.leg(accounts.EXPENSE_BAD_DEBT, bad_minor, currency)
    legs += postings.leg(accounts.STRIPE_DISPUTED, -held_minor, currency)
    dispute.unbacked_minor = unbacked
    return list(reversals.balanced(legs, currency=currency))


def _fee(dispute: Dispute, shares: Sequence[SaleShare], parts: Mapping[UUID, int]) -> list[Leg]:
    """The bank's fee, charged to the payees where the policy says so."""
    if not parts:
        return []
    charged_minor = sum(parts.values())
    dispute.fee_charged_minor += charged_minor
    return [
        *positions.take(sale=dispute.sale, shares=shares, parts=parts, from_stage="reserved"),
        *postings.leg(accounts.EXPENSE_DISPUTE_FEE, -charged_minor, dispute.settlement_currency),
    ]


def _post(dispute: Dispute, legs: Sequence[Leg]) -> None:
    won = dispute.status == DisputeStatus.WON
    post(
        posting=postings.posting(
            dispute,
            key=f"dispute:{dispute.id}:outcome:{dispute.bookings}",
            kind="dispute.won" if won else "dispute.lost",
            legs=legs,
            at=dispute.closed_at or dispute.opened_at,
            words="Dispute won" if won else "Dispute lost",
        )
    )
