"""Subscriptions and invoices on the clock."""

import calendar
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.payouts.sandbox.local import DAY_S, Local, Receiver


@pytest.fixture
def linus(local: Local) -> str:
    """A customer whose saved card succeeds."""
    return _customer(local, "pm_card_visa")


@pytest.fixture
def price(local: Local) -> str:
    """4.99 a month."""
    return _price(local, 499)


def _next_january(local: Local, day: int) -> datetime:
    """A day of next January: the clock only moves forward."""
    return datetime(datetime.fromtimestamp(local.now(), UTC).year + 1, 1, day, tzinfo=UTC)


def _customer(local: Local, card: str) -> str:
    customer = local.client.v1.customers.create({"email": "linus@example.org"})
    method = local.client.v1.payment_methods.attach(card, {"customer": customer.id})
    local.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    return customer.id


def _price(local: Local, amount: int, interval: str = "month") -> str:
    product = local.client.v1.products.create({"name": "Ada's supporters"})
    recurring: stripe.params.PriceCreateParamsRecurring = {"interval": interval}
    return local.client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": amount, "recurring": recurring}
    ).id


def _subscribe(local: Local, customer: str, price: str, **more: object) -> stripe.Subscription:
    params = {"customer": customer, "items": [{"price": price}], "metadata": {"creator": "ada"}} | more
    return local.client.v1.subscriptions.create(params)  # type: ignore[arg-type]


def _invoice(local: Local, subscription: stripe.Subscription) -> stripe.Invoice:
    return local.client.v1.invoices.list({"subscription": subscription.id, "limit": 1}).data[0]


def _period_end(subscription: stripe.Subscription) -> int:
    return subscription["items"].data[0].current_period_end  # type: ignore[no-any-return]


def _status(local: Local, subscription: stripe.Subscription) -> str:
    return local.client.v1.subscriptions.retrieve(subscription.id).status


def _new_default(local: Local, customer: str, card: str) -> None:
    method = local.client.v1.payment_methods.attach(card, {"customer": customer})
    local.client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})


def test_a_subscription_starts_with_a_paid_invoice(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    assert (subscription.status, subscription.currency) == ("active", "usd")
    invoice = _invoice(local, subscription)
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 499, "subscription_create")
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.parent.subscription_details.metadata is not None
    assert invoice.parent.subscription_details.metadata.to_dict() == {"creator": "ada"}
    (payment,) = local.client.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert payment.payment.payment_intent is not None
    found = local.client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": str(payment.payment.payment_intent)}}
    )
    assert [each.invoice for each in found.data] == [invoice.id]
    assert local.balance() == (0, 499 - 44)


def test_it_renews_each_month(local: Local, linus: str, price: str) -> None:
    local.control("clock", to=_next_january(local, 1).timestamp())
    subscription = _subscribe(local, linus, price)
    start, end = subscription.start_date, _period_end(subscription)
    assert (end - start) // DAY_S == 31
    local.control("clock", to=end)
    renewed = local.client.v1.subscriptions.retrieve(subscription.id)
    assert renewed["items"].data[0].current_period_start == end
    draft = _invoice(local, subscription)
    assert (draft.status, draft.billing_reason, draft.amount_due) == ("draft", "subscription_cycle", 499)
    local.advance(3600)
    assert _invoice(local, subscription).status == "paid"
    assert len(local.client.v1.charges.list({"customer": linus}).data) == 2


def test_months_keep_the_day_they_began_on(local: Local, linus: str, price: str) -> None:
    begun = _next_january(local, 31)
    local.control("clock", to=begun.timestamp())
    subscription = _subscribe(local, linus, price)
    days = []
    for _ in range(3):
        end = _period_end(local.client.v1.subscriptions.retrieve(subscription.id))
        local.control("clock", to=end + 3600)
        days.append(datetime.fromtimestamp(end, UTC).strftime("%d %b"))
    assert days == [f"{28 + calendar.isleap(begun.year)} Feb", "31 Mar", "30 Apr"]


def test_a_trial_costs_nothing_until_it_ends(heard: Local, receiver: Receiver) -> None:
    linus, price = _customer(heard, "pm_card_visa"), _price(heard, 499)
    subscription = _subscribe(heard, linus, price, trial_period_days=7)
    assert (subscription.status, _invoice(heard, subscription).amount_due) == ("trialing", 0)
    assert heard.balance() == (0, 0)
    heard.advance(7 * DAY_S + 3700)
    assert _status(heard, subscription) == "active"
    assert _invoice(heard, subscription).amount_paid == 499
    heard.quiet()
    told = [each.event for each in receiver.received if each.event["type"] == "customer.subscription.trial_will_end"]
    assert [each["created"] for each in told] == [subscription.start_date + 4 * DAY_S]


