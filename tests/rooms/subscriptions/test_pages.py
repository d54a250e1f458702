"""Pages about plans and subscriptions: what they say and what they cost, and the admin's."""

from datetime import datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts.gateway.billing_previews import PreviewedLine
from payouts.models import BillingPrice, CallState, StripeCall
from payouts.subscriptions import previewing
from payouts.subscriptions.changing import change_price
from rooms.errors import InvalidFieldsError, PlanNotFoundError
from rooms.gifts.operations import give
from rooms.models import Creator, Gift, Plan, Subscription, User
from rooms.subscriptions import queries
from rooms.subscriptions.offers import offers
from rooms.subscriptions.plans import change_plan, open_plan
from tests.finance import in_finance
from tests.rooms import cast
from tests.rooms.subscriptions import patron


@pytest.fixture
def studio(ada: Creator) -> Client:
    """Ada's browser."""
    client = Client()
    client.force_login(ada.user)
    return client


def test_a_creator_sells_changes_and_retires_a_plan(studio: Client, ada: Creator) -> None:
    form = {"name": "Gold", "price": "4.99", "currency": "USD", "trial_days": "7", "perks": ""}
    assert studio.post(reverse("studio:plan-new"), form | {"price": "0.10"}).status_code == 422
    assert not Plan.objects.exists()
    assert studio.post(reverse("studio:plan-new"), form).status_code == 302
    plan = Plan.objects.get()
    assert (plan.price_minor, plan.trial_days, plan.creator) == (499, 7, ada)
    assert "Being set up" in studio.get(reverse("studio:plans")).content.decode()
    assert studio.post(reverse("studio:plan", args=[plan.id]), form | {"price": "5.99"}).status_code == 302
    plan.refresh_from_db()
    assert (plan.price_minor, BillingPrice.objects.count()) == (599, 2)
    assert studio.post(reverse("studio:plan-retire", args=[plan.id])).status_code == 302
    assert "No longer sold" in studio.get(reverse("studio:plans")).content.decode()
    assert not BillingPrice.objects.filter(retired_at__isnull=True).exists()


def test_faults_are_named_by_field(ada: Creator, grace: Creator) -> None:
    now = clock.now()
    gold = patron.plan(ada, now=now)
    with pytest.raises(InvalidFieldsError) as refusal:
        open_plan(
            creator_id=ada.id, name="Gold", perks="x" * 601, price_minor=1, currency="USD", trial_days=91, now=now
        )
    assert set(refusal.value.errors) == {"name", "perks", "price", "trial_days"}
    with pytest.raises(InvalidFieldsError, match="Set up payouts first"):
        open_plan(
            creator_id=cast.creator("Rose", can_be_paid=False).id, name="Crew", perks="", price_minor=499,
            currency="USD", trial_days=0, now=now,
        )  # fmt: skip
    with pytest.raises(PlanNotFoundError):
        change_plan(plan_id=gold.id, creator_id=grace.id, name="Mine", perks="", price_minor=1, trial_days=0, now=now)
    assert Plan.objects.count() == 1


