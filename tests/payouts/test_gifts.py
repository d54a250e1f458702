"""Gift subscriptions: paid once, claimed once, split and posted like any other sale."""

from html import unescape
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse

from config import clock
from payouts.models import Refund, RefundReason, Sale, SaleState
from payouts.refunds.operations import ask_refund
from rooms.errors import AlreadySubscribedError, GiftNotClaimableError, OwnPlanError
from rooms.gifts.operations import claim, give, months_after
from rooms.models import Creator, Gift, Plan, User
from rooms.subscriptions import queries
from rooms.subscriptions.plans import open_plan
from rooms.tasks import sweep_mail
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.subscriptions import patron


@pytest.fixture
def ada(db: None, sandbox: Sandbox) -> Creator:
    """Ada sells months."""
    return cast.creator("Ada Lovelace")


@pytest.fixture
def gold(ada: Creator, workers: Workers) -> Plan:
    """4.99 a month."""
    plan = open_plan(
        creator_id=ada.id, name="Gold", perks="", price_minor=499, currency="USD", trial_days=0, now=clock.now()
    )
    workers.call()
    return plan


@pytest.fixture
def giver(db: None) -> Client:
    """Margaret is signed in."""
    client = Client()
    client.force_login(cast.person("Margaret"))
    return client


def _form(giver: Client, plan: Plan, **changes: Any) -> Any:
    page = giver.get(reverse("gift-new", args=[plan.id]))
    key = page.context["form"]["key"].value()
    data = {"key": str(key), "months": "3", "recipient_email": "Linus@Obole.example", "message": "Listen!"}
    return giver.post(reverse("gift-new", args=[plan.id]), data | changes)


def _bought(giver: Client, plan: Plan, sandbox: Sandbox, workers: Workers) -> Gift:
    assert sandbox.pay(_form(giver, plan)["Location"]) == 303
    workers.turn()
    gift: Gift = Gift.objects.get()
    return gift


def test_three_months_are_one_sale_and_open_the_rooms_once_claimed(
    giver: Client, gold: Plan, ada: Creator, sandbox: Sandbox, workers: Workers
) -> None:
    page = unescape(giver.get(reverse("gift-preview", args=[gold.id]), {"months": "12"}).content.decode())
    assert "Of $59.88" in page
    gift = _bought(giver, gold, sandbox, workers)
    sale = Sale.objects.get()
    assert (sale.product, sale.state, sale.charge_minor) == ("gift", SaleState.POSTED, 1497)
    assert entries_of(sale.ledger_subject, ada=ada.payee_id) == [
        ("sale", "stripe:pending", 1497),
        ("sale", "payable:ada:pending", -1379),
        ("sale", "revenue:platform_fee:gift", -45),
        ("sale", "revenue:processing_recovered", -73),
        ("sale", "expense:processing", 73),
        ("sale", "stripe:pending", -73),
    ]
    assert sandbox.balance()["USD"] == ledger_of_stripe()

    sweep_mail()
    link, receipt = sorted(outbox.outbox, key=lambda each: each.to[0])
    assert (link.to, receipt.to) == (["linus@obole.example"], ["margaret@obole.example"])
    assert gift.claim_path in link.body
    assert "Listen!" in link.body
    assert gift.recipient_email in giver.get(gift.get_absolute_url()).content.decode()

    linus, client = cast.person("Linus"), Client()
    assert "Margaret gives you 3 months" in client.get(gift.claim_path).content.decode()
    assert client.post(gift.claim_path)["Location"].startswith("/accounts/login/")
    client.force_login(linus)
    assert client.post(gift.claim_path).status_code == 302
    gift.refresh_from_db()
    assert gift.starts_at is not None
    assert gift.ends_at == months_after(gift.starts_at, 3)
    assert queries.grants_access(user_id=linus.id, creator_id=ada.id, now=clock.now())
    assert not queries.grants_access(user_id=linus.id, creator_id=ada.id, now=gift.ends_at)
    assert "Gifts to you" in client.get(reverse("subscriptions")).content.decode()
    assert "This gift is yours" in client.get(gift.claim_path).content.decode()

    other = Client()
    other.force_login(cast.person("Grete"))
    answer = other.post(gift.claim_path)
    assert answer.status_code == 409
    assert "claimed already" in answer.content.decode()
    assert Gift.objects.get().claimed_by == linus


