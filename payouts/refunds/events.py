"""What Stripe's events do to refunds. Safe in any order and any number of times."""

from datetime import datetime

from payouts.errors import UnknownObjectError
from payouts.gateway import lookups
from payouts.gateway.events import charge_in, refund_in
from payouts.inbox.registry import handles
from payouts.models import Sale, StripeEvent
from payouts.refunds.learning import learn
from payouts.wake import wake_after_commit


@handles("refund.created", "refund.updated", "refund.failed")
def refund_changed(*, event: StripeEvent, now: datetime) -> None:
    """Fetch the refund as it is now, so that an old event tells nothing old. It waits for the news of its charge.

    Raises:
        UnknownObjectError: the refund was seen before its purchase.
    """
    told = refund_in(bytes(event.raw))
    if not told.charge_id:
        return
    if not Sale.objects.filter(charge_id=told.charge_id).exists():
        if lookups.charge(told.charge_id).sale_id:
            raise UnknownObjectError(told.charge_id)
        return
    learn(refund=lookups.refund(told.id), now=now)
    wake_after_commit("payouts.tasks.import_balance_transactions")


@handles("charge.refunded")
def charge_refunded(*, event: StripeEvent, now: datetime) -> None:
    """Money is on its way back: import its movements, from which refunds are posted.

    The charge's `amount_refunded` is a running total, so it says nothing of this refund and is not read.
    """
    if Sale.objects.filter(charge_id=charge_in(bytes(event.raw)).id).exists():
        wake_after_commit("payouts.tasks.import_balance_transactions")
