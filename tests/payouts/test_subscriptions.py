"""Subscriptions through Billing, exact, through the sandbox: each paid invoice is a sale, whatever is lost or late."""

import random
from datetime import timedelta
from uuid import UUID

import pytest

from config import clock
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.errors import SubscriptionChangeError
from payouts.models import (
    BalanceTransaction,
    BillingInvoice,
    BillingPrice,
    BillingState,
    BillingSubscription,
    InvoiceState,
    MirrorState,
    Payee,
    Sale,
    SaleChannel,
    SaleState,
    StripeCall,
)
from payouts.runs.operations import settle_due
from payouts.subscriptions import catching_up
from payouts.subscriptions.changing import (
    carry_out,
    change_price,
    end_subscription,
    portal_url,
    resume_subscription,
)
from payouts.subscriptions.opening import abandon_subscription, start_checkout
from payouts.subscriptions.previewing import ChangePreview, preview_change
from payouts.subscriptions.prices import open_price, retire_prices
from tests.payouts.entries import entries_of
from tests.payouts.patrons import FAILS, Patrons
from tests.payouts.stripe_driver import PAYS, Sandbox, Workers, form, ledger_of_stripe, post_event

ONE_MONTH = [
    ("sale", "stripe:pending", 499),
    ("sale", "payable:ada:pending", -440),
    ("sale", "revenue:platform_fee:subscription", -15),
    ("sale", "revenue:processing_recovered", -44),
    ("sale", "expense:processing", 44),
    ("sale", "stripe:pending", -44),
]


@pytest.fixture
def patrons(sandbox: Sandbox, workers: Workers, linus: UUID) -> Patrons:
    """Linus supports Ada."""
    return Patrons(sandbox=sandbox, workers=workers, payer_id=linus)


@pytest.fixture
def gold(patrons: Patrons, ada: Payee) -> BillingPrice:
    """4.99 a month."""
    return patrons.price(ada)


def _books_agree(sandbox: Sandbox) -> None:
    settle_due(now=clock.now())
    available, pending = ledger_of_stripe()
    assert sandbox.balance().get("USD", (0, 0)) == (available, pending)


def _change(subscription: BillingSubscription, price: BillingPrice) -> ChangePreview:
    """Look at what another price costs, and take it as shown."""
    shown = preview_change(subscription_id=subscription.id, price_id=price.id, prorated_at=None, now=clock.now())
    call_id = change_price(
        subscription_id=subscription.id, price_id=price.id, prorated_at=shown.prorated_at, now=clock.now()
    )
    assert carry_out(call_id=call_id)
    return shown


def _state(subscription: BillingSubscription) -> str:
    return str(BillingSubscription.objects.values_list("state", flat=True).get(id=subscription.id))


def test_a_first_month_is_a_sale(patrons: Patrons, gold: BillingPrice, ada: Payee, sandbox: Sandbox) -> None:
    subscription = patrons.subscribe(gold)
    at_stripe = patrons.at_stripe(subscription)
    assert (subscription.state, subscription.stripe_subscription_id) == (BillingState.ACTIVE, at_stripe.id)
    (invoice,) = BillingInvoice.objects.all()
    assert (invoice.state, invoice.reason, invoice.paid_minor) == (InvoiceState.PAID, "subscription_create", 499)
    sale = Sale.objects.get()
    assert invoice.sale == sale
    assert (sale.channel, sale.product, sale.subject) == (
        SaleChannel.INVOICE,
        "subscription",
        f"invoice:{invoice.stripe_invoice_id}",
    )
    assert sale.state == SaleState.POSTED
    assert entries_of(sale.ledger_subject, ada=ada.id) == ONE_MONTH
    _books_agree(sandbox)


