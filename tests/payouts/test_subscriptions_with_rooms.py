"""A subscription from the creator's page to the ledger: access, mails, pages, whatever the card does."""

from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from config import clock
from payouts.models import BillingState, Sale, SaleState, StripeCall
from rooms.access import Reason, decide
from rooms.currencies import money_text
from rooms.models import Creator, Mail, Plan, Room, Subscription, User
from rooms.studio.trail import trail_of
from rooms.subscriptions import lapsing, letters, queries
from rooms.subscriptions.plans import change_plan, open_plan, retire_plan
from rooms.tasks import sweep_mail
from tests.api.problems import problem
from tests.payouts.patrons import FAILS
from tests.payouts.saved import ALWAYS_ASKS
from tests.payouts.stripe_driver import DECLINED, PAYS, Sandbox, Workers, form
from tests.rooms import cast


@dataclass
class Story:
    """Ada sells months, Linus is signed in and buys them."""

    ada: Creator
    fan: User
    browser: Client
    sandbox: Sandbox
    workers: Workers

    def plan(self, *, name: str = "Gold", price_minor: int = 499, trial_days: int = 0) -> Plan:
        """A plan that Stripe knows."""
        plan = open_plan(
            creator_id=self.ada.id, name=name, perks="Every room", price_minor=price_minor, currency="USD",
            trial_days=trial_days, now=clock.now(),
        )  # fmt: skip
        self.workers.call()
        return Plan.objects.select_related("billing").get(id=plan.id)

    def subscribe(self, plan: Plan) -> Subscription:
        """Linus presses Subscribe and pays."""
        answer = self.browser.post(reverse("subscribe", args=[plan.id]))
        assert answer.status_code == 303
        assert self.sandbox.pay(answer["Location"]) == 303
        self.workers.turn()
        return Subscription.objects.select_related("billing").get(state__in=["active", "trialing"])

    def new_card(self, subscription: Subscription, number: str) -> None:
        """Linus changes his card in the portal, which his page leads to."""
        portal = self.browser.post(reverse("subscription-portal", args=[subscription.id]))["Location"]
        assert form(portal, number=number, exp="12/34", cvc="123") == 303
        self.workers.turn()

    def month(self, subscription: Subscription) -> None:
        """The next month begins, and its invoice is charged."""
        subscription.billing.refresh_from_db()
        assert subscription.billing.period_ends_at is not None
        self.sandbox.control("clock", to=(subscription.billing.period_ends_at + timedelta(hours=1)).timestamp())
        clock.now(fresh=True)
        self.workers.turn()

    def room(self, **changes: bool) -> Room:
        """A room of Ada's that is about to begin."""
        now = clock.now()
        return cast.room(
            self.ada, now=now, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2), **changes
        )

    def page(self, url: str, *, follow: bool = False) -> str:
        """What Linus reads at an address."""
        return unescape(self.browser.get(url, follow=follow).content.decode())

    def change_page(self, subscription: Subscription, plan: Plan) -> tuple[str, str, dict[str, Any]]:
        """The page that says what another plan costs, its address, and the form that confirms it."""
        url = reverse("subscription-change", args=[subscription.id, plan.id])
        answer = self.browser.get(url)
        context = answer.context
        return (
            unescape(answer.content.decode()),
            url,
            {"prorated_at": context["prorated_at"], "instead_of": str(context["subscription"].plan_id)},
        )

    def hears(self) -> bool:
        """Whether Linus may hear Ada's rooms for subscribers."""
        return queries.grants_access(user_id=self.fan.id, creator_id=self.ada.id, now=clock.now())


@pytest.fixture
def story(db: None, sandbox: Sandbox, workers: Workers) -> Story:
    """The cast."""
    fan, client = cast.person("Linus"), Client()
    client.force_login(fan)
    return Story(ada=cast.creator("Ada Lovelace"), fan=fan, browser=client, sandbox=sandbox, workers=workers)


@pytest.fixture
def gold(story: Story) -> Plan:
    """4.99 a month."""
    return story.plan()


