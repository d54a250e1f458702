"""A refund reaches the ledger from its balance transaction: once, by the sale's running total (E5, E7, E10, E11)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ledger import accounts
from ledger.operations import post
from ledger.postings import Leg, Posting
from payouts.disputes.backing import beside_lost, room_for_refunds
from payouts.disputes.postings import leg
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.gateway import facts
from payouts.locks import lock_balance_transaction, lock_lost_disputes
from payouts.models import IN_LEDGER, TOO_LATE, BalanceTransaction, Dispute, MirrorState, Refund, RefundState, Sale
from payouts.refunds.learning import fail, learn
from payouts.sales import returns, reversals
from payouts.sales.legs import settled
from payouts.sales.postings import processing_legs, stripe_side


@transaction.atomic
def post_refund(*, refund: facts.Refund, balance_transaction_id: str, came_back: bool, now: datetime) -> bool:
    """Post what a refund moved, or what its failure brought back. False while it must wait for what came before it.

    Raises:
        UnknownObjectError: its charge is no sale's; or it is more than is left of it, until an earlier one came back.
        ContradictionError: as `learn`, or the charge was settled in another currency.
    """
    learned = learn(refund=refund, now=now)
    if learned is None:
        raise UnknownObjectError(refund.charge_id or refund.id)
    sale, row = learned
    if came_back and row.state != RefundState.FAILED:
        fail(row=row, sale=sale, state=RefundState.FAILED, reason="The refund failed", now=now)
    lost = lock_lost_disputes(sale.id)
    movement = lock_balance_transaction(balance_transaction_id)
    if movement is None or movement.state == MirrorState.POSTED:
        return True
    if sale.state not in IN_LEDGER or (came_back and row.posted_at is None):
        return False
    if not came_back and row.state != RefundState.FAILED and row.amount_minor > room_for_refunds(sale=sale, lost=lost):
        raise UnknownObjectError(f"what makes room for {row.refund_id}")
    if sale.settlement_currency != movement.currency:
        raise ContradictionError(
            f"settled in {movement.currency}, paid in {sale.settlement_currency}", object_id=movement.id
        )
    posting = _posting(sale, row, movement, lost=lost, came_back=came_back)
    post(posting=posting)
    movement.state = MirrorState.POSTED
    movement.posting_key = posting.key
    movement.note = ""
    movement.save(update_fields=["state", "posting_key", "note"])
    _follow(sale, row, movement, came_back=came_back, now=now)
    return True


def _posting(
    sale: Sale, row: Refund, movement: BalanceTransaction, *, lost: Sequence[Dispute], came_back: bool
) -> Posting:
    """Every leg goes to where the sale's new total has it; the exchange rate's part is the platform's (E11).

    Movements come in any order. One that failed, whose money went back by another refund that is posted already, is
    more than is left of the sale: it is the platform's until its failure is posted, which waits for it.
    """
    part_minor = row.amount_minor - row.beyond_minor
    amount_minor, bad_debt = beside_lost(sale=sale, lost=lost, refund_minor=-part_minor if came_back else part_minor)
    if not came_back and row.state == RefundState.FAILED:
        row.beyond_minor = max(sale.reversed_minor + amount_minor - sale.charge_minor, 0)
        amount_minor -= row.beyond_minor
    beyond_minor = settled(sale=sale, total_minor=row.beyond_minor)
    legs = [
        *reversals.step(sale=sale, shares=list(sale.shares.all()), amount_minor=amount_minor),
        *bad_debt,
        *leg(accounts.EXPENSE_BAD_DEBT, -beyond_minor if came_back else beyond_minor, movement.currency),
        Leg(account=stripe_side(movement), amount_minor=movement.amount_minor, currency=movement.currency),
        *processing_legs(movement),
    ]
    return Posting(
        key=f"refund_failure:{row.refund_id}" if came_back else f"refund:{row.refund_id}",
        kind="refund.failed" if came_back else "refund",
        legs=reversals.balanced(legs, currency=movement.currency),
        effective_at=movement.created_at,
        subject=sale.ledger_subject,
        description=sale.title,
        metadata={"refund": row.refund_id, "charge": sale.charge_id, "balance_transaction": movement.id},
    )


def _follow(sale: Sale, row: Refund, movement: BalanceTransaction, *, came_back: bool, now: datetime) -> None:
    if came_back:
        row.returned_at = movement.created_at
        row.failure_balance_transaction_id = movement.id
    else:
        row.posted_at = movement.created_at
        row.balance_transaction_id = movement.id
        row.state = RefundState.POSTED if row.state == RefundState.MADE else row.state
    row.save()
    if sale.state in TOO_LATE:
        returns.follow(sale=sale, now=now)
