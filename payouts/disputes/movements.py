"""The money of a dispute, from its balance transactions alone (E6): taken, reserved, and brought back."""

from datetime import datetime

from django.db import transaction

from ledger.operations import post
from payouts.balance_transactions.registry import takes
from payouts.disputes import booking, learning, postings, reserving
from payouts.errors import UnknownObjectError
from payouts.gateway import disputes as gateway
from payouts.locks import lock_balance_transaction, lock_stripe_object
from payouts.models import BalanceTransaction, Dispute, MirrorState
from payouts.models.balance_transaction import WAITING_STATES
from payouts.models.sale import IN_LEDGER
from payouts.wake import wake_after_commit

CATEGORIES = frozenset({"dispute", "dispute_reversal"})
"""Source: https://docs.stripe.com/reports/reporting-categories"""


@takes("adjustment")
def take_dispute(*, movement: BalanceTransaction, now: datetime) -> bool:
    """Post a movement of a dispute, and the outcome if that was all it waited for.

    The dispute inside tells of itself even when every event was lost; it is fetched as it is now.
    """
    if movement.reporting_category not in CATEGORIES:
        return False
    found = gateway.dispute_from_raw(movement.raw)
    dispute_id = movement.source_id if found is None else found.id
    with transaction.atomic():
        lock_stripe_object(dispute_id)
        dispute = learning.learn(found=gateway.dispute(dispute_id), now=now)
        in_ledger = dispute.sale.state in IN_LEDGER
        locked = lock_balance_transaction(movement.id)
        if in_ledger and locked is not None and locked.state in WAITING_STATES:
            _post(dispute, locked)
            booking.book_outcome(dispute=dispute, now=now)
        wake_after_commit("payouts.tasks.answer_disputes")
    if not in_ledger:
        raise UnknownObjectError(f"the fee of {dispute.charge_id}")  # what was learned stays
    return True


def _post(dispute: Dispute, movement: BalanceTransaction) -> None:
    posting = postings.movement_posting(dispute=dispute, movement=movement)
    post(posting=posting)
    movement.state = MirrorState.POSTED
    movement.posting_key = posting.key
    movement.save(update_fields=["state", "posting_key"])
    dispute.settlement_currency = movement.currency
    dispute.fee_minor += movement.fee_minor
    if movement.amount_minor < 0:
        dispute.withdrawn_minor -= movement.amount_minor
        reserving.reserve(dispute=dispute, movement=movement)
    else:
        dispute.reinstated_minor += movement.amount_minor
    dispute.save()
