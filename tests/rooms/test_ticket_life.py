"""What becomes of a held seat: paid for, given back, run out, paid for too late."""

from datetime import timedelta
from uuid import uuid4

import pytest

from config import clock
from payouts import handlers
from payouts.models import Sale, SaleState
from rooms import tasks
from rooms.errors import NotCancellableError, TicketNotFoundError
from rooms.models import EndReason, Room, Ticket, TicketState, User
from rooms.tickets.operations import buy_ticket, cancel_ticket, end_seat_holds
from tests.rooms import cast
from tests.rooms.cast import NOW

LATER = NOW + timedelta(minutes=3)
AFTER_THE_HOLD = NOW + timedelta(minutes=15)


@pytest.fixture
def held(evening: Room, linus: User) -> Ticket:
    """Linus holds seat 1, and Stripe has made his card page."""
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    _make_card_page(ticket)
    return ticket


def _make_card_page(ticket: Ticket) -> None:
    Sale.objects.filter(id=ticket.sale_id).update(
        checkout_session_id=f"cs_test_{ticket.id}", checkout_url="https://checkout.example/1"
    )


def test_a_payment_makes_it_valid_at_once(held: Ticket) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=LATER)
    handlers.tell("sale.paid", sale_id=held.sale_id, now=LATER + timedelta(hours=1))

    held.refresh_from_db()
    assert (held.state, held.paid_at, held.seat.taken) == (TicketState.VALID, LATER, True)


def test_the_buyer_gives_the_seat_back_and_it_is_free_once_stripe_confirmed(held: Ticket, linus: User) -> None:
    cancel_ticket(ticket_id=held.id, buyer_id=linus.id, now=LATER)

    held.refresh_from_db()
    assert (held.state, held.end_reason, held.ending_at) == (TicketState.ENDING, EndReason.CANCELLED, LATER)
    assert held.seat.taken
    assert Sale.objects.get().state == SaleState.EXPIRING

    handlers.tell("sale.expired", sale_id=held.sale_id, now=LATER)

    held = Ticket.objects.select_related("seat").get()
    assert (held.state, held.end_reason, held.released_at) == (TicketState.RELEASED, EndReason.CANCELLED, LATER)
    assert not held.seat.taken


def test_a_seat_whose_card_page_was_never_asked_for_is_free_at_once(evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    told = cancel_ticket(ticket_id=ticket.id, buyer_id=linus.id, now=LATER)

    stored = Ticket.objects.select_related("seat", "sale").get()
    assert told.state == stored.state == TicketState.RELEASED
    assert (stored.end_reason, stored.released_at, stored.seat.taken) == (EndReason.CANCELLED, LATER, False)
    assert stored.sale.state == SaleState.EXPIRED


def test_giving_back_twice_is_giving_back_once(held: Ticket, linus: User) -> None:
    cancel_ticket(ticket_id=held.id, buyer_id=linus.id, now=LATER)
    cancel_ticket(ticket_id=held.id, buyer_id=linus.id, now=LATER + timedelta(minutes=1))

    held.refresh_from_db()
    assert held.ending_at == LATER


def test_a_payment_that_wins_against_the_end_of_the_hold_keeps_the_seat(held: Ticket, linus: User) -> None:
    cancel_ticket(ticket_id=held.id, buyer_id=linus.id, now=LATER)

    handlers.tell("sale.paid", sale_id=held.sale_id, now=LATER)
    handlers.tell("sale.expired", sale_id=held.sale_id, now=LATER)

    held = Ticket.objects.select_related("seat").get()
    assert (held.state, held.paid_at, held.end_reason, held.seat.taken) == (TicketState.VALID, LATER, "", True)


def test_nobody_gives_back_a_paid_ticket_with_a_button(held: Ticket, linus: User) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=LATER)

    with pytest.raises(NotCancellableError) as refused:
        cancel_ticket(ticket_id=held.id, buyer_id=linus.id, now=LATER)

    held.refresh_from_db()
    assert (refused.value.state, held.state) == ("paid", TicketState.VALID)
    assert Sale.objects.get().state == SaleState.OPEN


def test_nobody_gives_back_the_ticket_of_somebody_else(held: Ticket) -> None:
    margaret = cast.person("Margaret")

    for ticket_id in (held.id, uuid4()):
        with pytest.raises(TicketNotFoundError):
            cancel_ticket(ticket_id=ticket_id, buyer_id=margaret.id, now=LATER)

    held.refresh_from_db()
    assert held.state == TicketState.HELD


def test_holds_that_ran_out_end_and_others_stay(held: Ticket, evening: Room) -> None:
    younger = buy_ticket(room_id=evening.id, buyer_id=cast.person("Margaret").id, now=LATER)
    _make_card_page(younger)

    assert end_seat_holds(now=AFTER_THE_HOLD - timedelta(seconds=1)) == []
    assert end_seat_holds(now=AFTER_THE_HOLD) == [held.id]
    assert end_seat_holds(now=AFTER_THE_HOLD) == []

    held = Ticket.objects.select_related("seat").get(id=held.id)
    assert (held.state, held.end_reason) == (TicketState.ENDING, EndReason.HOLD_ENDED)
    assert (held.ending_at, held.seat.taken) == (AFTER_THE_HOLD, True)
    younger.refresh_from_db()
    assert younger.state == TicketState.HELD


def test_the_job_ends_holds_by_the_clock_and_takes_arguments_of_later_versions(held: Ticket) -> None:
    Ticket.objects.update(held_until=clock.now())

    tasks.end_seat_holds(from_a_later_version=True)

    held.refresh_from_db()
    assert (held.state, held.end_reason) == (TicketState.ENDING, EndReason.HOLD_ENDED)


def test_a_session_that_stripe_ended_by_itself_frees_the_seat(held: Ticket) -> None:
    handlers.tell("sale.expired", sale_id=held.sale_id, now=LATER)
    handlers.tell("sale.expired", sale_id=held.sale_id, now=LATER + timedelta(hours=1))

    held = Ticket.objects.select_related("seat").get()
    assert (held.state, held.end_reason, held.released_at) == (TicketState.RELEASED, EndReason.HOLD_ENDED, LATER)
    assert not held.seat.taken


def test_a_payment_that_comes_too_late_is_told_as_such(held: Ticket) -> None:
    handlers.tell("sale.expired", sale_id=held.sale_id, now=AFTER_THE_HOLD)
    handlers.tell("sale.late", sale_id=held.sale_id, now=AFTER_THE_HOLD)

    held = Ticket.objects.select_related("seat").get()
    assert (held.state, held.paid_at, held.seat.taken) == (TicketState.LATE, AFTER_THE_HOLD, False)


def test_it_leaves_sales_of_other_things_alone(held: Ticket) -> None:
    for name in ("sale.paid", "sale.expired", "sale.late"):
        handlers.tell(name, sale_id=uuid4(), now=LATER)

    held.refresh_from_db()
    assert held.state == TicketState.HELD