def _letters() -> list[str]:
    sweep_mail()
    kinds = list(Mail.objects.order_by("written_at", "kind").values_list("kind", flat=True))
    assert len(outbox.outbox) == len(kinds)
    return kinds


def test_a_month_opens_the_rooms_that_the_host_opens_to_subscribers(story: Story, gold: Plan) -> None:
    page = story.page(story.ada.get_absolute_url())
    assert "Gold" in page
    assert "$4.99" in page
    plan_page = story.page(reverse("plan", args=[gold.id]))
    assert "Of $4.99, $4.40 goes to Ada Lovelace, $0.15 to Obole and $0.44 to card processing." in plan_page
    both, only, closed = (
        story.room(open_to_subscribers=True),
        story.room(open_to_subscribers=True, sells_tickets=False),
        story.room(),
    )
    assert [decide(room=room, user=story.fan, now=clock.now()).may_hear for room in (both, only, closed)] == [
        False
    ] * 3

    subscription = story.subscribe(gold)

    decided = [decide(room=room, user=story.fan, now=clock.now()) for room in (both, only, closed)]
    assert [each.reason for each in decided] == [Reason.SUBSCRIBER, Reason.SUBSCRIBER, Reason.NO_TICKET]
    assert "You're in" in story.page(only.get_absolute_url())
    assert Sale.objects.get().state == SaleState.POSTED
    page = story.page(subscription.get_absolute_url())
    assert "Next charge" in page
    assert "Active" in page
    assert _letters() == ["subscription-receipt"]
    assert "$4.99" in outbox.outbox[0].body
    assert story.browser.post(reverse("buy", args=[only.slug])).status_code == 409


def test_pressing_twice_opens_one_card_page_and_another_plan_closes_it(story: Story, gold: Plan) -> None:
    silver = story.plan(name="Silver", price_minor=299)
    first, second = (story.browser.post(reverse("subscribe", args=[gold.id]))["Location"] for _ in range(2))
    assert first == second
    # The first is being closed.
    assert story.browser.post(reverse("subscribe", args=[silver.id])).status_code == 302
    story.workers.turn()
    third = story.browser.post(reverse("subscribe", args=[silver.id]))["Location"]
    assert story.sandbox.pay(first) != 303
    assert story.sandbox.pay(third) == 303
    story.workers.turn()
    running = Subscription.objects.get(state=BillingState.ACTIVE)
    assert running.plan == silver
    answer = story.browser.post(reverse("subscribe", args=[gold.id]))
    assert answer["Location"] == running.get_absolute_url()


def test_a_failed_renewal_is_told_kept_in_grace_and_paid_on_its_page(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    story.new_card(subscription, FAILS)
    story.workers.turn()
    story.month(subscription)
    assert story.hears()
    assert _letters() == ["subscription-receipt", "payment-failed"]
    page = story.page(subscription.get_absolute_url())
    assert "could not be charged" in page
    pay_url = subscription.billing.invoices.get(state="open").pay_url
    assert pay_url in page
    assert form(pay_url, number=PAYS, exp="12/34", cvc="123") == 303
    story.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, subscription.lapsed_at) == (BillingState.ACTIVE, None)
    assert _letters() == ["subscription-receipt", "payment-failed", "subscription-receipt"]
    assert Sale.objects.filter(state=SaleState.POSTED).count() + Sale.objects.filter(state="settled").count() == 2


def test_a_first_payment_that_is_declined_starts_nothing_and_can_be_tried_again(story: Story, gold: Plan) -> None:
    card_page = story.browser.post(reverse("subscribe", args=[gold.id]))["Location"]
    assert story.sandbox.pay(card_page, number=DECLINED) == 402
    story.workers.turn()
    subscription = Subscription.objects.get()
    assert (subscription.state, story.hears(), Sale.objects.count()) == (BillingState.INCOMPLETE, False, 0)
    assert "Nothing was charged yet" in story.page(subscription.get_absolute_url())
    assert _letters() == []
    assert story.sandbox.pay(card_page) == 303
    story.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, story.hears(), Sale.objects.count()) == (BillingState.ACTIVE, True, 1)


