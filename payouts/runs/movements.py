"""Transfers and their reversals are posted with their call's answer; their movements are only recognised."""

from datetime import datetime

from payouts.balance_transactions.registry import takes
from payouts.models import BalanceTransaction, MirrorState, Payout
from payouts.models.balance_transaction import WAITING_STATES

MADE_BY = {"transfer": "transfer", "transfer_refund": "reversal"}


@takes(*MADE_BY)
def take_transfer(*, movement: BalanceTransaction, now: datetime) -> bool:
    """One of ours is in the ledger already, on the available side."""
    what = MADE_BY[movement.type]
    if not Payout.objects.filter(**{f"{what}_id": movement.source_id}).exists():
        return False
    BalanceTransaction.objects.filter(id=movement.id, state__in=WAITING_STATES).update(
        state=MirrorState.POSTED, posting_key=f"{what}:{movement.source_id}", settled_at=movement.available_on
    )
    return True