@pytest.mark.parametrize("seed", range(2))
def test_events_come_in_any_order_and_twice(patrons: Patrons, gold: BillingPrice, ada: Payee, seed: int) -> None:
    subscription = patrons.paid(gold)
    events = patrons.sandbox.events() * 2
    random.Random(seed).shuffle(events)  # noqa: S311 (a seed, so that a failure can be repeated)
    for event in events:
        assert post_event(event).status_code == 200
        patrons.workers.process()
        import_pages(now=clock.now())
    sale = Sale.objects.get()
    assert (_state(subscription), sale.state) == (BillingState.ACTIVE, SaleState.POSTED)
    assert entries_of(sale.ledger_subject, ada=ada.id) == ONE_MONTH
    _books_agree(patrons.sandbox)


def test_a_trial_moves_nothing_until_it_ends(
    patrons: Patrons, gold: BillingPrice, ada: Payee, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[UUID] = []
    warned = [lambda *, subscription_id, now: told.append(subscription_id)]
    monkeypatch.setitem(handlers._handlers, "subscription.trial_will_end", warned)
    subscription = patrons.subscribe(gold, trial_days=7)
    assert subscription.state == BillingState.TRIALING
    assert subscription.trial_ends_at == subscription.period_ends_at
    assert not Sale.objects.exists()
    assert BillingInvoice.objects.get().paid_minor == 0
    patrons.sandbox.advance(days=5)
    patrons.workers.turn()
    assert told == [subscription.id]
    patrons.month(subscription)
    patrons.workers.turn()
    assert _state(subscription) == BillingState.ACTIVE
    assert entries_of(Sale.objects.get().ledger_subject, ada=ada.id) == ONE_MONTH
    _books_agree(patrons.sandbox)


def test_each_renewal_is_a_sale_of_its_own(patrons: Patrons, gold: BillingPrice, ada: Payee) -> None:
    subscription = patrons.subscribe(gold)
    for _ in range(2):
        patrons.month(subscription)
        patrons.workers.turn()
    assert [sale.charge_minor for sale in Sale.objects.all()] == [499, 499, 499]
    assert {sale.state for sale in Sale.objects.all()} == {SaleState.POSTED}
    reasons = list(BillingInvoice.objects.order_by("created_at").values_list("reason", flat=True))
    assert reasons == ["subscription_create", "subscription_cycle", "subscription_cycle"]
    subscription.refresh_from_db()
    assert subscription.period_ends_at is not None
    assert subscription.period_ends_at > clock.now()


def test_a_renewal_nobody_pays_ends_it_and_its_invoice_cannot_be_paid_any_more(
    patrons: Patrons, gold: BillingPrice
) -> None:
    subscription = patrons.subscribe(gold)
    patrons.new_card(subscription, FAILS)
    patrons.month(subscription)
    patrons.workers.turn()
    assert _state(subscription) == BillingState.PAST_DUE
    invoice = BillingInvoice.objects.get(state=InvoiceState.OPEN)
    assert (invoice.attempts, invoice.due_minor, invoice.sale) == (1, 499, None)
    assert invoice.next_attempt_at is not None
    patrons.sandbox.advance(days=15)
    patrons.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, subscription.end_reason) == (BillingState.ENDED, "payment_failed")
    invoice.refresh_from_db()
    assert (invoice.state, invoice.attempts) == (InvoiceState.VOID, 4)
    form(invoice.pay_url, number=PAYS, exp="12/34", cvc="123")
    patrons.workers.turn()
    assert Sale.objects.count() == 1
    _books_agree(patrons.sandbox)


def test_a_dearer_plan_charges_the_difference_now(patrons: Patrons, gold: BillingPrice, ada: Payee) -> None:
    subscription = patrons.subscribe(gold)
    dearer = patrons.price(ada, 999, subject="plan:patrons")
    patrons.sandbox.advance(days=10)
    shown = _change(subscription, dearer)
    subscription.refresh_from_db()
    assert subscription.price == dearer
    patrons.workers.turn()
    invoice = patrons.invoices(subscription)[-1]
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    assert invoice.total == shown.due_now_minor == sum(line.amount_minor for line in shown.lines)
    assert [line.amount_minor < 0 for line in shown.lines] == [True, False]
    assert (shown.next_due_minor, shown.next_at) == (999, subscription.period_ends_at)
    sale = Sale.objects.get(invoice_id=invoice.id)
    assert (sale.charge_minor, sale.state, sale.title) == (invoice.total, SaleState.POSTED, "Ada's patrons")
    _books_agree(patrons.sandbox)