def test_a_renewal_that_the_bank_wants_confirmed_is_finished_on_the_page_of_the_mail(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    story.new_card(subscription, ALWAYS_ASKS)
    story.month(subscription)
    assert _letters() == ["subscription-receipt", "payment-failed"]
    page = settings.PUBLIC_URL + subscription.get_absolute_url()
    assert page in str(outbox.outbox[-1].body)
    pay_url = subscription.billing.invoices.get(state="open").pay_url
    assert pay_url in story.page(subscription.get_absolute_url())
    assert form(pay_url, number=ALWAYS_ASKS, exp="12/34", cvc="123") == 303
    asking = [
        intent for intent in story.sandbox.client.v1.payment_intents.list().data if intent.status == "requires_action"
    ]
    story.workers.turn()
    subscription.refresh_from_db()
    assert subscription.state == BillingState.PAST_DUE  # on its way to the bank, nothing is paid
    assert form(f"{story.sandbox.url}/c/3ds/{asking[0].id}", result="complete") == 303
    story.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, Sale.objects.count()) == (BillingState.ACTIVE, 2)
    assert _letters()[-1] == "subscription-receipt"


def test_cancelled_in_grace_nothing_is_owed_and_nothing_is_open(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    story.new_card(subscription, FAILS)
    story.month(subscription)
    assert story.hears()
    invoice = subscription.billing.invoices.get(state="open")
    story.browser.post(reverse("subscription-cancel", args=[subscription.id]), {"when": "now"})
    story.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, story.hears()) == (BillingState.CANCELLED, False)
    assert form(invoice.pay_url, number=PAYS, exp="12/34", cvc="123") != 303
    invoice.refresh_from_db()
    assert (invoice.state, Sale.objects.count()) == ("void", 1)
    assert _letters() == ["subscription-receipt", "payment-failed", "subscription-cancelled"]


def test_a_trial_whose_card_is_refused_is_told_and_ends_with_its_grace(story: Story) -> None:
    plan = story.plan(trial_days=7)
    card_page = story.browser.post(reverse("subscribe", args=[plan.id]))["Location"]
    assert story.sandbox.pay(card_page, number=FAILS) == 303  # it can be saved
    story.workers.turn()
    subscription = Subscription.objects.get()
    story.month(subscription)
    subscription.refresh_from_db()
    assert (subscription.state, story.hears()) == (BillingState.PAST_DUE, True)
    assert _letters() == ["payment-failed"]  # word that a trial will end is worth nothing after it
    now = story.sandbox.advance(days=7)
    assert lapsing.lapse_due(now=now) == [subscription.id]
    assert (story.hears(), Sale.objects.count()) == (False, 0)


