"""Many buyers at once, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import psycopg
from django.db import connection, connections

from payouts.models import Sale, StripeCall
from rooms.errors import SoldOutError
from rooms.models import IdempotentRequest, Seat, Ticket, TicketState
from rooms.tickets.idempotency import buy_ticket_once
from rooms.tickets.operations import buy_ticket, cancel_ticket, end_seat_holds
from tests.databases import Database
from tests.rooms import cast
from tests.rooms.cast import NOW


def _buy_all_at_once(room_id: UUID, buyers: list[UUID]) -> list[UUID | None]:
    """Ticket ids, None for who was told that the room is sold out."""
    start = Barrier(len(buyers))

    def buy(buyer_id: UUID) -> UUID | None:
        try:
            start.wait()
            return buy_ticket(room_id=room_id, buyer_id=buyer_id, now=NOW).id
        except SoldOutError:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(buyers)) as pool:
        return list(pool.map(buy, buyers))


def test_two_buyers_for_the_last_seat_end_in_one_ticket(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=1)
    buyers = [cast.person(name).id for name in ("Linus", "Margaret")]

    tickets = _buy_all_at_once(room.id, buyers)

    assert tickets.count(None) == 1
    assert Ticket.objects.count() == Sale.objects.count() == StripeCall.objects.count() == 1
    assert Seat.objects.get().taken


def test_fifty_buyers_for_ten_seats_end_in_exactly_ten(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=10)
    buyers = [cast.person(f"buyer{number}").id for number in range(50)]

    tickets = _buy_all_at_once(room.id, buyers)

    assert tickets.count(None) == 40
    assert Ticket.objects.count() == Sale.objects.count() == StripeCall.objects.count() == 10
    assert set(Ticket.objects.values_list("seat__number", flat=True)) == set(range(1, 11))
    assert Seat.objects.filter(taken=True).count() == 10


def test_one_buyer_who_presses_many_times_holds_one_seat(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=10)
    linus = cast.person("Linus").id

    tickets = _buy_all_at_once(room.id, [linus] * 8)

    assert len(set(tickets)) == 1
    assert Ticket.objects.count() == Sale.objects.count() == 1
    assert Seat.objects.filter(taken=True).count() == 1


def test_one_key_sent_twice_at_once_buys_once(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=10)
    linus = cast.person("Linus").id
    start = Barrier(4)

    def buy(_: int) -> tuple[UUID, bool]:
        start.wait()
        try:
            done, replayed = buy_ticket_once(
                user_id=linus, room_id=room.id, key="one", request_sha256="0" * 64, now=NOW, real_now=NOW
            )
            return done.object_id, replayed
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(buy, range(4)))

    assert len({ticket_id for ticket_id, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False, True, True, True]
    assert IdempotentRequest.objects.count() == Ticket.objects.count() == Sale.objects.count() == 1


def test_a_hold_that_cannot_be_ended_keeps_no_other_seat_waiting(committed_db: Database) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=2)
    stuck, other = (
        buy_ticket(room_id=room.id, buyer_id=cast.person(name).id, now=NOW) for name in ("Linus", "Margaret")
    )
    with psycopg.connect(committed_db.url) as somebody, connection.cursor() as cursor:
        somebody.execute("SELECT 1 FROM payouts_sale WHERE id = %s FOR UPDATE", [stuck.sale_id])
        cursor.execute("SET lock_timeout = '50ms'")

        ended = end_seat_holds(now=NOW + timedelta(minutes=15))

    assert ended == [other.id]
    stuck.refresh_from_db()
    assert stuck.state == TicketState.HELD
    assert end_seat_holds(now=NOW + timedelta(minutes=15)) == [stuck.id]


def test_a_hold_ends_once_when_the_buyer_and_the_clock_end_it_together(committed_db: None) -> None:
    room = cast.room(cast.creator("Ada Lovelace"), capacity=1)
    linus = cast.person("Linus").id
    ticket = buy_ticket(room_id=room.id, buyer_id=linus, now=NOW)
    Sale.objects.update(checkout_session_id="cs_test_1", checkout_url="https://checkout.example/1")
    late = NOW + timedelta(minutes=15)
    start = Barrier(2)

    def cancel() -> None:
        start.wait()
        cancel_ticket(ticket_id=ticket.id, buyer_id=linus, now=late)
        connections.close_all()

    def sweep() -> None:
        start.wait()
        end_seat_holds(now=late)
        connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(cancel), pool.submit(sweep)]:
            done.result()

    ticket.refresh_from_db()
    assert ticket.state == TicketState.ENDING
    assert StripeCall.objects.filter(operation="checkout_session.expire").count() == 1