def test_a_dearer_plan_that_the_card_refuses_changes_nothing(patrons: Patrons, gold: BillingPrice, ada: Payee) -> None:
    subscription = patrons.subscribe(gold)
    patrons.new_card(subscription, FAILS)
    dearer = patrons.price(ada, 999, subject="plan:patrons")
    now = clock.now()
    call_id = change_price(subscription_id=subscription.id, price_id=dearer.id, prorated_at=now, now=now)
    with pytest.raises(SubscriptionChangeError, match="declined"):
        carry_out(call_id=call_id)
    patrons.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.price, subscription.state) == (gold, BillingState.ACTIVE)
    assert Sale.objects.count() == 1


def test_a_cheaper_plan_is_credited_on_the_next_invoice(patrons: Patrons, gold: BillingPrice, ada: Payee) -> None:
    subscription = patrons.subscribe(gold)
    cheaper = patrons.price(ada, 299, subject="plan:friends")
    shown = _change(subscription, cheaper)
    patrons.workers.turn()
    assert Sale.objects.count() == 1
    patrons.month(subscription)
    patrons.workers.turn()
    invoice = patrons.invoices(subscription)[-1]
    assert invoice.amount_paid == shown.next_due_minor == sum(line.amount_minor for line in shown.lines)
    assert (shown.due_now_minor, [line.amount_minor < 0 for line in shown.lines]) == (0, [False, True, False])
    assert abs(shown.next_due_minor - (299 - 499 + 299)) <= 1  # to the second, and the clock ticks
    sale = Sale.objects.get(invoice_id=invoice.id)
    assert (sale.charge_minor, sale.state) == (invoice.amount_paid, SaleState.POSTED)
    _books_agree(patrons.sandbox)


def test_a_change_names_what_is_in_its_way(patrons: Patrons, gold: BillingPrice, ada: Payee, grace: Payee) -> None:
    subscription = patrons.subscribe(gold)
    other, now = patrons.price(grace, subject="plan:other"), clock.now()
    with pytest.raises(SubscriptionChangeError, match="keeps its creator"):
        change_price(subscription_id=subscription.id, price_id=other.id, prorated_at=now, now=now)
    retired = patrons.price(ada, 999, subject="plan:patrons")
    retire_prices(subject="plan:patrons", now=clock.now())
    with pytest.raises(SubscriptionChangeError, match="cannot be had"):
        change_price(subscription_id=subscription.id, price_id=retired.id, prorated_at=now, now=now)
    assert change_price(subscription_id=subscription.id, price_id=gold.id, prorated_at=now, now=now) is None
    assert not StripeCall.objects.filter(operation="subscription.update").exists()


