"""The steps of a payout after it was set aside (E9), each on a locked payout and in its caller's transaction.

Whatever the order in which Stripe's answers and events arrive, each step happens once.
"""

import uuid
from datetime import datetime

from ledger.operations import post
from payouts import handlers
from payouts.balance_transactions.waiting import object_known
from payouts.gateway import bodies, facts
from payouts.models import Payout, PayoutState
from payouts.outbox.operations import enqueue
from payouts.runs import postings
from payouts.runs.looks import first_look, next_look

REASON_MAX = 500


def transfer_done(*, payout: Payout, transfer: facts.Transfer, now: datetime) -> None:
    """The money is on the payee's connected account: send it to their bank."""
    if payout.state != PayoutState.RESERVED:
        return
    payout.transfer_id = transfer.id
    payout.transferred_at = transfer.created_at
    post(posting=postings.transferred(payout=payout, transfer=transfer))
    object_known(transfer.id, now=now)
    call_id = uuid.uuid4()
    enqueue(
        call_id=call_id,
        operation="payout.create",
        subject=payout.ledger_subject,
        body=bodies.bank_payout(
            outbox_id=call_id,
            payout_id=payout.id,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
        ),
        stripe_account=payout.payee.stripe_account_id,
        now=now,
    )
    _move(payout, PayoutState.TRANSFERRED, now=now)


def transfer_refused(*, payout: Payout, code: str, reason: str, now: datetime) -> None:
    """No money moved: what was set aside is owed and free again."""
    if payout.state != PayoutState.RESERVED:
        return
    _fail(payout, code=code, reason=reason, at=now)
    post(posting=postings.owed_again(payout=payout, at=now))
    payout.returned_at = now
    _move(payout, PayoutState.FAILED, now=now)


def bank_payout_made(*, payout: Payout, made: facts.BankPayout, now: datetime) -> None:
    """It is on its way to the bank."""
    if payout.state != PayoutState.TRANSFERRED:
        return
    payout.stripe_payout_id = made.id
    payout.arrives_on = made.arrives_on
    payout.sent_at = now
    payout.check_at = first_look(payout)
    _move(payout, PayoutState.SENT, now=now)


def bank_paid(*, payout: Payout, at: datetime, now: datetime) -> None:
    """It is at the bank. News of a payout that has failed since is old."""
    if payout.state != PayoutState.SENT:
        return
    post(posting=postings.paid(payout=payout, at=at))
    payout.paid_at = at
    payout.check_at = next_look(payout, now=now)
    _move(payout, PayoutState.PAID, now=now)


def bank_said_no(*, payout: Payout, told: facts.BankPayout, at: datetime, now: datetime) -> None:
    """Stripe says that it failed or was canceled, by an event or when it was asked."""
    reason = told.failure_message or f"The payout was {told.status}."
    bank_failed(payout=payout, code=told.failure_code or told.status, reason=reason, at=at, now=now)


def bank_failed(*, payout: Payout, code: str, reason: str, at: datetime, now: datetime) -> None:
    """It never left, or the bank sent it back, even after paid: it is owed again, and its transfer is reversed."""
    if payout.state not in {PayoutState.TRANSFERRED, PayoutState.SENT, PayoutState.PAID}:
        return
    if payout.state == PayoutState.PAID:
        post(posting=postings.unpaid(payout=payout, at=at))
    _fail(payout, code=code, reason=reason, at=at)
    post(posting=postings.owed_again(payout=payout, at=at))
    call_id = uuid.uuid4()
    enqueue(
        call_id=call_id,
        operation="transfer.reverse",
        subject=payout.ledger_subject,
        target_id=payout.transfer_id,
        body=bodies.transfer_reversal(
            outbox_id=call_id,
            payout_id=payout.id,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
        ),
        now=now,
    )
    _move(payout, PayoutState.RETURNING, now=now)


def transfer_reversed(*, payout: Payout, reversal: facts.TransferReversal, now: datetime) -> None:
    """The money is back in the platform's balance: the next run may try again."""
    if payout.state != PayoutState.RETURNING:
        return
    post(posting=postings.reversed_transfer(payout=payout, reversal=reversal))
    object_known(reversal.id, now=now)
    payout.reversal_id = reversal.id
    payout.returned_at = reversal.created_at
    _move(payout, PayoutState.FAILED, now=now)


def _fail(payout: Payout, *, code: str, reason: str, at: datetime) -> None:
    payout.failure_code = code
    payout.failure_reason = (reason or "The bank gave no reason.")[:REASON_MAX]
    payout.failed_at = at
    payout.check_at = None


def _move(payout: Payout, state: PayoutState, *, now: datetime) -> None:
    payout.state = state
    payout.save()
    handlers.tell("payout.updated", payout_id=payout.id, payee_id=payout.payee_id, now=now)
