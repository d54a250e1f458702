"""How much of a sale can still go back, and how much has: in presentment currency, from the sale and its refunds."""

from collections.abc import Iterable

from payouts.errors import BadRefundAmountError, NothingLeftError, OverTheRestError
from payouts.gateway.amounts import step_minor
from payouts.models import Refund, RefundState, Sale


def left_minor(*, sale: Sale, refunds: Iterable[Refund]) -> int:
    """What of the charge can still be asked back: not gone, not on its way, and not still out after a failure."""
    return sale.charge_minor - sale.reversed_minor - sum(each.amount_minor for each in refunds if _is_under_way(each))


def back_minor(*, sale: Sale, refunds: Iterable[Refund]) -> int:
    """What the buyer has got back, by refunds that exist at Stripe and did not fail, and by lost disputes."""
    back = sale.reversed_minor
    for each in refunds:
        if each.state == RefundState.MADE:
            back += each.amount_minor
        elif each.state == RefundState.FAILED and _is_posted(each):
            back -= each.amount_minor - each.beyond_minor
    return back


def _is_posted(refund: Refund) -> bool:
    """Whether the sale's total has it in."""
    return refund.posted_at is not None and refund.returned_at is None


def _is_under_way(refund: Refund) -> bool:
    """Whether it is to move money, or has moved some, that is not in the sale's total yet."""
    if refund.posted_at is not None:
        return False
    if refund.state == RefundState.FAILED:
        return bool(refund.balance_transaction_id)
    return refund.state in {RefundState.ASKED, RefundState.MADE}


def amount_of(*, sale: Sale, left: int, wanted_minor: int | None, wanted_total_minor: int | None) -> int:
    """What a refund comes to: `wanted_minor` more, or up to `wanted_total_minor` in all, or whatever is left.

    `left` is what `left_minor` says. Stripe's own `amount_refunded` is such a total, and people read it off the
    dashboard.

    Raises:
        NothingLeftError, OverTheRestError, BadRefundAmountError: it cannot be.
    """
    if left <= 0:
        raise NothingLeftError
    gone = sale.charge_minor - left
    amount = left
    if wanted_total_minor is not None:
        amount = wanted_total_minor - gone
        if wanted_total_minor > sale.charge_minor:
            raise OverTheRestError(
                asked_minor=wanted_total_minor, left_minor=left, currency=sale.currency, in_all=True
            )
    elif wanted_minor is not None:
        amount = wanted_minor
    if amount <= 0:
        raise BadRefundAmountError(_not_positive(wanted_total_minor))
    if amount > left:
        raise OverTheRestError(asked_minor=amount, left_minor=left, currency=sale.currency)
    if amount % step_minor(sale.currency):
        raise BadRefundAmountError(
            f"Refunds in {sale.currency} go in steps of {step_minor(sale.currency)} minor units. Round the amount."
        )
    return amount


def _not_positive(wanted_total_minor: int | None) -> str:
    if wanted_total_minor is None:
        return "A refund is of at least one minor unit. Give an amount above zero."
    return "So much has gone back already. Give a total above that, or the amount of this refund alone."
