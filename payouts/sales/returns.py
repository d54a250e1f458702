"""Late payments on their way back (E10): the refund is asked for once, and posted from its balance transaction."""

import uuid
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger.operations import post
from payouts import handlers
from payouts.errors import ContradictionError
from payouts.gateway import bodies, facts, reading
from payouts.locks import lock_balance_transaction, lock_sale
from payouts.models import TOO_LATE, BalanceTransaction, MirrorState, Sale, SaleState
from payouts.outbox.operations import enqueue
from payouts.sales import postings

RETURNING = (SaleState.PARKED, SaleState.RETURNED)
REASON_MAX = 500


def ask_to_return(*, sale: Sale, now: datetime) -> None:
    """Write down that the locked, parked sale's whole payment is to be given back.

    The call's id follows from the sale's, so that the database itself refuses a second one.
    """
    call_id = uuid.uuid5(sale.id, "refund.create")
    enqueue(
        call_id=call_id,
        operation="refund.create",
        subject=sale.ledger_subject,
        body=bodies.refund(
            outbox_id=call_id,
            sale_id=sale.id,
            charge_id=sale.charge_id,
            amount_minor=sale.charge_minor,
            currency=sale.currency,
        ),
        now=now,
    )


def sale_of_charge(charge_id: str) -> UUID | None:
    """The sale whose late payment a charge was; None for any other charge."""
    sales = Sale.objects.filter(charge_id=charge_id, state__in=TOO_LATE) if charge_id else Sale.objects.none()
    return sales.values_list("id", flat=True).first()


def sale_returned_by(balance_transaction_id: str) -> UUID | None:
    """The sale whose late payment a balance transaction returned, or brought back."""
    raw = BalanceTransaction.objects.filter(id=balance_transaction_id).values_list("raw", flat=True).first()
    refund = reading.refund_from_raw(raw or {})
    return None if refund is None else sale_of_charge(refund.charge_id)


@transaction.atomic
def learn_refund(*, refund: facts.Refund, now: datetime) -> Sale | None:
    """Learn that a refund of a late payment exists, and whether it failed; any number of times, in any order.

    None while the payment is not in the ledger: the refund's balance transaction tells the same again, later.

    Raises:
        ContradictionError: it is not the whole payment, or a second refund beside one that did not fail.
    """
    sale_id = sale_of_charge(refund.charge_id)
    sale = None if sale_id is None else lock_sale(sale_id)
    if sale is None or sale.state not in RETURNING:
        return None
    _learn(sale, refund, now=now)
    return sale


def _learn(sale: Sale, refund: facts.Refund, *, now: datetime) -> None:
    if (refund.amount_minor, refund.currency) != (sale.charge_minor, sale.currency):
        raise ContradictionError(
            f"{refund.amount_minor} {refund.currency} given back, {sale.charge_minor} {sale.currency} paid",
            object_id=refund.id,
        )
    if sale.refund_id and sale.refund_id != refund.id:
        if refund.failure:
            return  # an old one, which failed before the one that we know
        if not sale.refund_failed_at:
            raise ContradictionError(f"the sale has refund {sale.refund_id} already", object_id=refund.id)
    if sale.refund_id != refund.id:
        # The first one, or after a failure the next, which finance may have made by hand.
        sale.refund_id, sale.refund_failed_at, sale.refund_failure = refund.id, None, ""
        sale.save(update_fields=["refund_id", "refund_failed_at", "refund_failure"])
    if refund.failure:
        fail(sale=sale, reason=refund.failure, now=now)


def fail(*, sale: Sale, reason: str, now: datetime) -> None:
    """The locked sale's money did not go back: a person must see to it. Told once."""
    if sale.state not in RETURNING or sale.refund_failed_at:
        return
    sale.state = SaleState.PARKED
    sale.returned_at = None
    sale.refund_failed_at = now
    sale.refund_failure = reason[:REASON_MAX]
    sale.save(update_fields=["state", "returned_at", "refund_failed_at", "refund_failure"])
    handlers.tell("sale.return_failed", sale_id=sale.id, now=now)


@transaction.atomic
def post_refund(*, refund: facts.Refund, balance_transaction_id: str, came_back: bool, now: datetime) -> None:
    """Post what a refund moved, or what its failure brought back, once; the sale follows.

    Raises:
        ContradictionError: as `learn_refund`, or the charge was settled in another currency.
    """
    sale = learn_refund(refund=refund, now=now)
    movement = lock_balance_transaction(balance_transaction_id)
    if sale is None or movement is None or movement.state != MirrorState.IMPORTED:
        return
    charge = BalanceTransaction.objects.get(id=sale.balance_transaction_id)
    if charge.currency != movement.currency:
        raise ContradictionError(f"settled in {movement.currency}, paid in {charge.currency}", object_id=movement.id)
    posting = postings.refund_posting(sale=sale, charge=charge, refund=movement, came_back=came_back)
    post(posting=posting)
    movement.state = MirrorState.POSTED
    movement.posting_key = posting.key
    movement.save(update_fields=["state", "posting_key"])
    if not came_back and sale.state == SaleState.PARKED and sale.refund_id == refund.id and not sale.refund_failed_at:
        sale.state = SaleState.RETURNED
        sale.returned_at = movement.created_at
        sale.save(update_fields=["state", "returned_at"])
        handlers.tell("sale.returned", sale_id=sale.id, now=now)
