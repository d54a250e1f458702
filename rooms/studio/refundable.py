"""Whether a host can refund a sale now, told before they fill in a form."""

from collections.abc import Sequence
from datetime import datetime

from payouts.errors import DisputeOpenError, NothingLeftError, RefundRefusedError
from payouts.models import TOO_LATE, Refund, Sale
from payouts.refunds.operations import check_refundable
from payouts.refunds.queries import left_of
from rooms.refunds import limits
from rooms.refunds.errors import RefundTooLateError

DISPUTED = (
    "The listener disputes this payment with their bank, which holds the money until it decides. Refunding now would "
    "pay them twice. Wait for the bank's decision, or write to Obole's finance team, who can accept the dispute."
)
COMES_BACK = (
    "This payment came too late for its seat, and goes back to the listener by itself. There is nothing to do."
)


def why_not(*, sale: Sale, refunds: Sequence[Refund], now: datetime) -> str:
    """Why its host cannot refund it now, with the remedy; empty when they can, for all that can be told beforehand.

    Two queries at most; `refunds` are all of the sale's.
    """
    if sale.state in TOO_LATE:
        return COMES_BACK
    try:
        check_refundable(sale=sale)
        if left_of(sale=sale, refunds=refunds) <= 0:
            raise NothingLeftError
    except DisputeOpenError:
        return DISPUTED
    except RefundRefusedError as refusal:
        return str(refusal)
    until = limits.refundable_until(sale=sale)
    return str(RefundTooLateError(until=until)) if now > until else ""
