"""What is sent to the bank about months: of a subscription, and given; and where a subscription was bought from."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from payouts.disputes import evidence
from payouts.models import Dispute, DisputeStatus, Sale, SaleState
from rooms.gifts.operations import claim, give
from rooms.models import Attendance, Creator, Gift, Room, Subscription, SubscriptionRecord, User, Way
from rooms.purchases import refund_policy
from rooms.purchases.context import PurchaseContext, Whereabouts
from rooms.purchases.operations import forget_addresses, record_entry
from tests.rooms.cast import NOW
from tests.rooms.subscriptions import patron

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"
VERSION = refund_policy.VERSIONS[0].version


@pytest.fixture
def subscribed(ada: Creator, linus: User, monkeypatch: pytest.MonkeyPatch) -> Subscription:
    """Linus pressed Subscribe on the plan's page, which shows the refund policy, and has paid two months."""
    plan = patron.plan(ada, now=NOW)
    monkeypatch.setattr("config.clock.now", lambda **_: NOW)
    monkeypatch.setattr("rooms.subscriptions.checkout.open_now", lambda found, **_: found)
    client = Client(REMOTE_ADDR="203.0.113.7", headers={"User-Agent": BROWSER})
    client.force_login(linus)
    assert f'name="refund_policy" value="{VERSION}"' in client.get(reverse("plan", args=[plan.id])).content.decode()
    assert client.post(reverse("subscribe", args=[plan.id]), {"refund_policy": VERSION}).status_code == 303
    made = Subscription.objects.get()
    patron.say(made, now=NOW)
    for start in (NOW, NOW + patron.MONTH):
        patron.invoice(made, now=start, period_starts_at=start, period_ends_at=start + patron.MONTH)
    return made


def disputed(sale: Sale) -> Dispute:
    """A dispute of a payment, not saved."""
    return Dispute(
        id="du_1", sale=sale, charge_id=sale.charge_id, amount_minor=sale.charge_minor, currency=sale.currency,
        reason="subscription_canceled", status=DisputeStatus.NEEDS_RESPONSE, opened_at=NOW + timedelta(days=60),
    )  # fmt: skip


def heard(room: Room, user: User, *, seconds: int) -> None:
    began_at = room.starts_at
    until = began_at + timedelta(seconds=seconds)
    Attendance.objects.create(
        session_key=f"{user.id}", room=room, user=user, identity="x", way=Way.LISTEN, began_at=began_at,
        last_seen_at=until, ended_at=until, end_reason="left",
    )  # fmt: skip


def test_a_month_tells_what_it_opened_and_what_was_heard_in_it(
    subscribed: Subscription, evening: Room, linus: User
) -> None:
    record_entry(
        room_id=evening.id, user_id=linus.id, whereabouts=Whereabouts(ip="203.0.113.8"), now=evening.starts_at
    )
    heard(evening, linus, seconds=1800)
    first, second = (evidence.gathered(disputed(sale)) for sale in Sale.objects.order_by("billing_invoice__paid_at"))
    assert first["service_date"] == "2026-06-01 to 2026-07-01"
    assert first["customer_purchase_ip"] == "203.0.113.7"
    assert (
        "One month, from 2026-06-01 to 2026-07-01, of the subscription “Gold” to Ada Lovelace"
        in (first["product_description"])
    )
    log = first["access_activity_log"]
    assert f"2026-06-01 12:00:00 UTC: pressed Subscribe (address 203.0.113.7, browser {BROWSER})." in log
    assert "charged to the card that the buyer gave for the subscription." in log
    assert "2026-06-08 12:00:00 UTC: entered the room (address 203.0.113.8)." in log
    assert "connected to Ada Lovelace's rooms for 1800 seconds." in log
    assert "in the month that was charged" in first["refund_refusal_explanation"]
    assert "Since 2026-06-01 12:00:00 UTC: 1 earlier month paid" in second["access_activity_log"]
    assert "connected to" not in second["access_activity_log"]  # heard nothing in that month, which is not told
    assert "refund_refusal_explanation" not in second


def test_it_quotes_what_was_accepted_and_says_whether_it_was_cancelled(subscribed: Subscription) -> None:
    sale = Sale.objects.latest("billing_invoice__paid_at")
    texts = evidence.gathered(disputed(sale))
    assert refund_policy.VERSIONS[0].text("subscription") in texts["refund_policy_disclosure"]
    assert "Cancel at any time" in texts["cancellation_policy_disclosure"]
    assert f"{settings.PUBLIC_URL}{subscribed.get_absolute_url()}" in texts["cancellation_policy_disclosure"]
    assert texts["cancellation_rebuttal"].endswith("the subscriber had not cancelled.")
    patron.say(subscribed, now=NOW, ends_at=NOW + 2 * patron.MONTH)
    SubscriptionRecord.objects.update(refund_policy="")
    texts = evidence.gathered(disputed(sale))
    for name in ("cancellation_rebuttal", "cancellation_policy_disclosure", "refund_policy_disclosure"):
        assert name not in texts


def test_where_a_subscription_was_bought_is_kept_while_it_runs(subscribed: Subscription) -> None:
    late = NOW + timedelta(days=settings.ADDRESSES_KEPT_DAYS + 1)
    Subscription.objects.update(access_until=late)
    assert forget_addresses(now=late) == 0
    Subscription.objects.update(access_until=NOW + timedelta(hours=1))
    assert forget_addresses(now=late) == 1
    record = SubscriptionRecord.objects.get()
    assert (record.ip, record.user_agent, record.refund_policy) == (None, "", VERSION)


def test_a_gift_tells_that_it_was_claimed_and_not_by_whom(
    ada: Creator, evening: Room, linus: User, grace: Creator
) -> None:
    gift = give(
        plan_id=patron.plan(ada, now=NOW).id, giver_id=linus.id, months=3, recipient_email="friend@example.org",
        context=PurchaseContext(whereabouts=Whereabouts(ip="203.0.113.7"), refund_policy=VERSION), now=NOW,
    )  # fmt: skip
    Sale.objects.update(state=SaleState.PAID, paid_at=NOW, charge_id="ch_1")
    Gift.objects.update(paid_at=NOW)
    before = evidence.gathered(disputed(Sale.objects.get()))
    assert "A gift of 3 months of the subscription “Gold” to Ada Lovelace" in before["product_description"]
    assert "refund_refusal_explanation" not in before
    claim(token=gift.token, user_id=grace.user_id, now=NOW)
    unheard = evidence.gathered(disputed(Sale.objects.get()))
    assert unheard["refund_refusal_explanation"] == "The gift was claimed on 2026-06-01 12:00:00 UTC."
    assert "seconds" not in unheard["access_activity_log"]
    heard(evening, grace.user, seconds=600)
    texts = evidence.gathered(disputed(Sale.objects.get()))
    assert texts["service_date"] == "2026-06-01 to 2026-09-01"
    assert texts["customer_purchase_ip"] == "203.0.113.7"
    assert "whoever claimed it was connected to Ada Lovelace's rooms for 600 seconds." in texts["access_activity_log"]
    assert "The gift was claimed on 2026-06-01 12:00:00 UTC" in texts["refund_refusal_explanation"]
    assert "refunded in full until it begins" in texts["refund_policy_disclosure"]
    assert not any(grace.user.email in text or "Grace" in text for text in texts.values())
