"""A chargeback ends access and keeps the seat; won, the buyer is in again; lost, the seat is sold again."""

from datetime import timedelta

import pytest
from django.test import Client

from payouts import handlers
from rooms.models import Creator, Room, Seat, Ticket, TicketState, User
from rooms.tickets.operations import buy_ticket
from tests.rooms.cast import NOW

DISPUTE = "du_1"


@pytest.fixture
def paid(evening: Room, linus: User) -> Ticket:
    """Linus has paid for the first of three seats."""
    return paid_ticket(evening, linus)


def paid_ticket(room: Room, buyer: User) -> Ticket:
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=NOW)
    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=NOW)
    return ticket


def opened(ticket: Ticket) -> None:
    handlers.tell("dispute.opened", sale_id=ticket.sale_id, dispute_id=DISPUTE, now=NOW)


def closed(ticket: Ticket, *, won: bool) -> None:
    handlers.tell("dispute.closed", sale_id=ticket.sale_id, dispute_id=DISPUTE, won=won, now=NOW)


def state(ticket: Ticket) -> tuple[str, int, bool]:
    """Its state and seat, and whether the seat is kept from others."""
    found = Ticket.objects.select_related("seat").get(id=ticket.id)
    return found.state, found.seat.number, found.seat.taken


def test_an_open_dispute_keeps_the_seat_and_shuts_the_door(paid: Ticket, evening: Room, linus: User) -> None:
    opened(paid)
    opened(paid)
    assert state(paid) == (TicketState.DISPUTED, 1, True)
    assert buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW).id == paid.id


def test_won_the_buyer_is_in_again(paid: Ticket) -> None:
    opened(paid)
    closed(paid, won=True)
    closed(paid, won=True)
    assert state(paid) == (TicketState.VALID, 1, True)


def test_lost_the_seat_goes_back_to_the_room(paid: Ticket, evening: Room, grace: Creator) -> None:
    opened(paid)
    closed(paid, won=False)
    closed(paid, won=False)
    assert state(paid) == (TicketState.CHARGEBACK, 1, False)
    assert buy_ticket(room_id=evening.id, buyer_id=grace.user_id, now=NOW).seat.number == 1


def test_lost_and_won_after_all_brings_a_seat_if_one_is_left(paid: Ticket, evening: Room, grace: Creator) -> None:
    opened(paid)
    closed(paid, won=False)
    buy_ticket(room_id=evening.id, buyer_id=grace.user_id, now=NOW)
    closed(paid, won=True)
    assert state(paid) == (TicketState.VALID, 2, True)
    assert Seat.objects.filter(room=evening, taken=True).count() == 2


@pytest.mark.parametrize("change", [{"cancelled_at": NOW}, {"ends_at": NOW, "starts_at": NOW - timedelta(hours=1)}])
def test_lost_and_won_after_all_brings_no_seat_in_a_room_that_is_gone(
    paid: Ticket, evening: Room, change: dict[str, object]
) -> None:
    opened(paid)
    closed(paid, won=False)
    Room.objects.filter(id=evening.id).update(**change)
    closed(paid, won=True)
    assert state(paid) == (TicketState.CHARGEBACK, 1, False)


def test_a_sale_that_pays_for_no_ticket_is_none_of_rooms_business(paid: Ticket) -> None:
    Ticket.objects.filter(id=paid.id).delete()
    opened(paid)
    closed(paid, won=False)
    assert not Ticket.objects.exists()


def test_the_buyer_reads_what_is_going_on(paid: Ticket, evening: Room, linus: User) -> None:
    client = Client()
    client.force_login(linus)
    opened(paid)
    assert "Your seat is kept" in client.get(paid.get_absolute_url()).content.decode()
    assert "Payment disputed" in client.get(evening.get_absolute_url()).content.decode()
    assert "Payment disputed" in client.get("/tickets/").content.decode()
    closed(paid, won=False)
    text = client.get(paid.get_absolute_url()).content.decode()
    assert "Your bank took the payment back" in text