def test_the_studio_counts_who_pays(
    studio: Client, ada: Creator, linus: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = clock.now()
    gold, yen = patron.plan(ada, now=now), patron.plan(ada, now=now, name="Yen", price_minor=500, currency="JPY")
    patron.subscription(gold, linus, now=now)
    patron.subscription(gold, cast.person("Margaret"), now=now, status="trialing")
    patron.subscription(gold, cast.person("Radia"), now=now, ends_at=now + timedelta(days=9))
    patron.subscription(yen, cast.person("Emmy"), now=now)
    monthly = [(each.currency, each.amount_minor, each.subscribers) for each in queries.monthly_of(creator_id=ada.id)]
    assert monthly == [("JPY", 500, 1), ("USD", 499, 1)]
    assert queries.subscribers_of(creator_id=ada.id) == 4
    with django_assert_num_queries(6):  # session, person, creator; plans, what recurs, who subscribes
        page = studio.get(reverse("studio:plans")).content.decode()
    assert "¥500" in page


def test_my_subscriptions_cost_the_same_for_any_number(
    ada: Creator, grace: Creator, linus: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, now = Client(), clock.now()
    client.force_login(linus)
    patron.subscription(patron.plan(ada, now=now), linus, now=now)
    for _ in range(2):
        with django_assert_num_queries(4):  # session, person, subscriptions, gifts
            client.get(reverse("subscriptions"))
        if not queries.subscriptions_of(user_id=linus.id).filter(creator=grace).exists():
            patron.subscription(patron.plan(grace, now=now), linus, now=now)


@pytest.fixture
def fin(db: None) -> Client:
    """Fin does finance."""
    user = in_finance(cast.person("Fin", is_staff=True))
    TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def _admin(fin: Client, name: str, *arguments: object) -> str:
    answer = fin.get(reverse(f"admin:{name}", args=arguments))
    assert b'name="_save"' not in answer.content
    return answer.content.decode()


def test_finance_sees_subscriptions_with_their_invoices(fin: Client, ada: Creator, linus: User) -> None:
    now = clock.now()
    made = patron.subscription(patron.plan(ada, now=now), linus, now=now)
    patron.invoice(made, now=now, id="in_first")
    assert "Ada Lovelace: Gold" in _admin(fin, "payouts_billingsubscription_changelist")
    assert "in_first" in _admin(fin, "payouts_billingsubscription_change", made.billing_id)
    assert "4.99" in _admin(fin, "payouts_billingprice_changelist")
    page = _admin(fin, "rooms_subscription_change", made.id)
    assert reverse("admin:payouts_billingsubscription_change", args=[made.billing_id]) in page
    assert f"{reverse('admin:payouts_stripeevent_changelist')}?q={made.billing.stripe_subscription_id}" in page
    assert str(made.plan.billing_id) in _admin(fin, "rooms_plan_change", made.plan_id)


def test_lists_of_finance_cost_the_same_for_any_number_of_rows(fin: Client, ada: Creator, linus: User) -> None:
    now = clock.now()
    gold = patron.plan(ada, now=now)

    def sell(buyer: User) -> None:
        patron.subscription(gold, buyer, now=now)
        give(plan_id=gold.id, giver_id=buyer.id, months=3, recipient_email="friend@obole.example", now=now)

    def costs() -> list[int]:
        found = []
        for name in ("plan", "subscription", "gift"):
            with CaptureQueriesContext(connection) as queried:
                assert "Gold" in _admin(fin, f"rooms_{name}_changelist")
            found.append(len(queried))
        return found

    sell(linus)
    before = costs()
    for name in ("Margaret", "Dennis"):
        sell(cast.person(name))
    assert costs() == before
    gift = Gift.objects.order_by("id")[0]
    page = _admin(fin, "rooms_gift_change", gift.id)
    assert "14.97" in page
    assert gift.token not in page


def test_no_plan_is_offered_that_would_be_refused(ada: Creator, linus: User) -> None:
    now = clock.now().replace(microsecond=0)
    gold = patron.plan(ada, now=now, price_minor=999)
    patron.plan(ada, now=now, name="Half", price_minor=499)
    small = patron.plan(ada, now=now, name="Small", price_minor=299)
    patron.plan(ada, now=now, name="More", price_minor=1999)
    mine = patron.subscription(gold, linus, now=now)
    plans = list(queries.plans_on_sale(creator_id=ada.id).exclude(id=gold.id))

    def possible(days: float) -> list[str]:
        found = offers(subscription=mine, plans=plans, now=now + timedelta(days=days))
        return [offer.plan.name for offer in found if not offer.why_not]

    assert possible(0) == ["More"]  # the same day: a month of 9.99 less one of 4.99 is a cent more than 4.99
    assert possible(1) == ["Half", "More"]
    # 299 + 299 x left >= 999 x left, when 299/700 of the month is left.
    assert (possible(17), possible(17.5)) == (["Half", "More"], ["Small", "Half", "More"])
    listener = Client()
    listener.force_login(linus)
    page = listener.get(mine.get_absolute_url()).content.decode()
    day = now + 30 * timedelta(days=1) * (1 - 299 / 700) + timedelta(days=1)
    assert f"Possible from {day:%-d %B} on: until then, what is left" in page
    assert page.count(reverse("subscription-change", args=[mine.id, small.id])) == 0
    assert "Upgrade" in page
    assert (
        "Cancel at the end of the month</button>" in page.partition('<details class="card"')[0]
    )  # one press, as was promised
    assert "Possible from" in listener.get(reverse("plan", args=[small.id])).content.decode()
    line = PreviewedLine(words="", amount_minor=-1, starts_at=now, ends_at=now, is_proration=True)
    refusal = previewing._too_much_credit(mine.billing, small.billing, (line, line))
    assert f"Change from {day:%-d %B} on" in refusal  # the same day as the list says
    _credited(mine, now)
    assert (possible(17.5), offers(subscription=mine, plans=plans, now=now)[0].why_not) == (
        ["More"],
        f"Possible after {now + patron.MONTH:%-d %B}, when your last change has been credited to you.",
    )


def _credited(mine: Subscription, now: datetime) -> None:
    """A change to a cheaper price was made in this month, and its credit waits for the next invoice."""
    call_id = change_price(
        subscription_id=mine.billing_id,
        price_id=Plan.objects.get(name="Half").billing_id,
        prorated_at=now,
        now=now,
    )
    assert call_id is not None
    StripeCall.objects.filter(id=call_id).update(
        state=CallState.DONE, next_attempt_at=None, finished_at=now, result_id="sub_1", result={}
    )