def test_a_failed_renewal_is_retried_and_paid_in_grace(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    _new_default(local, linus, "pm_card_chargeCustomerFail")
    local.control("clock", to=_period_end(subscription) + 3600)
    invoice = _invoice(local, subscription)
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == _period_end(subscription) + 3600 + 3 * DAY_S
    assert _status(local, subscription) == "past_due"
    _new_default(local, linus, "pm_card_visa")
    local.advance(3 * DAY_S)
    assert _invoice(local, subscription).status == "paid"
    assert _status(local, subscription) == "active"


def test_a_renewal_that_keeps_failing_ends_the_subscription(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    _new_default(local, linus, "pm_card_chargeCustomerFail")
    local.control("clock", to=_period_end(subscription) + 3600 + 15 * DAY_S)
    ended = local.client.v1.subscriptions.retrieve(subscription.id)
    assert ended.cancellation_details is not None
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    invoice = _invoice(local, subscription)
    assert (invoice.status, invoice.attempt_count) == ("open", 4)
    assert local.balance()[0] + local.balance()[1] == 499 - 44


def test_an_open_invoice_is_paid_on_its_page(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    _new_default(local, linus, "pm_card_chargeCustomerFail")
    local.control("clock", to=_period_end(subscription) + 3600)
    url = str(_invoice(local, subscription).hosted_invoice_url)
    card = {"number": "4000000000000002", "exp": "12/34", "cvc": "123"}
    assert "Your card was declined." in local.http.post(url, data=card).text
    assert local.http.post(url, data=card | {"number": "4242424242424242"}).status_code == 303
    assert _invoice(local, subscription).status == "paid"
    assert _status(local, subscription) == "active"


def test_a_first_invoice_that_is_declined_leaves_it_incomplete(local: Local, price: str) -> None:
    linus = _customer(local, "pm_card_chargeCustomerFail")
    subscription = _subscribe(local, linus, price)
    assert subscription.status == "incomplete"
    local.advance(DAY_S)
    assert _status(local, subscription) == "incomplete_expired"
    assert _invoice(local, subscription).status == "void"


def test_error_if_incomplete_makes_nothing(local: Local, price: str) -> None:
    linus = _customer(local, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        _subscribe(local, linus, price, payment_behavior="error_if_incomplete")
    assert local.balance() == (0, 0)


def test_a_dearer_plan_charges_the_difference_at_renewal(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    start, end = subscription.start_date, _period_end(subscription)
    local.control("clock", to=start + (end - start) // 2)
    item = subscription["items"].data[0].id
    dearer = _price(local, 999)
    local.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": dearer}]})
    local.control("clock", to=end + 3600)
    invoice = _invoice(local, subscription)
    amounts = [line.amount for line in invoice.lines.data]
    assert (amounts[0], invoice.status) == (999, "paid")
    # Half a period of each, to the second; the clock ticks while the test runs.
    assert sum(amounts) == invoice.total
    assert abs(amounts[1] + 249) <= 1
    assert abs(amounts[2] - 500) <= 1


def test_always_invoice_charges_the_difference_now(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    item = subscription["items"].data[0].id
    dearer = _price(local, 999)
    local.client.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": dearer}], "proration_behavior": "always_invoice"}
    )
    invoice = _invoice(local, subscription)
    assert (invoice.status, invoice.billing_reason, invoice.total) == ("paid", "subscription_update", 500)


def test_a_preview_is_to_the_cent_what_the_change_then_costs(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    at = subscription.start_date + (_period_end(subscription) - subscription.start_date) // 3
    local.control("clock", to=at + 600)
    items: list[Any] = [{"id": subscription["items"].data[0].id, "price": _price(local, 999)}]
    change: Any = {"items": items, "proration_behavior": "always_invoice", "proration_date": at}
    events = len(local.client.v1.events.list({"limit": 100}).data)
    shown = local.client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": change})
    assert (shown.id.startswith("upcoming_in_"), shown.billing_reason, shown.amount_due) == (
        True,
        "subscription_update",
        333,
    )
    assert len(local.client.v1.events.list({"limit": 100}).data) == events
    assert len(local.client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    local.client.v1.subscriptions.update(subscription.id, change)
    assert _invoice(local, subscription).total == shown.total
    too_early = change | {"proration_date": subscription.start_date - 1}
    with pytest.raises(stripe.InvalidRequestError, match="within the current billing period"):
        local.client.v1.subscriptions.update(subscription.id, too_early)


def test_a_preview_of_the_next_invoice_has_what_waits_for_it(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    change: Any = {
        "items": [{"id": subscription["items"].data[0].id, "price": _price(local, 299)}],
        "proration_date": subscription.start_date,
    }
    asked: Any = {"subscription": subscription.id, "subscription_details": change}
    shown = local.client.v1.invoices.create_preview(asked)
    assert ([line.amount for line in shown.lines.data], shown.amount_due) == ([299, -499, 299], 99)
    local.client.v1.subscriptions.update(subscription.id, change)
    again = local.client.v1.invoices.create_preview({"subscription": subscription.id})
    assert (again.total, again.billing_reason) == (99, "upcoming")
    local.control("clock", to=_period_end(subscription) + 3600)
    assert _invoice(local, subscription).amount_paid == 99


def test_it_is_cancelled_at_the_end_of_the_period(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    ending = local.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at) == ("active", _period_end(subscription))
    local.control("clock", to=_period_end(subscription) + DAY_S)
    assert _status(local, subscription) == "canceled"
    assert len(local.client.v1.invoices.list({"subscription": subscription.id}).data) == 1


def test_it_is_cancelled_now(heard: Local, receiver: Receiver) -> None:
    linus, price = _customer(heard, "pm_card_visa"), _price(heard, 499)
    subscription = _subscribe(heard, linus, price)
    assert heard.client.v1.subscriptions.cancel(subscription.id).status == "canceled"
    heard.advance(40 * DAY_S)
    assert len(heard.client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    assert heard.client.v1.subscriptions.list({"customer": linus}).data == []
    heard.quiet()
    assert receiver.types()[-1] in {"customer.subscription.deleted", "balance.available"}
    assert receiver.types().count("customer.subscription.deleted") == 1


def test_a_draft_of_a_cancelled_subscription_is_not_charged(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    local.control("clock", to=_period_end(subscription) + 60)
    assert _invoice(local, subscription).status == "draft"
    local.client.v1.subscriptions.cancel(subscription.id)
    local.advance(DAY_S)
    assert (_invoice(local, subscription).status, _invoice(local, subscription).auto_advance) == ("draft", False)
    assert len(local.client.v1.charges.list({"customer": linus}).data) == 1


def test_default_incomplete_waits_for_the_payer(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(
        local, linus, price, payment_behavior="default_incomplete", expand=["latest_invoice.payments"]
    )
    assert subscription.status == "incomplete"
    assert local.balance() == (0, 0)
    local.client.v1.invoices.pay(_invoice(local, subscription).id)
    assert _status(local, subscription) == "active"
    assert local.balance() == (0, 499 - 44)


def test_a_subscription_is_bought_on_the_page(local: Local, price: str) -> None:
    session = local.client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": "http://obole.test/subscribed",
            "customer_email": "linus@example.org",
            "line_items": [{"price": price, "quantity": 1}],
            "subscription_data": {"metadata": {"creator": "ada"}},
        }
    )
    assert local.pay(session, "4000000000000341").status_code == 402
    assert local.client.v1.subscriptions.list().data == []
    assert local.pay(session).status_code == 303
    done = local.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription.latest_invoice.payments"]})
    subscription = done.subscription
    assert isinstance(subscription, stripe.Subscription)
    assert (subscription.status, subscription.metadata.to_dict()) == ("active", {"creator": "ada"})
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (done.invoice, invoice.status, done.payment_status, done.payment_intent) == (
        invoice.id,
        "paid",
        "paid",
        None,
    )
    assert invoice.payments is not None
    assert [payment.status for payment in invoice.payments.data] == ["paid"]
    assert local.balance() == (0, 499 - 44)
    local.control("clock", to=_period_end(subscription) + 3600)
    assert len(local.client.v1.charges.list({"customer": str(done.customer)}).data) == 3


def test_a_trial_is_started_on_the_page(local: Local, price: str) -> None:
    session = local.client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": "http://obole.test/subscribed",
            "customer_email": "linus@example.org",
            "line_items": [{"price": price}],
            "subscription_data": {"trial_period_days": 7},
        }
    )
    assert "Free for 7 days" in local.http.get(f"/c/pay/{session.id}").text
    local.pay(session)
    done = local.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert isinstance(done.subscription, stripe.Subscription)
    assert (done.subscription.status, done.payment_status) == ("trialing", "no_payment_required")
    assert local.balance() == (0, 0)


def test_the_portal_cancels_keeps_and_takes_a_new_card(local: Local, linus: str, price: str) -> None:
    subscription = _subscribe(local, linus, price)
    portal = local.client.v1.billing_portal.sessions.create(
        {"customer": linus, "return_url": "http://obole.test/account"}
    )
    page = local.http.get(portal.url).text
    assert "Ada&#39;s supporters" in page
    assert "http://obole.test/account" in page
    local.http.post(portal.url, data={"cancel": subscription.id})
    assert local.client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end is True
    local.http.post(portal.url, data={"keep": subscription.id})
    assert local.client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end is False
    local.http.post(portal.url, data={"number": "5555555555554444", "exp": "11/33", "cvc": "123"})
    assert "Mastercard ending in 4444, expires 11/2033" in local.http.get(portal.url).text


def test_a_dearer_plan_that_the_card_refuses_changes_nothing(heard: Local, receiver: Receiver) -> None:
    linus, price = _customer(heard, "pm_card_visa"), _price(heard, 499)
    subscription = _subscribe(heard, linus, price)
    _new_default(heard, linus, "pm_card_chargeCustomerFail")
    heard.quiet()
    told = len(receiver.received)
    item = subscription["items"].data[0].id
    with pytest.raises(stripe.CardError, match="declined"):
        heard.client.v1.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": item, "price": _price(heard, 999)}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    kept = heard.client.v1.subscriptions.retrieve(subscription.id)
    assert (kept.status, kept["items"].data[0].price.id) == ("active", price)
    assert len(heard.client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    heard.quiet()
    assert [each.event["type"] for each in receiver.received[told:]] == ["product.created", "price.created"]
