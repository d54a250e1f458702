"""Cases from the field that happen at once, each exact to the cent and proved against the sandbox's balance."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

from config import clock
from ledger.models import Transaction
from payouts.balance_transactions.operations import import_pages
from payouts.inbox import operations as inbox
from payouts.models import EventState, Payout, PayoutRun, PayoutState, Sale, SaleState, StripeCall, StripeEvent
from payouts.outbox import operations as outbox
from payouts.runs.operations import run_payouts
from rooms.errors import SoldOutError
from rooms.models import Seat, Ticket, TicketState
from rooms.tickets.checkout import open_now
from rooms.tickets.operations import buy_ticket
from tests.databases import Database
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, assert_books_agree
from tests.payouts.stripe_driver import Sandbox, Workers, post_event
from tests.rooms import cast

AT_ONCE = 8


@pytest.fixture
def linus(committed_db: Database) -> UUID:
    """Linus, whom every thread sees."""
    return UUID(str(get_user_model().objects.create_user("linus@example.org", display_name="Linus").pk))


def at_once(work: Callable[[int], Any], times: int = AT_ONCE) -> list[Any]:
    """Do something in several threads at the same time, each with a database connection of its own."""

    def alone(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(alone, range(times)))


def _deliver(call_id: UUID, _: int) -> StripeCall:
    return outbox.deliver(call_id=call_id)


def test_same_event_twice_in_parallel(shop: Shop, sandbox: Sandbox) -> None:
    sale = shop.open(shop.payee("Ada"))
    sandbox.pay(sale.checkout_url)
    (event,) = [event for event in sandbox.events() if event["type"] == "charge.succeeded"]
    assert at_once(lambda _: post_event(event).status_code) == [200] * AT_ONCE
    assert StripeEvent.objects.filter(id=event["id"]).count() == 1
    states = at_once(lambda _: inbox.process(event_id=event["id"], now=clock.now()))
    assert [state for state in states if state] == [EventState.DONE]
    at_once(lambda _: import_pages(now=clock.now()))
    assert Transaction.objects.filter(kind="sale").count() == 1
    assert sandbox.balance() == {"USD": (0, 941)}
    assert_all_is_booked(sandbox)


def test_several_event_ids_for_one_charge_at_once(shop: Shop, sandbox: Sandbox) -> None:
    sale = shop.open(shop.payee("Ada"))
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
    assert sandbox.balance() == {"USD": (0, 941)}
    assert_all_is_booked(sandbox)


def test_two_payouts_at_once(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    ada = shop.payee("Ada")
    shop.sell(ada)
    now = sandbox.advance(days=4)
    at_once(lambda _: run_payouts(now=now))
    assert PayoutRun.objects.count() == 1
    for operation in ("transfer.create", "payout.create"):
        call = StripeCall.objects.get(operation=operation)
        at_once(partial(_deliver, call.id))
        call.refresh_from_db()
        assert call.attempts == 1
    assert [each.amount for each in sandbox.client.v1.transfers.list().data] == [911]
    listed = sandbox.client.v1.payouts.list({}, {"stripe_account": ada.stripe_account_id}).data
    assert [each.amount for each in listed] == [911]
    sandbox.advance(days=3)
    workers.turn()
    payout = Payout.objects.get()
    assert payout.state == PayoutState.PAID
    assert entries_of(payout.ledger_subject, ada=ada.id) == [
        ("payout.reserved", "payable:ada:available", 911),
        ("payout.reserved", "payable:ada:in_transit", -911),
        ("payout.transferred", "stripe:connected:ada", 911),
        ("payout.transferred", "stripe:available", -911),
        ("payout.paid", "payable:ada:in_transit", 911),
        ("payout.paid", "stripe:connected:ada", -911),
    ]
    assert sandbox.balance() == {"USD": (30, 0)}
    assert_all_is_booked(sandbox)


def test_two_buyers_for_the_last_seat(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    now = clock.now()
    room = cast.room(cast.creator("Ada Lovelace"), capacity=1, now=now, starts_at=now + timedelta(days=1),
                     ends_at=now + timedelta(days=1, hours=1))  # fmt: skip
    buyers = [shop.linus_id, cast.person("Margaret").id]

    def buy(number: int) -> Ticket | None:
        try:
            return buy_ticket(room_id=room.id, buyer_id=buyers[number], now=now)
        except SoldOutError:
            return None

    (ticket,) = filter(None, at_once(buy, times=2))
    url = open_now(ticket)
    assert url is not None
    assert sandbox.pay(url) == 303
    workers.turn()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.VALID
    assert Seat.objects.get().taken
    assert Sale.objects.get().state == SaleState.POSTED
    assert [each.amount for each in sandbox.client.v1.charges.list().data] == [1000]
    assert sandbox.balance() == {"USD": (0, 941)}
    assert_books_agree(sandbox)
    assert_all_is_booked(sandbox)
