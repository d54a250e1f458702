"""What Stripe's events about disputes and early fraud warnings do. Safe in any order and any number of times.

An event is a reason to look: what counts is the dispute as it is at Stripe now, and money is posted from its balance
transactions alone.
"""

from datetime import datetime

from payouts.disputes import booking, learning, warnings
from payouts.gateway import disputes as gateway
from payouts.inbox.registry import handles
from payouts.models import StripeEvent
from payouts.wake import wake_after_commit


@handles(
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)  # fmt: skip
def dispute_changed(*, event: StripeEvent, now: datetime) -> None:
    """Fetch the dispute as it is now; book its outcome if its money is in the ledger, else import its movements."""
    told = gateway.dispute_in(bytes(event.raw))
    dispute = learning.learn(found=gateway.dispute(told.id), now=now)
    booking.book_outcome(dispute=dispute, now=now)
    wake_after_commit("payouts.tasks.import_balance_transactions")
    wake_after_commit("payouts.tasks.answer_disputes")


@handles("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def warning_changed(*, event: StripeEvent, now: datetime) -> None:
    """Fetch the warning as it is now, and decide about it once."""
    told = gateway.warning_in(bytes(event.raw))
    warnings.learn(found=gateway.early_fraud_warning(told.id), now=now)
    wake_after_commit("payouts.tasks.answer_disputes")
