"""Every object has the fields of Stripe's published sample of its type, at every level that both fill in."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.payouts.sandbox.local import DAY_S, Local

PLACES = [folder / "shared" / "stripe" / "fixtures3.json" for folder in Path(__file__).resolve().parents]
SAMPLES = next((place for place in PLACES if place.exists()), PLACES[-1])
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="Stripe's published samples are not here")

# Free maps, and hashes of which Stripe fills in only the member that `type` names.
_FREE = {
    "metadata",
    "payment_method_options",
    "destination_details",
    "parent",
    "next_action",
    "last_payment_error",
    "wallet",
    "data",
}


def _missing(sample: Any, made: Any, path: str = "") -> list[str]:
    if not isinstance(sample, dict) or not isinstance(made, dict):
        return []
    found = [f"{path}{name}" for name in sample if name not in made]
    for name in sample.keys() & made.keys() - _FREE:
        found += _missing(sample[name], made[name], f"{path}{name}.")
    return found


def _world(local: Local) -> dict[str, dict[str, Any]]:
    """One object of every kind that the sandbox answers with, by Stripe's name of the kind."""
    client = local.client.v1
    refunded = local.buy(number="4000000000005126")
    client.refunds.create({"charge": refunded.id})
    local.buy(number="4000000000000259")
    local.buy(number="4000000000005423")
    local.buy(5000, number="4000000000000077")
    ada = local.payee()
    transfer = client.transfers.create({"amount": 900, "currency": "usd", "destination": ada})
    client.transfers.reversals.create(transfer.id, {"amount": 100})
    payout = client.payouts.create({"amount": 500, "currency": "usd"}, {"stripe_account": ada})
    customer = client.customers.create({"email": "linus@example.org"})
    method = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    setup = client.setup_intents.create({"customer": customer.id, "payment_method": method.id})
    product = client.products.create({"name": "Supporters"})
    price = client.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 499, "recurring": {"interval": "month"}}
    )
    subscription = client.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    portal = client.billing_portal.sessions.create({"customer": customer.id})
    endpoint = client.webhook_endpoints.create({"url": "http://127.0.0.1:9/x", "enabled_events": ["charge.failed"]})
    local.advance(2 * DAY_S)
    items = subscription["items"]
    invoice = client.invoices.list().data[0]
    sold = client.checkout.sessions.list({"expand": ["data.line_items"]}).data[0]
    assert sold.line_items is not None
    made = [
        client.balance.retrieve(),
        client.balance_settings.retrieve(),
        client.charges.retrieve(refunded.id),
        client.disputes.list().data[0],
        client.events.list().data[0],
        client.invoice_payments.list().data[0],
        client.payment_intents.list().data[0],
        client.payouts.retrieve(payout.id, None, {"stripe_account": ada}),
        client.radar.early_fraud_warnings.list().data[0],
        client.refunds.list().data[0],
        client.transfers.retrieve(transfer.id),
        client.transfers.reversals.list(transfer.id).data[0],
        client.balance_transactions.list().data[0],
        client.accounts.external_accounts.list(ada).data[0],
        *(customer, method, setup, product, price, subscription, portal, endpoint, sold, invoice),
        *(items.data[0], invoice.lines.data[0], sold.line_items.data[0]),
    ]
    return {each["object"]: each.to_dict() for each in made}


def test_objects_have_the_published_fields(local: Local) -> None:
    samples = json.loads(SAMPLES.read_text())["resources"]
    # `line_item` there is an older shape; the line inside the sample invoice is the published one.
    samples["line_item"] = samples["invoice"]["lines"]["data"][0]
    world = _world(local)
    assert len(world) == 27
    assert world.keys() <= samples.keys()
    missing = {kind: _missing(samples[kind], made) for kind, made in world.items()}
    assert {kind: names for kind, names in missing.items() if names} == {}
