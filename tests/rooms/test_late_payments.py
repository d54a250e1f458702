"""A payment that lands after the hold: a seat if one is left, else the money back, told on the ticket's page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction

from payouts import handlers
from payouts.gateway import facts
from payouts.models import Sale, SaleState
from payouts.sales import payments
from rooms.models import EndReason, Room, Seat, Ticket, TicketState, User
from rooms.tickets.operations import buy_ticket, cancel_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW

LATER = NOW + timedelta(minutes=20)


def _given_up(room: Room, buyer: User) -> Ticket:
    """A hold that ended: Stripe confirmed that its card page is closed."""
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=NOW)
    cancel_ticket(ticket_id=ticket.id, buyer_id=buyer.id, now=NOW)
    return _read(ticket)


def _read(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("sale", "seat").get(id=ticket.id)


@transaction.atomic
def _pay(ticket: Ticket, *, now: Any = LATER) -> None:
    """Stripe says that the card was charged all the same."""
    charge = facts.Charge(
        id=f"ch_{ticket.id}",
        raw={},
        amount_minor=ticket.sale.charge_minor,
        currency=ticket.sale.currency,
        paid=True,
        created_at=now,
        payment_intent_id=f"pi_{ticket.id}",
        balance_transaction_id="",
        sale_id=str(ticket.sale_id),
    )
    payments.take_charge(charge=charge, now=now)


def _fill(room: Room, *names: str) -> list[Ticket]:
    return [buy_ticket(room_id=room.id, buyer_id=cast.person(name).id, now=NOW) for name in names]


def test_the_buyer_gets_the_same_seat_while_nobody_has_it(evening: Room, linus: User) -> None:
    ticket = _given_up(evening, linus)
    assert (ticket.state, ticket.seat.number, ticket.seat.taken) == (TicketState.RELEASED, 1, False)

    _pay(ticket)
    _pay(ticket, now=LATER + timedelta(hours=1))

    ticket = _read(ticket)
    assert (ticket.state, ticket.paid_at, ticket.end_reason) == (TicketState.VALID, LATER, "")
    assert (ticket.seat.number, ticket.seat.taken, ticket.released_at) == (1, True, None)
    assert (ticket.sale.state, ticket.sale.title) == (SaleState.PAID, "Evening with Ada, seat 1")
    assert Seat.objects.filter(room=evening, taken=True).count() == 1


def test_another_free_seat_is_as_good_and_the_sale_is_called_after_it(evening: Room, linus: User) -> None:
    ticket = _given_up(evening, linus)
    [other] = _fill(evening, "Margaret")
    assert other.seat_id == ticket.seat_id

    _pay(ticket)

    ticket = _read(ticket)
    assert (ticket.state, ticket.seat.number, ticket.seat.taken) == (TicketState.VALID, 2, True)
    assert (ticket.sale.state, ticket.sale.title) == (SaleState.PAID, "Evening with Ada, seat 2")
    assert _read(other).seat.number == 1


def test_a_full_room_sends_the_money_back(evening: Room, linus: User) -> None:
    ticket = _given_up(evening, linus)
    others = _fill(evening, "Margaret", "Edith", "Grace")

    _pay(ticket)

    ticket = _read(ticket)
    assert (ticket.state, ticket.paid_at, ticket.sale.state) == (TicketState.LATE, LATER, SaleState.LATE)
    assert ticket.end_reason == EndReason.CANCELLED
    assert [_read(other).state for other in others] == [TicketState.HELD] * 3


@pytest.mark.parametrize("what", ["over", "cancelled"])
def test_a_room_that_is_not_to_come_sends_the_money_back(evening: Room, linus: User, what: str) -> None:
    ticket = _given_up(evening, linus)
    if what == "cancelled":
        Room.objects.update(cancelled_at=NOW)

    _pay(ticket, now=evening.ends_at if what == "over" else LATER)

    ticket = _read(ticket)
    assert (ticket.state, ticket.sale.state) == (TicketState.LATE, SaleState.LATE)
    assert not Seat.objects.filter(taken=True).exists()


def test_who_holds_another_seat_by_now_is_not_sold_two(evening: Room, linus: User) -> None:
    ticket = _given_up(evening, linus)
    again = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=LATER)
    assert again.id != ticket.id

    _pay(ticket)

    assert (_read(ticket).state, _read(again).state) == (TicketState.LATE, TicketState.HELD)
    assert Seat.objects.filter(taken=True).count() == 1


def test_it_is_returned_and_a_failed_refund_takes_that_back(evening: Room, linus: User) -> None:
    ticket = _given_up(evening, linus)
    _fill(evening, "Margaret", "Edith", "Grace")
    _pay(ticket)

    for _ in range(2):
        handlers.tell("sale.returned", sale_id=ticket.sale_id, now=LATER)
        assert _read(ticket).state == TicketState.RETURNED
    for _ in range(2):
        handlers.tell("sale.return_failed", sale_id=ticket.sale_id, now=LATER)
        assert _read(ticket).state == TicketState.LATE
    assert Seat.objects.filter(room=evening, taken=True).count() == 3


def test_a_ticket_that_was_not_late_is_never_returned(evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    for name in ("sale.returned", "sale.return_failed"):
        handlers.tell(name, sale_id=ticket.sale_id, now=LATER)
    assert not handlers.ask("sale.late", sale_id=ticket.sale_id, now=LATER)
    assert not handlers.ask("sale.late", sale_id=evening.id, now=LATER)  # a sale of something else
    assert _read(ticket).state == TicketState.HELD


def _at_once(*jobs: Any) -> list[Any]:
    start = Barrier(len(jobs))

    def run(job: Any) -> Any:
        start.wait()
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_two_late_payments_for_the_last_seat_end_in_one_seat_and_one_refund(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=1)
    tickets = [_given_up(room, cast.person(name)) for name in ("Linus", "Margaret")]

    _at_once(*(lambda ticket=ticket: _pay(ticket) for ticket in tickets))

    assert sorted(Ticket.objects.values_list("state", "sale__state")) == [
        (TicketState.LATE, SaleState.LATE),
        (TicketState.VALID, SaleState.PAID),
    ]


def test_a_late_payment_and_a_new_purchase_by_the_same_buyer_end_in_one_seat(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=3)
    linus = cast.person("Linus")
    ticket = _given_up(room, linus)

    _, bought = _at_once(lambda: _pay(ticket), lambda: buy_ticket(room_id=room.id, buyer_id=linus.id, now=LATER))

    assert Seat.objects.filter(taken=True).count() == 1
    if bought.id == ticket.id:
        assert _read(ticket).state == TicketState.VALID
        assert Sale.objects.count() == 1
    else:
        assert (_read(ticket).state, _read(bought).state) == (TicketState.LATE, TicketState.HELD)
