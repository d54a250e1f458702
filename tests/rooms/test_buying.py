"""Holding a seat and opening the sale that pays for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from payouts import handlers
from payouts.models import Payee, Sale, SaleShare, SaleState, StripeCall, TransfersState
from rooms.errors import OwnRoomError, PayeeNotReadyError, RoomsError, SalesClosedError, SoldOutError
from rooms.models import CoHost, Creator, Room, Seat, Ticket, TicketState, User
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW


def test_it_holds_the_first_free_seat_and_opens_its_sale(evening: Room, linus: User) -> None:
    made = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    ticket = Ticket.objects.select_related("seat", "sale").get()
    assert ticket == made
    assert (ticket.state, ticket.seat.number, ticket.seat.taken) == (TicketState.HELD, 1, True)
    assert (ticket.held_at, ticket.held_until) == (NOW, NOW + timedelta(minutes=15))
    sale = ticket.sale
    assert (sale.state, sale.product, sale.subject) == (SaleState.OPEN, "ticket", f"ticket:{ticket.id}")
    assert (sale.price_minor, sale.charge_minor, sale.currency) == (1000, 1000, "USD")
    assert (sale.policy_slug, sale.buyer_id, sale.buyer_email) == ("obole-standard", linus.id, "linus@obole.example")
    assert sale.hold_until == evening.ends_at + timedelta(days=2)
    assert list(SaleShare.objects.values_list("payee_id", "weight")) == [(evening.creator.payee_id, 1)]
    assert StripeCall.objects.count() == 1


def test_it_gives_the_same_ticket_for_a_second_press(evening: Room, linus: User) -> None:
    first = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    again = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW + timedelta(minutes=1))

    assert again == first
    assert Sale.objects.count() == StripeCall.objects.count() == Ticket.objects.count() == 1
    assert Seat.objects.filter(taken=True).count() == 1


def test_it_shares_with_the_cohosts_who_accepted(ada: Creator, grace: Creator, linus: User) -> None:
    kay = cast.creator("Kay")
    specs = [CoHostSpec(creator_id=kay.id, weight=5), CoHostSpec(creator_id=grace.id, weight=2)]
    room = cast.room(ada, cohosts=specs, host_weight=3)
    accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW)

    buy_ticket(room_id=room.id, buyer_id=linus.id, now=NOW)

    shares = SaleShare.objects.order_by("position").values_list("payee_id", "weight")
    assert list(shares) == [(ada.payee_id, 3), (grace.payee_id, 2)]


def test_it_refuses_when_every_seat_is_held(ada: Creator, linus: User) -> None:
    room = cast.room(ada, capacity=1)
    buy_ticket(room_id=room.id, buyer_id=cast.person("Margaret").id, now=NOW)

    with pytest.raises(SoldOutError) as refused:
        buy_ticket(room_id=room.id, buyer_id=linus.id, now=NOW)

    assert refused.value.room_id == room.id
    assert Ticket.objects.filter(buyer=linus).count() == 0
    assert Sale.objects.count() == StripeCall.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "cancelled"),
    [({"cancelled_at": NOW}, True), ({"ends_at": NOW, "starts_at": NOW - timedelta(hours=1)}, False)],
)
def test_it_sells_nothing_for_a_room_that_is_cancelled_or_over(
    evening: Room, linus: User, change: dict[str, Any], *, cancelled: bool
) -> None:
    Room.objects.filter(id=evening.id).update(**change)

    with pytest.raises(SalesClosedError) as refused:
        buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    assert (refused.value.cancelled, refused.value.since) == (cancelled, NOW)
    _nothing_was_sold()


def test_it_sells_while_the_room_is_live(evening: Room, linus: User) -> None:
    half_way = evening.starts_at + timedelta(minutes=30)

    assert buy_ticket(room_id=evening.id, buyer_id=linus.id, now=half_way).state == TicketState.HELD


def test_it_sells_nobody_a_ticket_for_their_own_room(ada: Creator, grace: Creator) -> None:
    room = cast.room(ada, cohosts=[CoHostSpec(creator_id=grace.id)])
    CoHost.objects.update(accepted_at=NOW)

    for creator in (ada, grace):
        with pytest.raises(OwnRoomError):
            buy_ticket(room_id=room.id, buyer_id=creator.user_id, now=NOW)

    _nothing_was_sold()


def test_it_sells_nothing_while_somebody_on_stage_has_no_account(ada: Creator, linus: User) -> None:
    grace = cast.creator("Grace Hopper", can_be_paid=False)
    room = cast.room(ada, cohosts=[CoHostSpec(creator_id=grace.id)])
    CoHost.objects.update(accepted_at=NOW)

    with pytest.raises(PayeeNotReadyError, match="set up in the studio") as refused:
        buy_ticket(room_id=room.id, buyer_id=linus.id, now=NOW)

    assert refused.value.names == ["Grace Hopper"]
    _nothing_was_sold()


@pytest.mark.parametrize("state", [TransfersState.PENDING, TransfersState.RESTRICTED, TransfersState.NONE])
def test_it_sells_nothing_while_the_host_cannot_be_paid(evening: Room, linus: User, state: TransfersState) -> None:
    Payee.objects.update(transfers_state=state)

    with pytest.raises(PayeeNotReadyError) as refused:
        buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    assert refused.value.names == ["Ada Lovelace"]
    _nothing_was_sold()


def test_the_database_lets_one_seat_have_one_active_ticket(evening: Room, linus: User) -> None:
    taken = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    other = buy_ticket(room_id=evening.id, buyer_id=cast.person("Margaret").id, now=NOW)

    with pytest.raises(IntegrityError, match="ticket_one_active_per_seat"), transaction.atomic():
        Ticket.objects.filter(id=other.id).update(seat=taken.seat)


def test_the_database_lets_one_buyer_have_one_active_ticket_a_room(evening: Room, linus: User) -> None:
    buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    other = buy_ticket(room_id=evening.id, buyer_id=cast.person("Margaret").id, now=NOW)

    with pytest.raises(IntegrityError, match="ticket_one_active_per_buyer_and_room"), transaction.atomic():
        Ticket.objects.filter(id=other.id).update(buyer=linus)


def test_every_refusal_names_a_code(evening: Room, linus: User) -> None:
    Room.objects.update(cancelled_at=NOW)

    with pytest.raises(RoomsError) as refused:
        buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    assert refused.value.code == "sales-closed"


def test_a_buyer_comes_back_after_the_seat_was_given_up(evening: Room, linus: User) -> None:
    first = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    handlers.tell("sale.expired", sale_id=first.sale_id, now=NOW)

    second = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)

    assert second != first
    assert (second.seat_id, second.state) == (first.seat_id, TicketState.HELD)


def _nothing_was_sold() -> None:
    assert not Ticket.objects.exists()
    assert not Sale.objects.exists()
    assert not StripeCall.objects.exists()
    assert not Seat.objects.filter(taken=True).exists()