def test_when_grace_is_over_access_ends_and_at_last_the_subscription(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    story.new_card(subscription, FAILS)
    story.month(subscription)
    for days, kept in ((6.9, True), (0.2, False)):
        now = story.sandbox.advance(days=days)
        story.workers.turn()
        assert story.hears() is kept
        assert lapsing.lapse_due(now=now) == ([] if kept else [subscription.id])
    assert lapsing.lapse_due(now=clock.now()) == []
    subscription.refresh_from_db()
    assert subscription.state == BillingState.PAST_DUE
    for days in (1.5, 8.0):  # the third attempt, and the last
        story.sandbox.advance(days=days)
        story.workers.turn()
    subscription.refresh_from_db()
    assert subscription.state == BillingState.ENDED
    assert _letters() == ["subscription-receipt", "payment-failed", "payment-last-attempt", "subscription-ended"]
    assert "Ended, not paid" in story.page(reverse("subscriptions"))


def test_cancelled_with_the_month_it_goes_on_until_then_unless_kept(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    for press, word in (("cancel", "Keep my subscription"), ("resume", "Next charge"), ("cancel", "It ends")):
        story.browser.post(reverse(f"subscription-{press}", args=[subscription.id]))
        assert word in story.page(subscription.get_absolute_url())
    assert story.hears()
    assert queries.monthly_of(creator_id=story.ada.id) == []
    story.month(subscription)
    subscription.refresh_from_db()
    assert subscription.state == BillingState.CANCELLED
    assert not story.hears()
    assert _letters() == ["subscription-receipt", "subscription-ends-later", "subscription-cancelled"]


def test_cancelled_now_access_ends_now(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    story.browser.post(reverse("subscription-cancel", args=[subscription.id]), {"when": "now"})
    assert not story.hears()
    assert _letters() == ["subscription-receipt", "subscription-cancelled"]
    again = story.subscribe(gold)
    assert again != subscription
    assert story.hears()


def test_a_trial_is_for_those_who_never_subscribed(story: Story) -> None:
    plan = story.plan(trial_days=7)
    subscription = story.subscribe(plan)
    assert subscription.state == BillingState.TRIALING
    assert story.hears()
    assert _letters() == []
    assert queries.monthly_of(creator_id=story.ada.id) == []
    story.sandbox.advance(days=5)
    story.workers.turn()
    assert _letters() == ["trial-ends"]
    story.browser.post(reverse("subscription-cancel", args=[subscription.id]), {"when": "now"})
    assert not Sale.objects.exists()
    assert story.subscribe(plan).state == BillingState.ACTIVE
    (monthly,) = queries.monthly_of(creator_id=story.ada.id)
    assert (monthly.amount_minor, monthly.currency, monthly.subscribers) == (499, "USD", 1)


def test_a_plan_is_changed_on_the_page(story: Story, gold: Plan) -> None:
    dearer = story.plan(name="Platinum", price_minor=999)
    subscription = story.subscribe(gold)
    story.sandbox.advance(days=12)
    page, url, shown = story.change_page(subscription, dearer)
    assert url in story.page(reverse("plan", args=[dearer.id]))
    assert url not in story.page(reverse("plan", args=[gold.id]))
    assert Sale.objects.count() == 1  # looking costs nothing
    assert "Gold to Platinum" in page
    answer = story.browser.post(url, shown, follow=True)
    assert "You have Platinum now." in answer.content.decode()
    story.workers.turn()
    subscription.refresh_from_db()
    assert subscription.plan == dearer
    change = Sale.objects.latest("opened_at")
    assert f"Pay {money_text(change.charge_minor, 'USD')} and change" in page
    receipt = story.page(letters.receipt_path(subscription, change.billing_invoice.id))
    assert "A change of plan, for" in receipt
    assert f"Of {money_text(change.charge_minor, 'USD')}, " in receipt
    assert story.ada.payee_id is not None
    trail = trail_of(sale_id=change.id, payee_id=story.ada.payee_id, now=clock.now())
    assert trail is not None
    assert sum(part.amount_minor for part in trail.who.parts) == change.charge_minor
    assert trail.mine_minor == trail.who.parts[0].amount_minor
    again = story.browser.post(url, shown, follow=True)  # the same press once more
    assert "You have Platinum now." in again.content.decode()
    story.workers.turn()
    assert Sale.objects.count() == 2


def test_the_api_shows_what_a_change_costs_and_makes_it(story: Story, gold: Plan) -> None:
    dearer = story.plan(name="Platinum", price_minor=999)
    subscription = story.subscribe(gold)
    story.sandbox.advance(days=20)
    client = APIClient()
    client.force_login(story.fan)
    url = f"/api/v1/subscriptions/{subscription.id}"
    wanted = {"plan": str(dearer.id)}
    shown = client.post(f"{url}/change/preview/", wanted, format="json").json()
    assert (shown["next_due_minor"], shown["currency"]) == (999, "USD")
    assert sum(line["amount_minor"] for line in shown["lines"]) == shown["due_now_minor"] > 0
    late = client.post(f"{url}/change/", wanted | {"prorated_at": "2020-01-01T00:00:00Z"}, format="json")
    assert "no longer current" in problem(late, status=409, code="subscription-not-changed")["detail"]
    made = client.post(f"{url}/change/", wanted | {"prorated_at": shown["prorated_at"]}, format="json")
    assert (made.status_code, made.json()["price_minor"]) == (200, 999)
    story.workers.turn()
    change, first = client.get(f"{url}/invoices/").json()
    assert (change["paid_minor"], first["paid_minor"], change["pay_url"]) == (shown["due_now_minor"], 499, None)
    receipt = client.get(change["receipt"]).json()
    assert sum(each["amount_minor"] for each in receipt["receivers"]) == receipt["charge_minor"]
    assert receipt["charge_minor"] == shown["due_now_minor"]
    assert client.post(f"{url}/portal/").json()["url"].startswith(story.sandbox.url)
    story.sandbox.fault("rate_limit", "POST /v1/billing_portal/sessions")
    problem(client.post(f"{url}/portal/"), status=409, code="subscription-not-changed")


def test_a_change_that_cannot_be_made_as_shown_is_not_made(story: Story, gold: Plan) -> None:
    dearer, tiny = story.plan(name="Platinum", price_minor=999), story.plan(name="Tiny", price_minor=100)
    subscription = story.subscribe(gold)
    _, url, shown = story.change_page(subscription, dearer)
    stale = story.browser.post(url, shown | {"prorated_at": int(shown["prorated_at"]) - 3600}, follow=True)
    assert "no longer current" in stale.content.decode()
    elsewhere = story.browser.post(url, shown | {"instead_of": str(tiny.id)}, follow=True)
    assert "changed meanwhile" in elsewhere.content.decode()
    assert story.browser.post(url, {}).status_code == 404
    story.new_card(subscription, FAILS)
    refused = story.browser.post(url, shown, follow=True)
    assert "declined" in refused.content.decode()
    # The rest of a Gold month would pay for more than a month of Tiny: that is another creator's money next.
    page = story.page(reverse("subscription-change", args=[subscription.id, tiny.id]), follow=True)
    assert "worth more than a month of Ada Lovelace: Tiny. Change from" in page
    story.sandbox.fault("rate_limit", "POST /v1/invoices/create_preview")
    assert "cannot be reached" in story.page(url, follow=True)
    story.browser.post(reverse("subscription-cancel", args=[subscription.id]))
    assert "Its end is decided. Keep your subscription first" in story.page(url, follow=True)
    subscription.refresh_from_db()
    assert subscription.plan == gold
    assert Sale.objects.count() == 1


def test_somebody_elses_subscription_is_not_there(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    other = Client()
    other.force_login(cast.person("Margaret"))
    assert other.get(subscription.get_absolute_url()).status_code == 404
    for press in ("cancel", "resume", "give-up", "portal"):
        assert other.post(reverse(f"subscription-{press}", args=[subscription.id])).status_code == 404
    assert not StripeCall.objects.filter(operation__in=["subscription.update", "subscription.cancel"]).exists()


def test_a_new_price_is_for_new_subscribers_and_a_retired_plan_is_not_sold(story: Story, gold: Plan) -> None:
    subscription = story.subscribe(gold)
    change_plan(
        plan_id=gold.id,
        creator_id=story.ada.id,
        name="Gold",
        perks="More",
        price_minor=599,
        trial_days=0,
        now=clock.now(),
    )
    story.workers.call()
    story.month(subscription)
    assert {sale.charge_minor for sale in Sale.objects.all()} == {499}
    assert "$5.99" in Client().get(story.ada.get_absolute_url()).content.decode()
    retire_plan(plan_id=gold.id, creator_id=story.ada.id, now=clock.now())
    assert "Subscribe" not in Client().get(story.ada.get_absolute_url()).content.decode()
    other = Client()
    other.force_login(cast.person("Margaret"))
    answer = other.post(reverse("subscribe", args=[gold.id]), follow=True)
    assert "no longer sold" in answer.content.decode()
    assert Subscription.objects.count() == 1
