"""What time makes due: funds settle, holds end, payees are paid.

Each step is a transaction of its own, found by its state: a killed run goes on where it stopped.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from ledger import accounts
from ledger.operations import post
from ledger.queries import balance_minor, balances
from payouts.gateway import bodies
from payouts.gateway.amounts import payable_part
from payouts.locks import lock_payee
from payouts.models import Payee, Payout, PayoutRun, PayoutState, RunState, TransfersState
from payouts.outbox.operations import enqueue
from payouts.runs import postings
from payouts.sales import posting as sales
from payouts.wallets import operations as wallets

log = structlog.get_logger(__name__)

BATCH = 500

T = TypeVar("T")


def settle_due(*, now: datetime) -> int:
    """Move what became available at Stripe from pending to available (E1b); answers how many movements."""
    return _each(
        lambda: sales.movements_to_settle(now=now, limit=BATCH),
        lambda movement_id: sales.settle(balance_transaction_id=movement_id, now=now),
    )


def release_due(*, now: datetime) -> int:
    """Release the shares of settled sales whose hold is over (E1b), and Stars that were given; answers how many."""
    released = _each(
        lambda: sales.sales_to_release(now=now, limit=BATCH), lambda sale_id: sales.release(sale_id=sale_id, now=now)
    )
    return released + wallets.release_all_due(now=now)


def _each(find_due: Callable[[], list[T]], work: Callable[[T], None]) -> int:
    """Work through what is due, batch by batch; what fails is logged and left for the next time."""
    total = 0
    while due := find_due():
        done = sum(_succeeds(work, each) for each in due)
        total += done
        if not done or len(due) < BATCH:
            break
    return total


def _succeeds(work: Callable[[T], object], item: T) -> bool:
    """One that fails must not keep the others waiting."""
    try:
        work(item)
    except Exception:
        log.exception("due.failed", item=str(item))
        return False
    return True


def run_payouts(*, now: datetime) -> PayoutRun | None:
    """The payout run of the date of `now`: pay every payee what is free, once a payee and currency.

    Settles and releases first what is due. None when this date's run has been through all payees already. Two at
    once, or one after a kill, end in the same payouts. A payee who cannot be paid keeps the run open, not the others
    waiting.
    """
    settle_due(now=now)
    release_due(now=now)
    run, _ = PayoutRun.objects.get_or_create(on_date=now.date(), defaults={"started_at": now})
    if run.state == RunState.DONE:
        return None
    with structlog.contextvars.bound_contextvars(payout_run_id=str(run.id)):
        results = [
            _succeeds(lambda owed: pay(run_id=run.id, payee_id=owed[0], currency=owed[1], now=now), owed)
            for owed in _owed(_payable_payees())
        ]
        if not all(results):
            return run
        PayoutRun.objects.filter(id=run.id, state=RunState.RUNNING).update(state=RunState.DONE, finished_at=now)
    run.refresh_from_db()
    return run


def _payable_payees() -> QuerySet[Payee]:
    return Payee.objects.filter(transfers_state=TransfersState.ACTIVE, payouts_manual_at__isnull=False)


def _owed(payees: QuerySet[Payee]) -> Iterator[tuple[UUID, str]]:
    """Who is owed enough, and in which currency: one look at the ledger for every few hundred payees."""
    ids = list(payees.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        codes = {accounts.payable(payee_id, "available"): payee_id for payee_id in ids[start : start + BATCH]}
        for (code, currency), balance in sorted(balances(accounts=list(codes)).items()):
            if payable_part(-balance, currency) >= settings.PAYOUT_MINIMUM_MINOR:
                yield codes[code], currency


@transaction.atomic
def pay(*, run_id: UUID, payee_id: UUID, currency: str, now: datetime) -> Payout | None:
    """Set a payee's free money aside and write down its transfer, unless this run did so already.

    Nothing happens for a payee whose transfers are off, who is owed less than the minimum, or whose failed payout is
    still on its way back.
    """
    payee = lock_payee(payee_id)
    if payee is None or payee.transfers_state != TransfersState.ACTIVE:
        return None
    others = Payout.objects.filter(payee_id=payee_id, currency=currency)
    if others.filter(run_id=run_id).exists() or others.filter(state=PayoutState.RETURNING).exists():
        return None
    owed_minor = -balance_minor(account=accounts.payable(payee_id, "available"), currency=currency)
    amount_minor = payable_part(owed_minor, currency)
    if amount_minor < settings.PAYOUT_MINIMUM_MINOR:
        return None
    payout = Payout.objects.create(
        run_id=run_id, payee=payee, amount_minor=amount_minor, currency=currency, reserved_at=now
    )
    post(posting=postings.reserve(payout=payout))
    _request_transfer(payout, now=now)
    log.info("payout.reserved", payout_id=str(payout.id), amount_minor=amount_minor, currency=currency)
    return payout


def _request_transfer(payout: Payout, *, now: datetime) -> None:
    call_id = uuid.uuid4()
    body = bodies.transfer(
        outbox_id=call_id,
        payout_id=payout.id,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        destination=payout.payee.stripe_account_id,
    )
    enqueue(call_id=call_id, operation="transfer.create", subject=payout.ledger_subject, body=body, now=now)
