"""What refunds do to tickets, seats, sound and the buyer's pages."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from rest_framework.test import APIClient

from config import clock
from payouts.models import Refund, RefundState, Sale
from payouts.refunds.queries import stuck_refunds
from payouts.refunds.standing import RefundStanding
from rooms.events.hints import stream_key
from rooms.live import grants, stream
from rooms.models import Creator, Mail, Room, Ticket, TicketState, User
from rooms.purchases.history import line_of
from rooms.relay.control import STREAM, Revoke, decode
from rooms.tickets.operations import buy_ticket
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import refund_posted, stripe_says

Buy = Callable[[User], Ticket]


@pytest.fixture
def sale(buy: Buy, linus: User) -> Sale:
    """Linus has a seat."""
    return buy(linus).sale


def page(user: User, ticket: Ticket, part: str = "") -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(f"{ticket.get_absolute_url()}{part}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_all_of_it_back_ends_the_ticket_and_frees_its_seat(
    sale: Sale, room: Room, linus: User, valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        stripe_says(sale, 1000)
    Refund.objects.update(sent_at=clock.now())
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.refunded_at, ticket.seat.taken) == (TicketState.REFUNDED, NOW, False)
    assert valkey.xlen(stream_key(linus.id)) == 1
    shown = page(linus, ticket)
    assert "Your money is on its way back" in shown
    assert "re_1" in shown
    assert "What went back" in page(linus, ticket, "receipt/")
    letter = Mail.objects.get()
    assert (letter.kind, letter.to_address, letter.person_id) == ("refund", linus.email, linus.id)
    assert "$10.00" in letter.subject
    assert ticket.get_absolute_url() in letter.text
    again = buy_ticket(room_id=room.id, buyer_id=linus.id, now=NOW)
    assert (again.id != ticket.id, again.seat_id) == (True, ticket.seat_id)
    stripe_says(sale, 1000)  # told again
    assert Mail.objects.count() == 1
    again.seat.refresh_from_db()
    assert again.seat.taken


def test_a_part_of_it_back_changes_nothing_but_the_pages(sale: Sale, linus: User) -> None:
    stripe_says(sale, 400)
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.seat.taken) == (TicketState.VALID, True)
    shown = page(linus, ticket)
    assert "You&#x27;re in" in shown or "You're in" in shown
    assert "$4.00" in shown
    assert "$4.00" in page(linus, ticket, "receipt/")
    stripe_says(sale, 600, refund_id="re_2")
    assert Ticket.objects.get().state == TicketState.REFUNDED


def test_everybody_reads_the_same_of_where_the_money_is(sale: Sale, linus: User, ada: Creator) -> None:
    now = clock.now()
    host, ticket = APIClient(), Ticket.objects.get()
    host.force_login(ada.user)

    def shown() -> tuple[str, str, str]:
        """To the buyer on the ticket and in the list, and to the host by API."""
        told = host.get(f"/api/v1/sales/{sale.id}/refunds/").json()[0]["standing"]
        studio = " ".join(strip_tags(host.get(f"/studio/sales/{sale.id}/").content.decode()).split())
        label = RefundStanding(told).label
        assert label in studio or told in {"pending", "action"}
        mine = " ".join(strip_tags(page(linus, ticket)).split())
        start = mine.index("$10.00") + len("$10.00 ")
        sales = Sale.objects.prefetch_related("refunds", "disputes")
        return mine[start : start + 22], line_of(sales.get(id=sale.id), now=clock.now()).standing, told

    stripe_says(sale, 1000, status="pending", now=now)
    assert shown() == ("being sent to your car", "returning", "pending")
    stripe_says(sale, 1000, status="requires_action", now=now)
    assert shown() == ("wait for you: Stripe h", "returning", "action")
    stripe_says(sale, 1000, now=now)
    assert shown() == ("on the way to your car", "returning", "sent")
    stripe_says(sale, 1000, status="pending", now=now)  # of before, told late
    assert shown()[2] == "sent"
    refund = refund_posted(sale, 1000)
    assert (refund.state, refund.sent_at) == (RefundState.POSTED, now)
    Refund.objects.update(sent_at=now - timedelta(days=10))
    assert shown() == ("given back on " + f"{now - timedelta(days=10):%-d %b %Y}"[:8], "refunded", "given_back")
    assert "Your money was given back" in page(linus, ticket)
    stripe_says(sale, 1000, failure="The refund failed: expired card", now=now)
    assert host.get(f"/api/v1/sales/{sale.id}/refunds/").json()[0]["standing"] == "failed"
    assert RefundStanding.FAILED.label in host.get(f"/studio/sales/{sale.id}/").content.decode()


def test_a_refund_that_fails_keeps_the_seat_free_and_says_that_finance_sees_to_it(sale: Sale, linus: User) -> None:
    stripe_says(sale, 1000)
    stripe_says(sale, 1000, failure="The refund failed: expired or canceled card")
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.seat.taken) == (TicketState.REFUNDED, False)
    assert "Your refund did not go through" in page(linus, ticket)
    assert [mail.kind for mail in Mail.objects.order_by("written_at", "kind")] == ["refund", "refund-failed"]
    assert stuck_refunds().get().refund_id == "re_1"
    stripe_says(sale, 1000, refund_id="re_2", now=clock.now())
    assert "Your money is on its way back" in page(linus, ticket)
    assert not stuck_refunds().exists()
    assert Mail.objects.count() == 3


@pytest.fixture
def _relay(settings: Settings) -> Iterator[None]:
    settings.RELAY_URL = "https://relay.example"
    settings.RELAY_GRANT_KEY = "tests-only-grant-key-0b01e-0b01e-0b01e"
    stream.client.cache_clear()
    yield
    stream.client.cache_clear()


@pytest.mark.usefixtures("_relay")
def test_the_relay_is_told_to_silence_the_ticket_within_the_commit(
    sale: Sale, room: Room, valkey: redis.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    Room.objects.filter(id=room.id).update(starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    room.refresh_from_db()
    grants.grant(room=room, user=sale.ticket.buyer, now=NOW, real_now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        stripe_says(sale, 1000)
    entries = valkey.xrange(STREAM)
    told = [decode({k.decode(): v.decode() for k, v in fields.items()}) for _, fields in entries]  # type: ignore[union-attr]
    assert [message.identity for message in told if isinstance(message, Revoke)] == [
        f"ticket:{Ticket.objects.get().id}"
    ]
