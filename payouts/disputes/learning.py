"""What Stripe says about a dispute, in any order and any number of times; others are told of each change once."""

from datetime import datetime

import structlog

from payouts import handlers
from payouts.balance_transactions.waiting import object_known
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.gateway import disputes as gateway
from payouts.locks import lock_dispute, lock_sale_of_charge
from payouts.models import Dispute, DisputeStatus, Sale
from payouts.models.dispute import CLOSED_STATUSES, INQUIRY_STATUSES
from payouts.wallets import operations as wallets

log = structlog.get_logger(__name__)

DECIDED = (DisputeStatus.WON, DisputeStatus.LOST)
NO_CHARGEBACK = (*INQUIRY_STATUSES, DisputeStatus.PREVENTED)


def learn(*, found: gateway.Dispute, now: datetime) -> Dispute:
    """Bring our row in step with a dispute as it is at Stripe now, in the caller's transaction.

    The caller holds the dispute's object lock, and fetched it under that lock, so that nothing old overwrites what is
    new. Locks the sale, then the dispute.

    Raises:
        UnknownObjectError: no sale is known for its charge yet.
        ContradictionError: another charge or currency than before, or a status that nobody knows.
    """
    sale = lock_sale_of_charge(found.charge_id)
    if sale is None:
        raise UnknownObjectError(found.charge_id)
    dispute = lock_dispute(found.id)
    before = None if dispute is None else dispute.status
    dispute = _updated(dispute or _new(found, sale), found, now=now)
    dispute.sale = sale
    dispute.save()
    if before is None:
        object_known(dispute.id, now=now)
    _tell(dispute, before, now=now)
    return dispute


def _new(found: gateway.Dispute, sale: Sale) -> Dispute:
    log.info("dispute.opened", dispute_id=found.id, sale_id=str(sale.id), status=found.status, reason=found.reason)
    return Dispute(
        id=found.id, sale=sale, charge_id=found.charge_id, currency=found.currency, opened_at=found.created_at
    )


def _updated(dispute: Dispute, found: gateway.Dispute, *, now: datetime) -> Dispute:
    if (dispute.charge_id, dispute.currency) != (found.charge_id, found.currency):
        raise ContradictionError(
            f"{found.charge_id} in {found.currency}, {dispute.charge_id} in {dispute.currency} before",
            object_id=found.id,
        )
    if found.status not in DisputeStatus.values:
        raise ContradictionError(f"its status is {found.status!r}", object_id=found.id)
    dispute.status = found.status
    dispute.amount_minor = found.amount_minor
    dispute.reason = found.reason
    dispute.network_reason_code = found.network_reason_code
    dispute.due_by = found.due_by
    dispute.movements_told = len(found.balance_transaction_ids)
    if found.status in CLOSED_STATUSES:
        dispute.closed_at = dispute.closed_at or now
    else:
        dispute.closed_at = None
    return dispute


def _tell(dispute: Dispute, before: str | None, *, now: datetime) -> None:
    """Each change once: a chargeback begins (also as an escalated inquiry, or with its end), and ends.

    The wallet that a disputed pack of Stars fills stays frozen until the outcome is in the ledger (E8).
    """
    if dispute.status == before:
        return
    if dispute.status in NO_CHARGEBACK:
        wallets.thaw(sale=dispute.sale, now=now)
        return
    if before is None or before in NO_CHARGEBACK:
        wallets.freeze(sale=dispute.sale, now=now)
        handlers.tell("dispute.opened", sale_id=dispute.sale_id, dispute_id=dispute.id, now=now)
    if dispute.status in DECIDED:
        won = dispute.status == DisputeStatus.WON
        handlers.tell("dispute.closed", sale_id=dispute.sale_id, dispute_id=dispute.id, won=won, now=now)