def test_two_taps_are_one_gift_and_bad_fields_are_named(giver: Client, gold: Plan) -> None:
    page = giver.get(reverse("gift-new", args=[gold.id]))
    data = {"key": str(page.context["form"]["key"].value()), "months": "1", "recipient_email": "l@obole.example"}
    answers = [giver.post(reverse("gift-new", args=[gold.id]), data)["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    refused = _form(giver, gold, months="2", recipient_email="nobody")
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"months", "recipient_email"}
    assert Gift.objects.count() == Sale.objects.count() == 1


def test_what_is_taken_back_opens_nothing(
    giver: Client, gold: Plan, ada: Creator, sandbox: Sandbox, workers: Workers
) -> None:
    gift = _bought(giver, gold, sandbox, workers)
    linus = cast.person("Linus")
    claim(token=gift.token, user_id=linus.id, now=clock.now())
    _refund(gift, workers, 497)
    assert queries.grants_access(user_id=linus.id, creator_id=ada.id, now=clock.now())
    rest = _refund(gift, workers, 1000)
    assert not queries.grants_access(user_id=linus.id, creator_id=ada.id, now=clock.now())
    sandbox.control(f"objects/{rest.refund_id}/act", action="fail")
    workers.turn()
    assert queries.grants_access(user_id=linus.id, creator_id=ada.id, now=clock.now())
    page = giver.get(gift.get_absolute_url()).content.decode()
    assert "which did not take it" in page
    assert "What went back" in giver.get(f"{gift.get_absolute_url()}receipt/").content.decode()
    _refund(gift, workers, 1000)
    assert not queries.grants_access(user_id=linus.id, creator_id=ada.id, now=clock.now())
    assert sandbox.balance()["USD"] == ledger_of_stripe()


def _refund(gift: Gift, workers: Workers, amount_minor: int) -> Refund:
    refund = ask_refund(
        sale_id=gift.sale_id, amount_minor=amount_minor, reason=RefundReason.REQUESTED, asked_by="staff:fin",
        key=f"{amount_minor}:{Refund.objects.count()}", now=clock.now(),
    )  # fmt: skip
    workers.turn()
    refund.refresh_from_db()
    return refund


def _paid_gift(plan: Plan, name: str) -> Gift:
    """Rows alone: the money is tested above."""
    giver = User.objects.filter(display_name="Margaret").first() or cast.person("Margaret")
    gift = give(plan_id=plan.id, giver_id=giver.id, months=1, recipient_email=f"{name}@obole.example", now=NOW)
    Gift.objects.filter(id=gift.id).update(paid_at=NOW)
    return gift


def test_who_may_claim(db: None) -> None:
    ada, linus = cast.creator("Ada Lovelace"), cast.person("Linus")
    plan = open_plan(creator_id=ada.id, name="Gold", perks="", price_minor=499, currency="USD", trial_days=0, now=NOW)
    first, second = _paid_gift(plan, "linus"), _paid_gift(plan, "linus")
    with pytest.raises(GiftNotClaimableError, match="no gift"):
        claim(token="nothing", user_id=linus.id, now=NOW)
    with pytest.raises(OwnPlanError):
        claim(token=first.token, user_id=ada.user_id, now=NOW)
    taken = claim(token=first.token, user_id=linus.id, now=NOW)
    again = claim(token=first.token, user_id=linus.id, now=months_after(NOW, 2))
    assert (again.starts_at, again.ends_at) == (taken.starts_at, taken.ends_at) == (NOW, months_after(NOW, 1))
    after = claim(token=second.token, user_id=linus.id, now=NOW)
    assert (after.starts_at, after.ends_at) == (months_after(NOW, 1), months_after(NOW, 2))
    unpaid = _paid_gift(plan, "linus")
    Gift.objects.filter(id=unpaid.id).update(paid_at=None)
    with pytest.raises(GiftNotClaimableError, match="not paid"):
        claim(token=unpaid.token, user_id=linus.id, now=NOW)


def test_a_gift_waits_until_its_recipient_pays_no_more(db: None) -> None:
    ada, linus = cast.creator("Ada Lovelace"), cast.person("Linus")
    plan = patron.plan(ada, now=NOW)
    running = patron.subscription(plan, linus, now=NOW)
    gift = _paid_gift(plan, "linus")
    with pytest.raises(AlreadySubscribedError):
        claim(token=gift.token, user_id=linus.id, now=NOW)
    assert not Gift.objects.filter(claimed_by=linus).exists()
    patron.say(running, now=NOW, status="canceled", ended_at=NOW, end_reason="cancellation_requested")
    assert claim(token=gift.token, user_id=linus.id, now=NOW).starts_at == NOW
