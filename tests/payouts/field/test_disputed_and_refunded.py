"""A dispute and a refund of one payment, whose news come in any order: who may come in follows the money."""

from datetime import timedelta

import pytest

from config import clock
from payouts.models import Payee, Refund, RefundState, Sale
from rooms.gifts.operations import give
from rooms.models import CancelledBecause, Creator, Gift, Room, RoomCancellation, Seat, TicketState
from rooms.purchases.checkout import go_on
from rooms.refunds.cancelling import call_off, carry_on
from rooms.subscriptions.plans import open_plan
from rooms.tickets.operations import buy_ticket
from tests.payouts.disputes.court import Court
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.stripe_driver import Sandbox, Workers
from tests.rooms import cast

MADE = ("refund.created", "charge.refunded")


@pytest.fixture
def host(ada: Payee) -> Creator:
    """Ada, as a host who can be paid."""
    made = cast.creator("Ada Lovelace", can_be_paid=False)
    made.payee = ada
    made.save(update_fields=["payee"])
    return made


@pytest.fixture
def gift(host: Creator, sandbox: Sandbox, workers: Workers) -> Gift:
    """Three months of Ada's that Margaret paid for."""
    plan = open_plan(
        creator_id=host.id, name="Gold", perks="", price_minor=499, currency="USD", trial_days=0, now=clock.now()
    )
    workers.call()
    giver = cast.person("Margaret")
    made = give(plan_id=plan.id, giver_id=giver.id, months=3, recipient_email="l@obole.example", now=clock.now())
    _paid(go_on(made.sale), sandbox, workers)
    made.refresh_from_db()
    return made


def _paid(sale: Sale, sandbox: Sandbox, workers: Workers) -> None:
    assert sandbox.pay(sale.checkout_url) == 303
    workers.turn()
    sale.refresh_from_db()


def _won_then_refunded(sale: Sale, court: Court) -> None:
    """Won and then given back whole in the dashboard; the refund is heard of first."""
    court.decide(court.dispute(sale).id, "win")
    court.sandbox.client.v1.refunds.create({"charge": sale.charge_id})
    court.workers.hear(*MADE)
    assert Refund.objects.get().state == RefundState.MADE
    court.workers.turn()


def test_a_ticket_whose_refund_is_heard_of_before_its_dispute_was_won(
    host: Creator, court: Court, sandbox: Sandbox, workers: Workers
) -> None:
    room = _room(host)
    ticket = buy_ticket(room_id=room.id, buyer_id=cast.person("Grete").id, now=clock.now())
    _paid(go_on(ticket.sale), sandbox, workers)
    ticket.sale.refresh_from_db()
    _won_then_refunded(ticket.sale, court)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.refunded_at is None) == (TicketState.REFUNDED, False)
    assert not Seat.objects.filter(room=room, taken=True).exists()
    assert_all_is_booked(sandbox)


def test_a_cancelled_room_ends_though_what_was_won_of_a_ticket_had_gone_back(
    host: Creator, court: Court, sandbox: Sandbox, workers: Workers
) -> None:
    room = _room(host)
    ticket = buy_ticket(room_id=room.id, buyer_id=cast.person("Grete").id, now=clock.now())
    _paid(go_on(ticket.sale), sandbox, workers)
    ticket.sale.refresh_from_db()
    court.decide(court.dispute(ticket.sale).id, "win", amount=700)
    sandbox.client.v1.refunds.create({"charge": ticket.sale.charge_id, "amount": 700})
    workers.hear(*MADE)
    workers.turn()  # 300 are lost: nothing is left
    ticket.refresh_from_db()
    assert ticket.state == TicketState.REFUNDED
    call_off(room, because=CancelledBecause.HOST, asked_by_id=host.user_id, now=clock.now())
    carry_on(room_id=room.id, now=clock.now())
    assert RoomCancellation.objects.get().finished_at is not None
    assert_all_is_booked(sandbox)


def test_a_gift_whose_refund_is_heard_of_before_its_dispute_was_won(gift: Gift, court: Court) -> None:
    _won_then_refunded(gift.sale, court)
    gift.refresh_from_db()
    assert gift.cut_off_at is not None
    assert_all_is_booked(court.sandbox)


def test_a_gift_whose_bank_took_the_rest_stays_shut_when_a_refund_of_a_part_fails(gift: Gift, court: Court) -> None:
    part = court.sandbox.client.v1.refunds.create({"charge": gift.sale.charge_id, "amount": 500})
    court.workers.turn()
    court.end(court.dispute(gift.sale), "lose")
    court.sandbox.control(f"objects/{part.id}/act", action="fail")
    court.workers.turn()
    assert Refund.objects.get().state == RefundState.FAILED
    gift.refresh_from_db()
    assert gift.cut_off_at is not None
    assert_all_is_booked(court.sandbox)


def _room(host: Creator) -> Room:
    now = clock.now()
    return cast.room(host, now=now, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=9, hours=1))
