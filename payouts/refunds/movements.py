"""What movements of Stripe's balance do to refunds: they post them, mirror those that failed, and give fees back."""

from datetime import datetime

from payouts.balance_transactions.registry import takes
from payouts.errors import UnknownObjectError
from payouts.gateway import reading
from payouts.models import BalanceTransaction, Sale
from payouts.refunds.fees import post_fee_returned, sale_of_fee
from payouts.refunds.posting import post_refund


@takes("refund", "payment_refund", "refund_failure")
def take_refund(*, movement: BalanceTransaction, now: datetime) -> bool:
    """Money goes back to a card, or comes back again when the card did not take it. It waits for its purchase."""
    refund = reading.refund_from_raw(movement.raw)
    if refund is None or not refund.charge_id or not Sale.objects.filter(charge_id=refund.charge_id).exists():
        return False
    came_back = movement.type == "refund_failure"
    if not post_refund(refund=refund, balance_transaction_id=movement.id, came_back=came_back, now=now):
        raise UnknownObjectError(refund.id if came_back else refund.charge_id)
    return True


@takes("stripe_fee", "adjustment")
def take_fee(*, movement: BalanceTransaction, now: datetime) -> bool:
    """A fee that the processor gave back for one charge of ours."""
    sale = sale_of_fee(movement)
    if sale is None:
        return False
    if not post_fee_returned(balance_transaction_id=movement.id, sale=sale, now=now):
        raise UnknownObjectError(sale.charge_id)
    return True
