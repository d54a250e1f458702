"""Celery's way in: each task wakes work that PostgreSQL holds, asks the Clock, and may run any number of times.

Tasks take keyword arguments and accept ones that they do not know, so that old messages survive a deploy.
"""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from config import clock
from ledger import operations as ledger
from payouts import circuit
from payouts.balance_transactions import operations as balance_transactions
from payouts.cards import unsent
from payouts.disputes import answering, warnings
from payouts.errors import StripeUnavailableError
from payouts.inbox import catch_up, many
from payouts.inbox import operations as inbox
from payouts.models import Heartbeat
from payouts.models.call import OPEN_STATES
from payouts.outbox import operations as outbox
from payouts.queries import WORKER
from payouts.reconciliation import operations as reconciliation
from payouts.runs import looking
from payouts.runs import operations as runs
from payouts.subscriptions import catching_up

log = structlog.get_logger(__name__)

SWEEP_LIMIT = 200
EVENTS_A_SWEEP = 2000
CATCH_UP_PAGES = 20
"""Calls that one run of the catch-up may spend of Stripe's limit."""
UNANSWERED_MAX = 3
"""With Stripe away, a sweep gives up after so many calls in a row instead of waiting for each to time out."""


@shared_task(name="payouts.tasks.process_event")
def process_event(*, event_id: str, **_: Any) -> None:
    """Process one event that has just come in."""
    inbox.process(event_id=event_id, now=clock.now())


@shared_task(name="payouts.tasks.process_events")
def process_events(*, event_ids: str, **_: Any) -> None:
    """Process some events that have just come in, each for itself."""
    many.process_many(event_ids=event_ids.split(","), now=clock.now())


@shared_task(name="payouts.tasks.sweep_inbox")
def sweep_inbox(**_: Any) -> None:
    """Process the events that are due: those whose wake-up was lost, and those that back off or wait."""
    many.sweep(limit=EVENTS_A_SWEEP, now=clock.now())


@shared_task(name="payouts.tasks.catch_up_events")
def catch_up_events(**_: Any) -> None:
    """Look, slowly, for events that never came, which the sweeper processes; and for payouts whose events are gone."""
    try:
        with circuit.guarded(source="catch-up of events"):
            catch_up.catch_up(now=clock.now(), pages_max=CATCH_UP_PAGES)
            looking.look(now=clock.now(), pages_max=CATCH_UP_PAGES)
    except StripeUnavailableError as error:
        log.warning("catch_up.postponed", error=str(error))


@shared_task(name="payouts.tasks.deliver_call")
def deliver_call(*, call_id: str, **_: Any) -> None:
    """Make one call that has just been decided."""
    _deliver(UUID(call_id))


@shared_task(name="payouts.tasks.sweep_outbox")
def sweep_outbox(**_: Any) -> None:
    """Make the calls that are due: those whose wake-up or answer was lost, and those that back off."""
    unsent.give_up_unsent(real_now=clock.real_now(), now=clock.now())
    unanswered = 0
    for call_id in outbox.due_calls(real_now=clock.real_now(), limit=SWEEP_LIMIT):
        unanswered = 0 if _deliver(call_id) else unanswered + 1
        if unanswered == UNANSWERED_MAX:
            break


def _deliver(call_id: UUID) -> bool:
    """Whether the call is over. One whose follow-up fails must not keep the others from being made."""
    try:
        return outbox.deliver(call_id=call_id).state not in OPEN_STATES
    except Exception as error:
        log.exception("call.follow_up_failed", stripe_call_id=str(call_id))
        outbox.postpone_after_crash(call_id=call_id, error=error)
        return False


@shared_task(name="payouts.tasks.import_balance_transactions")
def import_balance_transactions(**_: Any) -> None:
    """Import what is new at Stripe and take it to the ledger."""
    try:
        with circuit.guarded(source="import of balance transactions"):
            balance_transactions.import_pages(now=clock.now())
    except StripeUnavailableError as error:
        log.warning("balance_transactions.postponed", error=str(error))


@shared_task(name="payouts.tasks.settle_due")
def settle_due(**_: Any) -> None:
    """Settle the funds that are available by now."""
    runs.settle_due(now=clock.now())


@shared_task(name="payouts.tasks.release_due")
def release_due(**_: Any) -> None:
    """Release what is no longer on hold."""
    runs.release_due(now=clock.now())


@shared_task(name="payouts.tasks.catch_up_subscriptions")
def catch_up_subscriptions(**_: Any) -> None:
    """Look at Stripe's side of the subscriptions whose news is overdue; give up when Stripe does not answer."""
    now = clock.now()
    for subscription_id in catching_up.overdue(now=now, limit=SWEEP_LIMIT):
        if not catching_up.catch_up(subscription_id=subscription_id, now=now):
            break


@shared_task(name="payouts.tasks.run_payouts")
def run_payouts(**_: Any) -> None:
    """Today's payout run, unless it is done."""
    runs.run_payouts(now=clock.now())


@shared_task(name="payouts.tasks.answer_disputes")
def answer_disputes(**_: Any) -> None:
    """Assemble evidence, send what nobody sent until its last hours, and decide about early fraud warnings."""
    answering.answer_due(now=clock.now())
    warnings.decide_due(now=clock.now())


@shared_task(name="payouts.tasks.heartbeat")
def heartbeat(**_: Any) -> None:
    """A worker is alive; `/readyz` asks."""
    Heartbeat.objects.update_or_create(name=WORKER, defaults={"seen_at": clock.real_now()})


@shared_task(name="payouts.tasks.keep_ledger")
def keep_ledger(**_: Any) -> None:
    """Fold the ledger's tail, release holds that are past their time, and seal what is not sealed yet."""
    ledger.fold()
    ledger.expire_holds(now=clock.now())
    ledger.seal()


@shared_task(name="payouts.tasks.reconcile")
def reconcile(**_: Any) -> None:
    """Compare Stripe's balance with the books; every difference is a row for finance."""
    try:
        with circuit.guarded(source="reconciliation"):
            reconciliation.reconcile(now=clock.now())
    except StripeUnavailableError as error:
        log.warning("reconciliation.postponed", error=str(error))