def test_it_ends_with_the_paid_month_unless_resumed(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.subscribe(gold)
    for _ in range(2):
        call_id = end_subscription(subscription_id=subscription.id, at_period_end=True, now=clock.now())
        assert carry_out(call_id=call_id)
        subscription.refresh_from_db()
        assert (subscription.state, subscription.ends_at) == (BillingState.ACTIVE, subscription.period_ends_at)
    assert carry_out(call_id=resume_subscription(subscription_id=subscription.id, now=clock.now()))
    subscription.refresh_from_db()
    assert subscription.ends_at is None
    assert carry_out(call_id=end_subscription(subscription_id=subscription.id, at_period_end=True, now=clock.now()))
    patrons.month(subscription)
    patrons.workers.turn()
    subscription.refresh_from_db()
    assert (subscription.state, subscription.end_reason) == (BillingState.CANCELLED, "cancellation_requested")
    assert Sale.objects.count() == 1


def test_it_ends_now_and_nothing_is_given_back(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.subscribe(gold)
    before = patrons.sandbox.balance()
    for _ in range(2):
        assert carry_out(
            call_id=end_subscription(subscription_id=subscription.id, at_period_end=False, now=clock.now())
        )
    subscription.refresh_from_db()
    assert (subscription.state, subscription.check_at) == (BillingState.CANCELLED, None)
    patrons.sandbox.advance(days=40)
    patrons.workers.turn()
    assert sum(patrons.sandbox.balance()["USD"]) == sum(before["USD"])
    assert StripeCall.objects.filter(operation="subscription.cancel").count() == 1


def test_ending_it_while_stripe_is_away_is_done_once_stripe_answers(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.subscribe(gold)
    patrons.sandbox.fault("timeout_after", "DELETE /v1/subscriptions/*")
    call_id = end_subscription(subscription_id=subscription.id, at_period_end=False, now=clock.now())
    assert call_id is not None
    assert carry_out(call_id=call_id) is False
    assert _state(subscription) == BillingState.ACTIVE
    StripeCall.objects.filter(id=call_id).update(next_attempt_at=clock.real_now())
    patrons.workers.call()
    assert _state(subscription) == BillingState.CANCELLED


def test_a_change_that_was_made_and_whose_follow_up_finds_stripe_silent_is_recorded_later(
    patrons: Patrons, gold: BillingPrice
) -> None:
    subscription = patrons.subscribe(gold)
    call_id = end_subscription(subscription_id=subscription.id, at_period_end=True, now=clock.now())
    assert call_id is not None
    patrons.sandbox.fault("timeout_before", "GET /v1/subscriptions/*")
    assert not carry_out(call_id=call_id)
    assert not BillingSubscription.objects.filter(ends_at__isnull=False).exists()
    StripeCall.objects.filter(id=call_id).update(next_attempt_at=clock.real_now())
    assert carry_out(call_id=call_id)
    subscription.refresh_from_db()
    assert subscription.ends_at is not None
    assert StripeCall.objects.get(id=call_id).attempts == 2


def test_the_portal_ends_it_too(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.subscribe(gold)
    url = portal_url(subscription_id=subscription.id, return_url="http://testserver/subscriptions/")
    assert form(url, cancel=subscription.stripe_subscription_id) == 303
    patrons.workers.turn()
    subscription.refresh_from_db()
    assert subscription.ends_at == subscription.period_ends_at
    patrons.month(subscription)
    patrons.workers.turn()
    assert _state(subscription) == BillingState.CANCELLED


def test_a_lost_invoice_event_is_caught_up_from_its_charge(patrons: Patrons, gold: BillingPrice, ada: Payee) -> None:
    patrons.paid(gold)
    patrons.workers.hear("customer.subscription.created", "charge.succeeded")
    import_pages(now=clock.now())
    movement = BalanceTransaction.objects.get()
    assert (movement.state, movement.note) == (
        MirrorState.IMPORTED,
        f"the invoice of {movement.source_id} is not known here yet",
    )
    assert not Sale.objects.exists()
    patrons.sandbox.advance(days=0.01)
    import_pages(now=clock.now())
    assert entries_of(Sale.objects.get().ledger_subject, ada=ada.id) == ONE_MONTH
    patrons.workers.turn()  # and now the event comes after all
    assert Sale.objects.count() == 1
    _books_agree(patrons.sandbox)


def test_with_every_event_lost_the_sweeper_finds_what_happened(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.paid(gold)
    assert catching_up.overdue(now=clock.now(), limit=10) == []
    now = patrons.sandbox.advance(days=0.1)
    assert catching_up.overdue(now=now, limit=10) == [subscription.id]
    assert catching_up.catch_up(subscription_id=subscription.id, now=now)
    assert _state(subscription) == BillingState.ACTIVE
    patrons.month(subscription := BillingSubscription.objects.get(), hours=4)
    (due,) = catching_up.overdue(now=clock.now(), limit=10)
    patrons.sandbox.fault("rate_limit", "GET /v1/invoices")
    assert catching_up.catch_up(subscription_id=due, now=clock.now()) is False
    assert catching_up.overdue(now=clock.now(), limit=10) == []
    assert catching_up.catch_up(subscription_id=due, now=clock.now() + timedelta(hours=2))
    import_pages(now=clock.now())
    assert {sale.state for sale in Sale.objects.all()} == {SaleState.POSTED}
    assert Sale.objects.count() == 2
    assert catching_up.overdue(now=clock.now(), limit=10) == []
    _books_agree(patrons.sandbox)


def test_a_card_page_that_nobody_uses_ends_the_subscription(patrons: Patrons, gold: BillingPrice) -> None:
    left, given_up = patrons.open(gold), patrons.open(gold)
    abandon_subscription(subscription_id=given_up.id, now=clock.now())
    patrons.workers.turn()
    assert (_state(left), _state(given_up)) == (BillingState.INCOMPLETE, BillingState.ENDED)
    assert form(given_up.checkout_url, number=PAYS, exp="12/34", cvc="123", name="L", email="l@example.org") != 303
    patrons.sandbox.advance(days=1)
    patrons.workers.turn()
    assert BillingSubscription.objects.get(id=left.id).end_reason == "never_paid"
    assert catching_up.overdue(now=clock.now(), limit=10) == []


def test_a_payment_that_wins_the_race_is_a_subscription(patrons: Patrons, gold: BillingPrice) -> None:
    subscription = patrons.paid(gold)
    abandon_subscription(subscription_id=subscription.id, now=clock.now())
    patrons.workers.turn()
    assert _state(subscription) == BillingState.ACTIVE
    assert Sale.objects.get().state == SaleState.POSTED


def test_while_stripe_is_away_the_sweeper_makes_the_card_page(patrons: Patrons, gold: BillingPrice) -> None:
    patrons.sandbox.fault("rate_limit", "POST /v1/customers")
    subscription = patrons.open(gold)
    assert (subscription.state, subscription.checkout_url) == (BillingState.INCOMPLETE, "")
    StripeCall.objects.filter(operation="customer.create").update(next_attempt_at=clock.real_now())
    patrons.workers.call()
    start_checkout(subscription_id=subscription.id, now=clock.now())
    subscription.refresh_from_db()
    assert patrons.sandbox.pay(subscription.checkout_url) == 303
    assert StripeCall.objects.filter(operation="subscription_session.create").count() == 1


def test_one_that_stripe_never_heard_of_ends_at_once(patrons: Patrons, gold: BillingPrice) -> None:
    patrons.sandbox.fault("rate_limit", "POST /v1/customers")
    subscription = patrons.open(gold)
    abandon_subscription(subscription_id=subscription.id, now=clock.now())
    assert _state(subscription) == BillingState.ENDED
    StripeCall.objects.filter(operation="customer.create").update(next_attempt_at=clock.real_now())
    patrons.workers.call()
    assert not StripeCall.objects.filter(operation="subscription_session.create").exists()


def test_a_new_price_takes_the_old_ones_place_and_its_product(
    patrons: Patrons, gold: BillingPrice, ada: Payee
) -> None:
    subscription = patrons.subscribe(gold)
    dearer = patrons.price(ada, 599)
    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert dearer.stripe_product_id == gold.stripe_product_id
    prices = patrons.sandbox.client.v1.prices
    assert [prices.retrieve(each.stripe_price_id).active for each in (gold, dearer)] == [False, True]
    patrons.month(subscription)
    patrons.workers.turn()
    assert [sale.charge_minor for sale in Sale.objects.all()] == [499, 499]  # who subscribed keeps the price


def test_a_price_has_its_processing_borne_by_the_receivers(patrons: Patrons, ada: Payee) -> None:
    with pytest.raises(ValueError, match="borne by the receivers"):
        open_price(
            subject="plan:x", title="x", payee_id=ada.id, amount_minor=499, currency="USD",
            policy_slug="clubhouse", now=clock.now(),
        )  # fmt: skip
    assert not BillingPrice.objects.exists()
