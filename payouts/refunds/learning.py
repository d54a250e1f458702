"""What Stripe says about a refund: that it exists, and whether it failed. Any number of times, in any order."""

from datetime import datetime

import structlog

from payouts import handlers
from payouts.balance_transactions.waiting import object_known
from payouts.errors import ContradictionError
from payouts.gateway import facts
from payouts.locks import lock_sale
from payouts.models import TOO_LATE, Refund, RefundReason, RefundState, Sale
from payouts.refunds import amounts
from payouts.refunds.standing import SUCCEEDED
from payouts.sales import returns

log = structlog.get_logger(__name__)

FAILURE_MAX = 500


def learn(*, refund: facts.Refund, now: datetime) -> tuple[Sale, Refund] | None:
    """Learn of a refund, made by us or in Stripe's dashboard; the sale is locked. None when its charge is no sale's.

    Raises:
        ContradictionError: currency or amount are not those that we asked for.
    """
    sale_id = Sale.objects.filter(charge_id=refund.charge_id).values_list("id", flat=True).first()
    sale = lock_sale(sale_id) if refund.charge_id and sale_id else None
    if sale is None:
        return None
    row = _row_of(refund, sale, now=now)
    if row.state == RefundState.ASKED:
        _made(row, sale, refund, now=now)
    _follow_status(row, refund, now=now)
    if refund.failure and row.state != RefundState.FAILED:
        fail(row=row, sale=sale, state=RefundState.FAILED, reason=refund.failure, now=now)
    elif sale.state in TOO_LATE:
        returns.follow(sale=sale, now=now)
    return sale, row


def _row_of(refund: facts.Refund, sale: Sale, *, now: datetime) -> Refund:
    """Our row, by Stripe's id or by the call that made it; a new one for a refund made in the dashboard."""
    mine = Refund.objects.filter(sale=sale)
    row = mine.filter(refund_id=refund.id).first()
    if row is None and refund.outbox_id:
        row = mine.filter(call_id=refund.outbox_id, refund_id="").first()
    if row is None:
        row = Refund(
            sale=sale,
            key=f"stripe:{refund.id}",
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            reason=RefundReason.STRIPE,
            asked_by="stripe",
            asked_at=now,
        )
    if (refund.amount_minor, refund.currency) != (row.amount_minor, sale.currency):
        raise ContradictionError(
            f"{refund.amount_minor} {refund.currency} given back, {row.amount_minor} {sale.currency} asked",
            object_id=refund.id,
        )
    return row


def _made(row: Refund, sale: Sale, refund: facts.Refund, *, now: datetime) -> None:
    """It exists at Stripe: told once, unless it failed before we knew of it."""
    row.state = RefundState.MADE
    row.refund_id = refund.id
    row.balance_transaction_id = refund.balance_transaction_id
    row.made_at = now
    row.save()
    object_known(refund.id, now=now)
    log.info("refund.made", refund_id=refund.id, sale_id=str(sale.id), amount_minor=row.amount_minor)
    if sale.state in TOO_LATE or refund.failure:
        return
    back_minor = amounts.back_minor(sale=sale, refunds=sale.refunds.all())
    handlers.tell("sale.refunded", sale_id=sale.id, refund_id=row.id, full=back_minor >= sale.charge_minor, now=now)


def _follow_status(row: Refund, refund: facts.Refund, *, now: datetime) -> None:
    """Once it has left Stripe it has: news of before may come later, inside a balance transaction."""
    if row.sent_at is not None or row.stripe_status == refund.status:
        return
    row.stripe_status = refund.status
    row.sent_at = now if refund.status == SUCCEEDED else None
    row.save(update_fields=["stripe_status", "sent_at"])


def fail(*, row: Refund, sale: Sale, state: RefundState, reason: str, now: datetime) -> None:
    """The money did not go: refused by Stripe, or by the card. Told once; what it moved is mirrored separately."""
    row.state = state
    row.failure = reason[:FAILURE_MAX] or "No reason was given."
    row.failed_at = now
    row.save()
    log.warning("refund.failed", refund=str(row.id), sale_id=str(sale.id), state=str(state), reason=row.failure)
    if sale.state in TOO_LATE:
        returns.follow(sale=sale, now=now)
    else:
        back_minor = amounts.back_minor(sale=sale, refunds=sale.refunds.all())
        full = back_minor >= sale.charge_minor
        handlers.tell("sale.refund_failed", sale_id=sale.id, refund_id=row.id, full=full, now=now)
