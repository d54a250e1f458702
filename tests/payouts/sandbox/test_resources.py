"""The plain sides of resources: updates, cancellations, lists and their filters."""

import pytest
import stripe

from tests.payouts.sandbox.local import Local


def test_a_customer_is_changed_listed_and_deleted(local: Local) -> None:
    linus = local.client.v1.customers.create({"email": "linus@example.org", "name": "Linus"})
    local.client.v1.customers.create({"email": "fin@example.org"})
    changed = local.client.v1.customers.update(linus.id, {"name": "Linus L.", "phone": "+49301234"})
    assert (changed.name, changed.phone) == ("Linus L.", "+49301234")
    (found,) = local.client.v1.customers.list({"email": "linus@example.org"}).data
    assert found.id == linus.id
    assert local.client.v1.customers.delete(linus.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        local.client.v1.customers.retrieve(linus.id)


def test_an_intent_is_changed_confirmed_and_cancelled(local: Local) -> None:
    intent = local.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    assert (intent.status, intent.capture_method) == ("requires_payment_method", "automatic_async")
    changed = local.client.v1.payment_intents.update(
        intent.id, {"amount": 1500, "payment_method": "pm_card_visa", "metadata": {"tip": "1"}}
    )
    assert (changed.amount, changed.status) == (1500, "requires_confirmation")
    paid = local.client.v1.payment_intents.confirm(intent.id, {"expand": ["latest_charge"]})
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert (paid.status, paid.latest_charge.metadata.to_dict()) == ("succeeded", {"tip": "1"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.payment_intents.cancel(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    other = local.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    cancelled = local.client.v1.payment_intents.cancel(other.id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")


def test_an_intent_without_a_card_cannot_be_confirmed(local: Local) -> None:
    intent = local.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        local.client.v1.payment_intents.confirm(intent.id)


def test_a_synchronous_capture_has_its_fee_at_once(local: Local) -> None:
    paid = local.client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "capture_method": "automatic",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "expand": ["latest_charge.balance_transaction"],
        }
    )
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert isinstance(paid.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert paid.latest_charge.balance_transaction.fee == 59


def test_a_charge_is_described_and_found(local: Local) -> None:
    charge = local.buy(payment_intent_data={"transfer_group": "sale:1"})
    changed = local.client.v1.charges.update(charge.id, {"description": "Seat 12", "metadata": {"seat": "12"}})
    assert (changed.description, changed.metadata.to_dict()) == ("Seat 12", {"seat": "12"})
    for filter_ in ({"transfer_group": "sale:1"}, {"payment_intent": str(charge.payment_intent)}):
        found = local.client.v1.charges.list(filter_)  # type: ignore[arg-type]
        assert [each.id for each in found.data] == [charge.id]
    assert local.client.v1.charges.list({"transfer_group": "sale:2"}).data == []


def test_a_transfer_and_a_payout_keep_new_metadata(local: Local) -> None:
    local.buy(number="4000000000000077")
    ada = local.payee()
    transfer = local.client.v1.transfers.create({"amount": 900, "currency": "usd", "destination": ada})
    changed = local.client.v1.transfers.update(transfer.id, {"metadata": {"run": "1"}, "description": "Run 1"})
    assert (changed.metadata.to_dict(), changed.description) == ({"run": "1"}, "Run 1")
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = local.client.v1.payouts.create({"amount": 900, "currency": "usd"}, options)
    assert local.client.v1.payouts.update(payout.id, {"metadata": {"run": "1"}}, options).metadata is not None
    arriving = local.client.v1.payouts.list({"status": "pending", "arrival_date": payout.arrival_date}, options)
    assert [each.id for each in arriving.data] == [payout.id]
    assert local.client.v1.payouts.list({"arrival_date": {"gt": payout.arrival_date}}, options).data == []


def test_prices_are_found_by_key_and_product(local: Local) -> None:
    product = local.client.v1.products.create(
        {"name": "Supporters", "default_price_data": {"currency": "usd", "unit_amount": 299}}
    )
    assert product.default_price is not None
    price = local.client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount": 499,
            "lookup_key": "ada-499",
            "recurring": {"interval": "month"},
        }
    )
    assert [each.id for each in local.client.v1.prices.list({"lookup_keys": ["ada-499"]}).data] == [price.id]
    assert local.client.v1.prices.update(price.id, {"active": False}).active is False
    active = local.client.v1.prices.list({"product": product.id, "active": True}).data
    assert [each.id for each in active] == [product.default_price]
    assert local.client.v1.products.update(product.id, {"name": "Friends"}).name == "Friends"


def test_an_invoice_is_finalized_voided_or_written_off(local: Local) -> None:
    customer = local.client.v1.customers.create({"email": "linus@example.org"})
    product = local.client.v1.products.create({"name": "Supporters"})
    price = local.client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 499, "recurring": {"interval": "week"}}
    )
    subscription = local.client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "default_incomplete"}
    )
    first = str(subscription.latest_invoice)
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        local.client.v1.invoices.finalize_invoice(first)
    assert local.client.v1.invoices.mark_uncollectible(first).status == "uncollectible"
    assert local.client.v1.invoices.void_invoice(first).status == "void"
    with pytest.raises(stripe.InvalidRequestError):
        local.client.v1.invoices.pay(first)
    assert local.balance() == (0, 0)


def test_a_card_is_made_from_its_number(local: Local) -> None:
    method = local.client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "5555555555554444", "exp_month": 3, "exp_year": 2031, "cvc": "123"}}
    )
    assert method.card is not None
    assert (method.card.brand, method.card.last4, method.card.exp_year) == ("mastercard", "4444", 2031)
    with pytest.raises(stripe.CardError, match="non test card"):
        local.client.v1.payment_methods.create({"type": "card", "card": {"number": "4111111111111111"}})


def test_a_webhook_endpoint_is_switched_off(local: Local) -> None:
    endpoint = local.client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/x", "enabled_events": ["*"]})
    off = local.client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True, "metadata": {"why": "test"}})
    assert (off.status, off.metadata.to_dict()) == ("disabled", {"why": "test"})
    local.client.v1.customers.create({"email": "linus@example.org"})
    assert sum(local.control("deliveries").values()) == 0


def test_a_session_keeps_new_metadata_and_lists_its_lines(local: Local) -> None:
    session = local.session()
    assert local.client.v1.checkout.sessions.update(session.id, {"metadata": {"seat": "12"}}).metadata is not None
    lines = local.client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.amount_total) for line in lines.data] == [("Ticket", 1000)]
    local.client.v1.checkout.sessions.expire(session.id)
    assert local.client.v1.checkout.sessions.list({"status": "open"}).data == []


def test_a_setup_intent_is_cancelled(local: Local) -> None:
    intent = local.client.v1.setup_intents.create()
    assert local.client.v1.setup_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        local.client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
