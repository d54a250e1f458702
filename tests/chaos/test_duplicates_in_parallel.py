"""The same news many times at once: one effect."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from config import clock
from ledger.models import Transaction
from payouts.balance_transactions.operations import import_pages
from payouts.inbox import operations as inbox
from payouts.models import EventState, Payout, PayoutRun, Sale, SaleState, StripeCall, StripeEvent
from payouts.outbox import operations as outbox
from payouts.runs.operations import run_payouts
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe, post_event

AT_ONCE = 8


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Do something in several threads at the same time, each with a database connection of its own."""

    def alone(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(alone, range(AT_ONCE)))


def test_one_event_posted_and_processed_many_times_at_once(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    ada = shop.payee("Ada")
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    (event,) = [event for event in sandbox.events() if event["type"] == "charge.succeeded"]
    assert at_once(lambda _: post_event(event).status_code) == [200] * AT_ONCE
    assert StripeEvent.objects.filter(id=event["id"]).count() == 1
    states = at_once(lambda _: inbox.process(event_id=event["id"], now=clock.now()))
    assert [state for state in states if state] == [EventState.DONE]
    at_once(lambda _: import_pages(now=clock.now()))
    assert Transaction.objects.filter(kind="sale").count() == 1
    assert ledger_of_stripe() == (0, 941)
    assert sandbox.balance() == {"USD": (0, 941)}


def test_several_event_ids_for_one_charge_at_once(shop: Shop, sandbox: Sandbox) -> None:
    ada = shop.payee("Ada")
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    (event,) = [event for event in sandbox.events() if event["type"] == "charge.succeeded"]
    copies = [event | {"id": f"evt_copy_{number}"} for number in range(AT_ONCE)]
    at_once(lambda number: post_event(copies[number]).status_code)
    at_once(lambda number: inbox.process(event_id=copies[number]["id"], now=clock.now()))
    assert set(StripeEvent.objects.filter(id__startswith="evt_copy_").values_list("state", flat=True)) == {
        EventState.DONE
    }
    at_once(lambda _: import_pages(now=clock.now()))
    assert Sale.objects.get(id=sale.id).state == SaleState.POSTED
    assert Transaction.objects.filter(kind="sale").count() == 1
    assert ledger_of_stripe() == (0, 941)


def test_payout_runs_and_deliveries_at_once_pay_once(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    ada = shop.payee("Ada")
    shop.sell(ada)
    now = sandbox.advance(days=4)
    at_once(lambda _: run_payouts(now=now))
    assert PayoutRun.objects.count() == 1
    payout = Payout.objects.get()
    transfer = StripeCall.objects.get(operation="transfer.create")
    at_once(lambda _: outbox.deliver(call_id=transfer.id))
    transfer.refresh_from_db()
    assert transfer.attempts == 1
    assert len(sandbox.client.v1.transfers.list().data) == 1
    assert Transaction.objects.filter(subject=payout.ledger_subject).count() == 2
    assert ledger_of_stripe() == (30, 0)
    assert sandbox.balance() == {"USD": (30, 0)}
