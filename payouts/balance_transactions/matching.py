"""To whom a balance transaction belongs, and what follows."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from ledger.errors import LedgerError
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.gateway import reading
from payouts.models import BalanceTransaction, MirrorState, Payout, Sale
from payouts.sales import payments, returns
from payouts.sales.posting import post_sale, split_sale

log = structlog.get_logger(__name__)

CHARGES = frozenset({"charge", "payment"})
REFUNDS = {"refund": False, "payment_refund": False, "refund_failure": True}
"""Whether the money came back. Source: https://docs.stripe.com/reports/balance-transaction-types"""
TRANSFERS = {"transfer": "transfer", "transfer_refund": "reversal"}
UNMATCHED_AFTER = timedelta(hours=1)
"""How long a movement may wait for the record of the call that caused it."""


def take(*, movement: BalanceTransaction, now: datetime) -> None:
    """Post an imported movement, recognise it as posted, or say why it is neither. Outside any transaction."""
    try:
        if movement.type in CHARGES:
            _take_charge(movement, now=now)
        elif movement.type in REFUNDS:
            _take_refund(movement, now=now)
        elif movement.type in TRANSFERS:
            _take_transfer(movement, now=now)
        else:
            _mark(movement, MirrorState.UNMATCHED, f"nothing here makes movements of type {movement.type}")
    except (ContradictionError, UnknownObjectError, LedgerError) as error:
        log.exception("balance_transaction.mismatch", type=movement.type)
        _mark(movement, MirrorState.MISMATCH, str(error))


def _take_charge(movement: BalanceTransaction, *, now: datetime) -> None:
    """The charge inside tells its sale even when both of its events were lost."""
    charge = reading.charge_from_raw(movement.raw)
    with transaction.atomic():
        sale = payments.take_charge(charge=charge, now=now) if charge else _known_sale(movement)
    if sale is None:
        _mark(movement, MirrorState.UNMATCHED, "a charge that no sale asked for")
        return
    split_sale(sale_id=sale.id, balance_transaction_id=movement.id, now=now)
    post_sale(sale_id=sale.id, now=now)


def _known_sale(movement: BalanceTransaction) -> Sale | None:
    return Sale.objects.filter(charge_id=movement.source_id).first()


def _take_refund(movement: BalanceTransaction, *, now: datetime) -> None:
    """Money that came too late goes back, or comes back again when the card did not take it."""
    refund = reading.refund_from_raw(movement.raw)
    if refund is None or returns.sale_of_charge(refund.charge_id) is None:
        _mark(movement, MirrorState.UNMATCHED, "a refund of a charge that is not on its way back")
        return
    returns.post_refund(refund=refund, balance_transaction_id=movement.id, came_back=REFUNDS[movement.type], now=now)


def _take_transfer(movement: BalanceTransaction, *, now: datetime) -> None:
    """Transfers and their reversals are posted with their call's answer; here they are only recognised."""
    what = TRANSFERS[movement.type]
    if Payout.objects.filter(**{f"{what}_id": movement.source_id}).exists():
        BalanceTransaction.objects.filter(id=movement.id, state=MirrorState.IMPORTED).update(
            state=MirrorState.POSTED, posting_key=f"{what}:{movement.source_id}", settled_at=movement.available_on
        )
    elif now - movement.imported_at > UNMATCHED_AFTER:
        _mark(movement, MirrorState.UNMATCHED, f"a {movement.type} that no payout asked for")


def _mark(movement: BalanceTransaction, state: MirrorState, note: str) -> None:
    BalanceTransaction.objects.filter(id=movement.id, state=MirrorState.IMPORTED).update(state=state, note=note[:500])
