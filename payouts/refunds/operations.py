"""Ask for a refund. It is made at Stripe by the outbox, and posted from its balance transaction."""

import uuid
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from payouts.disputes.queries import open_dispute_of
from payouts.errors import DisputeOpenError, RefundKeyReusedError, SaleNotPaidError, UnknownSaleError
from payouts.gateway import bodies
from payouts.locks import lock_sale
from payouts.models import PAID_STATES, Refund, RefundReason, Sale, SaleState
from payouts.outbox.operations import deliver, enqueue
from payouts.refunds import amounts

log = structlog.get_logger(__name__)

CALLER_DELIVERS_WITHIN_S = 5.0
STRIPE_REASONS: dict[str, bodies.RefundReason] = {
    RefundReason.REQUESTED: "requested_by_customer",
    RefundReason.DUPLICATE: "duplicate",
    RefundReason.FRAUDULENT: "fraudulent",
}


@transaction.atomic
def ask_refund(
    *,
    sale_id: UUID,
    amount_minor: int | None = None,
    total_minor: int | None = None,
    reason: RefundReason,
    asked_by: str,
    key: str,
    note: str = "",
    left_to_caller: bool = False,
    now: datetime,
) -> Refund:
    """Decide a refund of `amount_minor` more, or up to `total_minor` in all, or of all that is left.

    The same `key` is the same refund, however often it is asked. Askers of one sale queue on its lock, so that they
    never get more than was charged. A sale whose fee is not known yet can be refunded: both are posted in order.
    With `left_to_caller` the caller follows its commit with `send_refund`, else the outbox does by itself.

    Raises:
        UnknownSaleError: there is no such sale.
        RefundRefusedError: it is not paid, disputed, all gone, or more than is left; or the key is of another refund.
    """
    sale = lock_sale(sale_id)
    if sale is None:
        raise UnknownSaleError(sale_id)
    present = Refund.objects.filter(key=key).first()
    if present is not None:
        if (present.sale_id, present.wanted_minor, present.wanted_total_minor) != (sale_id, amount_minor, total_minor):
            raise RefundKeyReusedError(key)
        return present
    check_refundable(sale=sale)
    amount = amounts.amount_of(
        sale=sale,
        left=amounts.left_minor(sale=sale, refunds=sale.refunds.all()),
        wanted_minor=amount_minor,
        wanted_total_minor=total_minor,
    )
    refund = Refund(
        sale=sale,
        key=key,
        amount_minor=amount,
        currency=sale.currency,
        wanted_minor=amount_minor,
        wanted_total_minor=total_minor,
        reason=reason,
        note=note,
        asked_by=asked_by,
        asked_at=now,
    )
    write(refund=refund, sale=sale, call_id=uuid.uuid4(), left_to_caller=left_to_caller, now=now)
    return refund


def check_refundable(*, sale: Sale) -> None:
    """Whether money of a sale may go back at all just now.

    Raises:
        SaleNotPaidError, DisputeOpenError: it may not.
    """
    if sale.state not in PAID_STATES or not sale.charge_id or sale.state == SaleState.LATE:
        raise SaleNotPaidError(wait=sale.state in PAID_STATES)
    if open_dispute_of(sale.id) is not None:
        raise DisputeOpenError


def write(*, refund: Refund, sale: Sale, call_id: UUID, left_to_caller: bool = False, now: datetime) -> None:
    """Save a decided refund of the locked sale with the call that makes it."""
    refund.call_id = call_id
    refund.save(force_insert=True)
    enqueue(
        call_id=call_id,
        operation="refund.create",
        subject=sale.ledger_subject,
        body=bodies.refund(
            outbox_id=call_id,
            sale_id=sale.id,
            charge_id=sale.charge_id,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            reason=STRIPE_REASONS.get(refund.reason),
        ),
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S if left_to_caller else 0.0,
        now=now,
    )
    log.info(
        "refund.asked", refund=str(refund.id), sale_id=str(sale.id), amount_minor=refund.amount_minor,
        currency=refund.currency, reason=refund.reason, asked_by=refund.asked_by,
    )  # fmt: skip


def send_refund(*, refund_id: UUID) -> Refund:
    """Make the refund at Stripe now, outside any transaction, right after the commit of `ask_refund`.

    The refund as it is then: still asked while Stripe cannot be reached (the sweeper goes on trying).
    """
    refund = Refund.objects.get(id=refund_id)
    if refund.call_id is not None:
        deliver(call_id=refund.call_id)
        refund.refresh_from_db()
    return refund
