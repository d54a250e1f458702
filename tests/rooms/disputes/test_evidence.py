"""What rooms contributes to the answer to a dispute, from the purchase to the last second heard."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from payouts.disputes import evidence
from payouts.models import Dispute, DisputeStatus, Sale, SaleState
from rooms.models import Attendance, PurchaseRecord, Room, RoomEntry, Ticket, User, Way
from rooms.purchases import refund_policy
from rooms.purchases.context import Whereabouts
from rooms.purchases.operations import forget_addresses, record_entry
from tests.rooms.cast import NOW

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"


@pytest.fixture
def bought(evening: Room, linus: User, monkeypatch: pytest.MonkeyPatch) -> Ticket:
    """Linus pressed Buy on the room's page, which shows the refund policy, and paid."""
    monkeypatch.setattr("config.clock.now", lambda **_: NOW)
    client = Client(REMOTE_ADDR="203.0.113.7", headers={"User-Agent": BROWSER})
    client.force_login(linus)
    page = client.get(evening.get_absolute_url()).content.decode()
    version = refund_policy.in_force(NOW.date()).version
    assert f'name="refund_policy" value="{version}"' in page
    assert "Before it starts, ask the host for a refund." in page
    monkeypatch.setattr("rooms.tickets.checkout.start_checkout", lambda *, sale_id: Sale.objects.get(id=sale_id))
    assert client.post(f"{evening.get_absolute_url()}buy/", {"refund_policy": version}).status_code == 303
    Sale.objects.update(state=SaleState.PAID, paid_at=NOW + timedelta(minutes=1), charge_id="ch_1")
    return Ticket.objects.get()


def disputed(ticket: Ticket) -> Dispute:
    """A dispute of the ticket's payment, not saved."""
    return Dispute(
        id="du_1", sale=ticket.sale, charge_id="ch_1", amount_minor=1000, currency="USD", reason="fraudulent",
        status=DisputeStatus.NEEDS_RESPONSE, opened_at=NOW,
    )  # fmt: skip


def heard(room: Room, user: User, *, seconds: int, way: Way = Way.LISTEN) -> None:
    began_at = room.starts_at
    Attendance.objects.create(
        session_key=f"{user.id}", room=room, user=user, identity="x", way=way, began_at=began_at,
        last_seen_at=began_at + timedelta(seconds=seconds), ended_at=began_at + timedelta(seconds=seconds),
        end_reason="left",
    )  # fmt: skip


def test_it_tells_who_bought_what_and_that_they_listened(bought: Ticket, evening: Room, linus: User) -> None:
    record_entry(
        room_id=evening.id,
        user_id=linus.id,
        whereabouts=Whereabouts(ip="203.0.113.8", user_agent=BROWSER),
        now=evening.starts_at,
    )
    heard(evening, linus, seconds=1800)
    texts = evidence.gathered(disputed(bought))
    assert {name: texts[name] for name in ("customer_name", "customer_email_address", "customer_purchase_ip")} == {
        "customer_name": "Linus",
        "customer_email_address": "linus@obole.example",
        "customer_purchase_ip": "203.0.113.7",
    }
    assert texts["service_date"] == "2026-06-08"
    assert texts["product_description"] == (
        "Seat 1 in the live-audio room “Evening with Ada”, hosted by Ada Lovelace on 2026-06-08 12:00:00 UTC for 60 "
        f"minutes at {settings.PUBLIC_URL}{evening.get_absolute_url()}. The room is heard in the browser: nothing is "
        "shipped. The ticket admits the buyer's account alone."
    )
    log = texts["access_activity_log"]
    assert f"2026-06-01 12:00:00 UTC: pressed Buy (address 203.0.113.7, browser {BROWSER})." in log
    assert "2026-06-01 12:01:00 UTC: paid by card on Stripe's page." in log
    assert f"2026-06-08 12:00:00 UTC: entered the room (address 203.0.113.8, browser {BROWSER})." in log
    assert "In all the buyer's account was connected to the room's audio for 1800 seconds." in log
    assert texts["refund_refusal_explanation"] == (
        "The service was delivered and used: the buyer was connected to the room for 1800 seconds."
    )
    assert "Charged: 10.00 USD" in texts["uncategorized_text"]


def test_the_accepted_policy_is_quoted_word_by_word(bought: Ticket) -> None:
    texts = evidence.gathered(disputed(bought))
    policy = refund_policy.VERSIONS[0]
    assert texts["refund_policy_disclosure"] == (
        f"The buyer was shown the refund policy, version {policy.version}, beside the button that buys, and accepted "
        "it by pressing that button on 2026-06-01 12:00:00 UTC from the address 203.0.113.7. Its text:\n\n"
        + policy.text("ticket")
    )


def test_what_is_not_known_is_not_claimed(bought: Ticket, evening: Room) -> None:
    PurchaseRecord.objects.update(refund_policy="", ip=None, user_agent="")
    texts = evidence.gathered(disputed(bought))
    assert "refund_policy_disclosure" not in texts
    assert "customer_purchase_ip" not in texts
    assert "refund_refusal_explanation" not in texts  # nobody spoke, nobody heard
    heard(evening, bought.buyer, seconds=0)
    assert "connected to" not in evidence.gathered(disputed(bought))["access_activity_log"]
    heard(evening, evening.creator.user, seconds=60, way=Way.PUBLISH)
    assert (
        "its hosts spoke from 2026-06-08 12:00:00 UTC on"
        in evidence.gathered(disputed(bought))["refund_refusal_explanation"]
    )


def test_a_policy_that_never_was_counts_as_none(evening: Room, linus: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.clock.now", lambda **_: NOW)
    monkeypatch.setattr("rooms.tickets.checkout.start_checkout", lambda *, sale_id: Sale.objects.get(id=sale_id))
    client = Client()
    client.force_login(linus)
    assert client.post(f"{evening.get_absolute_url()}buy/", {"refund_policy": "1999-01"}).status_code == 303
    assert PurchaseRecord.objects.values_list("refund_policy", flat=True).get() == ""


def test_addresses_are_forgotten_in_time_and_what_was_accepted_is_not(
    bought: Ticket, evening: Room, linus: User
) -> None:
    for moment in (NOW, NOW + timedelta(minutes=5)):
        record_entry(room_id=evening.id, user_id=linus.id, whereabouts=Whereabouts(), now=moment)
    entry = RoomEntry.objects.get()
    assert (entry.first_at, entry.last_at) == (NOW, NOW + timedelta(minutes=5))
    kept = NOW + timedelta(days=settings.ADDRESSES_KEPT_DAYS)
    assert forget_addresses(now=kept) == 0
    assert forget_addresses(now=kept + timedelta(seconds=1)) == 1
    assert forget_addresses(now=kept + timedelta(minutes=6)) == 1
    record = PurchaseRecord.objects.get()
    assert (record.ip, record.user_agent, record.refund_policy) == (None, "", refund_policy.VERSIONS[0].version)
    assert not RoomEntry.objects.exists()
