"""E10 from the card to the ticket's page: a seat if one is left, else the money back."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from config import clock
from ledger import accounts
from ledger.queries import balance_minor
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.models import Sale, SaleState
from rooms.models import Room, Ticket, TicketState, User
from rooms.purchases.history import WORDS, Standing
from rooms.tickets.checkout import open_now
from rooms.tickets.operations import buy_ticket
from tests.payouts.disputes.court import Court
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe
from tests.rooms import cast


@pytest.fixture
def room(db: None, sandbox: Sandbox) -> Room:
    """Ada's room has one seat."""
    now = clock.now()
    return cast.room(cast.creator("Ada Lovelace"), capacity=1, now=now, starts_at=now + timedelta(days=1),
                     ends_at=now + timedelta(days=1, hours=1))  # fmt: skip


@pytest.fixture
def listener(db: None) -> User:
    """Linus listens."""
    return cast.person("Linus")


def _pay_after_the_hold(room: Room, buyer: User, sandbox: Sandbox) -> Ticket:
    """The race: our word that the hold is over was committed before the news of the payment came."""
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=clock.now())
    url = open_now(ticket)
    assert url is not None
    assert sandbox.pay(url) == 303
    Sale.objects.filter(id=ticket.sale_id).update(state=SaleState.EXPIRED, expired_at=clock.now())
    handlers.tell("sale.expired", sale_id=ticket.sale_id, now=clock.now())
    return ticket


def _state(ticket: Ticket) -> tuple[Any, Any]:
    return Ticket.objects.values_list("state", "sale__state").get(id=ticket.id)


def test_a_free_seat_is_taken_and_nothing_goes_back(
    room: Room, listener: User, sandbox: Sandbox, workers: Workers
) -> None:
    ticket = _pay_after_the_hold(room, listener, sandbox)
    workers.turn()
    workers.turn()
    assert _state(ticket) == (TicketState.VALID, SaleState.POSTED)
    assert sandbox.client.v1.refunds.list().data == []
    assert balance_minor(account=accounts.SUSPENSE, currency="USD") == 0
    assert ledger_of_stripe() == (0, 941)
    assert sandbox.balance() == {"USD": (0, 941)}


def test_a_late_payment_that_its_bank_takes_back(
    room: Room, listener: User, sandbox: Sandbox, workers: Workers, court: Court
) -> None:
    """No refund of ours goes beside it, and the pages say who has the money."""
    ticket = _pay_after_the_hold(room, listener, sandbox)
    buy_ticket(room_id=room.id, buyer_id=cast.person("Margaret").id, now=clock.now())
    workers.hear()
    import_pages(now=clock.now())
    ticket.sale.refresh_from_db()
    court.end(court.dispute(ticket.sale), "lose")
    assert _state(ticket) == (TicketState.RETURNED, SaleState.RETURNED)
    client = Client()
    client.force_login(listener)
    assert "Your bank took" in client.get(ticket.get_absolute_url()).content.decode()
    assert WORDS[Standing.TAKEN_BACK][1] in client.get("/purchases/").content.decode()
    assert balance_minor(account=accounts.SUSPENSE, currency="USD") == 0
    assert_all_is_booked(sandbox)


def test_payment_after_the_hold_ran_out(room: Room, listener: User, sandbox: Sandbox, workers: Workers) -> None:
    """The room is full by then: the money goes back, and the page says so."""
    ticket = _pay_after_the_hold(room, listener, sandbox)
    other = buy_ticket(room_id=room.id, buyer_id=cast.person("Margaret").id, now=clock.now())
    client = Client()
    client.force_login(listener)

    workers.hear()
    assert _state(ticket) == (TicketState.LATE, SaleState.LATE)
    assert "is being returned" in client.get(ticket.get_absolute_url()).content.decode()

    workers.turn()
    workers.turn()
    assert _state(ticket) == (TicketState.RETURNED, SaleState.RETURNED)
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "was returned" in page
    assert sandbox.client.v1.refunds.list().data[0].id in page
    assert _state(other) == (TicketState.HELD, SaleState.OPEN)
    assert balance_minor(account=accounts.SUSPENSE, currency="USD") == 0
    assert ledger_of_stripe() == (0, -59)
    assert sandbox.balance() == {"USD": (0, -59)}
    assert_all_is_booked(sandbox)
