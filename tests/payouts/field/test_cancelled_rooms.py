"""Cases from the field: a room cancelled with the worker dying half-way, through the sandbox, exact to the cent."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import clock
from ledger import accounts
from ledger.accounts import payable
from payouts.models import Refund, RefundState, Sale, SaleState
from rooms.models import Creator, Room, RoomCancellation, Seat, Ticket, TicketState, User
from rooms.refunds.cancelling import cancel_room, carry_on, due_cancellations
from rooms.refunds.progress import progress_of
from rooms.tickets.checkout import open_now
from rooms.tickets.operations import buy_ticket
from tests.chaos.conftest import process_environment
from tests.databases import Database
from tests.payouts.field.books import assert_all_is_booked, balance, suspense
from tests.payouts.stripe_driver import Sandbox, Workers
from tests.rooms import cast

DIES = """
import os, signal, django
django.setup()
from uuid import UUID
from config import clock
from payouts.outbox import operations as outbox
from payouts.refunds import operations
from rooms.refunds import cancelling

asked = 0
write = operations.write

def write_and_die(**about):
    global asked
    write(**about)
    asked += 1
    if asked == 2:
        os.kill(os.getpid(), signal.SIGKILL)  # inside the transaction of the second refund

operations.write = write_and_die
cancelling.carry_on(room_id=UUID("{room_id}"), now=clock.now())
"""


def _sell(room: Room, buyer: User, sandbox: Sandbox) -> Ticket:
    ticket = _hold(room, buyer)
    assert sandbox.pay(ticket.sale.checkout_url) == 303
    return ticket


def _hold(room: Room, buyer: User) -> Ticket:
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=clock.now())
    assert open_now(ticket)
    return ticket


def _room(capacity: int = 5) -> tuple[Creator, Room]:
    now, ada = clock.now(), cast.creator("Ada Lovelace")
    starts_at = now + timedelta(days=1)
    ends_at = starts_at + timedelta(hours=1)
    return ada, cast.room(ada, capacity=capacity, now=now, starts_at=starts_at, ends_at=ends_at)


def _states(room: Room) -> list[str]:
    return sorted(Ticket.objects.filter(room=room).values_list("state", flat=True))


def _cancel(room: Room, ada: Creator) -> RoomCancellation:
    return cancel_room(
        room_id=room.id, user_id=ada.user_id, reason="Ada is ill", now=clock.now(), real_now=clock.real_now()
    )


def test_room_cancelled_with_the_worker_dying_half_way(
    committed_db: Database, sandbox: Sandbox, workers: Workers, tmp_path: Path
) -> None:
    ada, room = _room()
    for name in ("Linus", "Margaret", "Grace"):
        _sell(room, cast.person(name), sandbox)
    held = _hold(room, cast.person("Alan"))
    workers.turn()
    assert _states(room) == ["held", "valid", "valid", "valid"]
    _cancel(room, ada)

    killed = subprocess.run(
        [sys.executable, "-c", DIES.format(room_id=room.id)], check=False, capture_output=True, timeout=60,
        env=process_environment(committed_db, sandbox, tmp_path),
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert Refund.objects.count() == 1  # the second was not committed
    assert _states(room) == ["ending", "valid", "valid", "valid"]
    progress = progress_of(room_id=room.id)
    assert (progress.buyers, progress.asked, progress.waiting, progress.is_over) == (3, 1, 2, False)

    assert due_cancellations(now=clock.now()) == [room.id]
    for _ in range(2):
        carry_on(room_id=room.id, now=clock.now())
        workers.turn()
    carry_on(room_id=room.id, now=clock.now())
    assert _states(room) == ["refunded", "refunded", "refunded", "released"]
    held.refresh_from_db()
    assert (held.state, held.end_reason) == (TicketState.RELEASED, "room_ended")
    assert sorted(each.amount for each in sandbox.client.v1.refunds.list({"limit": 10}).data) == [1000, 1000, 1000]
    assert set(Refund.objects.values_list("state", "reason")) == {(RefundState.POSTED, "cancelled")}
    cancellation = RoomCancellation.objects.get()
    assert cancellation.finished_at is not None
    assert not Seat.objects.filter(room=room, taken=True).exists()
    assert ada.payee_id is not None
    assert balance(payable(ada.payee_id, "pending")) == 0
    assert balance(accounts.EXPENSE_FEE_LOST_ON_REFUND) == 3 * 59
    assert sandbox.balance() == {"USD": (0, -3 * 59)}
    assert_all_is_booked(sandbox)


@pytest.mark.django_db
def test_a_payment_after_the_cancellation_goes_back_from_suspense(sandbox: Sandbox, workers: Workers) -> None:
    ada, room = _room()
    late = _hold(room, cast.person("Linus"))
    _cancel(room, ada)
    carry_on(room_id=room.id, now=clock.now())
    # The race: our word that the hold is over is committed, and the payment has just gone through.
    assert sandbox.pay(late.sale.checkout_url) == 303
    Sale.objects.filter(id=late.sale_id).update(state=SaleState.EXPIRED, expired_at=clock.now())
    Ticket.objects.filter(id=late.id).update(state=TicketState.RELEASED, released_at=clock.now())
    workers.turn()
    workers.turn()
    late.refresh_from_db()
    assert (late.state, late.sale.state) == (TicketState.RETURNED, SaleState.RETURNED)
    assert suspense() == 0
    carry_on(room_id=room.id, now=clock.now())
    assert RoomCancellation.objects.get().finished_at is not None
    assert_all_is_booked(sandbox)


@pytest.mark.django_db
def test_a_payment_that_wins_the_race_against_the_cancellation_is_refunded_like_any(
    sandbox: Sandbox, workers: Workers
) -> None:
    ada, room = _room()
    ticket = _sell(room, cast.person("Linus"), sandbox)
    _cancel(room, ada)
    carry_on(room_id=room.id, now=clock.now())  # ends the hold: Stripe was not heard of yet
    workers.turn()
    for _ in range(2):
        carry_on(room_id=room.id, now=clock.now())
        workers.turn()
    carry_on(room_id=room.id, now=clock.now())
    ticket.refresh_from_db()
    assert ticket.state == TicketState.REFUNDED
    assert RoomCancellation.objects.get().finished_at is not None
    assert_all_is_booked(sandbox)


@pytest.mark.django_db
def test_a_disputed_payment_waits_for_its_bank_and_keeps_nobody_else_waiting(
    sandbox: Sandbox, workers: Workers
) -> None:
    ada, room = _room()
    disputed = _sell(room, cast.person("Linus"), sandbox)
    _sell(room, cast.person("Margaret"), sandbox)
    workers.turn()
    disputed.sale.refresh_from_db()
    sandbox.control(f"objects/{disputed.sale.charge_id}/act", action="dispute")
    workers.turn()
    _cancel(room, ada)
    for _ in range(2):
        carry_on(room_id=room.id, now=clock.now())
        workers.turn()
    progress = progress_of(room_id=room.id)
    assert (progress.refunded, progress.disputed, progress.is_over) == (1, 1, False)
    dispute: Any = sandbox.client.v1.disputes.list().data[0]
    sandbox.control(f"objects/{dispute.id}/act", action="win")
    workers.turn()
    workers.turn()
    for _ in range(2):
        carry_on(room_id=room.id, now=clock.now())
        workers.turn()
    assert progress_of(room_id=room.id).refunded == 2
    assert_all_is_booked(sandbox)


@pytest.mark.django_db
@pytest.mark.parametrize("known", ["a refund by hand", "a dispute"])
def test_what_stripe_refuses_because_it_knew_more_is_asked_again(
    sandbox: Sandbox, workers: Workers, known: str
) -> None:
    """No news of it had come when the room was cancelled, so that all of the payment was asked back."""
    ada, room = _room()
    ticket = _sell(room, cast.person("Linus"), sandbox)
    workers.turn()
    ticket.sale.refresh_from_db()
    if known == "a dispute":
        sandbox.control(f"objects/{ticket.sale.charge_id}/act", action="dispute")
    else:
        sandbox.client.v1.refunds.create({"charge": ticket.sale.charge_id, "amount": 200})
    _cancel(room, ada)
    carry_on(room_id=room.id, now=clock.now())
    workers.call()
    assert Refund.objects.get().state == RefundState.REFUSED
    assert (progress_of(room_id=room.id).stuck, progress_of(room_id=room.id).asked) == (1, 0)
    carry_on(room_id=room.id, now=clock.now())
    assert Refund.objects.get().state == RefundState.REFUSED  # nothing is known that would make a difference
    workers.turn()
    if known == "a dispute":
        assert progress_of(room_id=room.id).disputed == 1
        sandbox.control(f"objects/{sandbox.client.v1.disputes.list().data[0].id}/act", action="win")
        workers.turn()
        workers.turn()
    for _ in range(2):
        carry_on(room_id=room.id, now=clock.now())
        workers.turn()
    ticket.refresh_from_db()
    assert (ticket.state, progress_of(room_id=room.id).refunded) == (TicketState.REFUNDED, 1)
    assert sum(each.amount for each in sandbox.client.v1.refunds.list({"limit": 10}).data) == 1000
    assert_all_is_booked(sandbox)
