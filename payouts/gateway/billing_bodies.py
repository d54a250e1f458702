"""The exact bodies of Billing's calls. Each carries its outbox id, by which its effect is found again."""

from datetime import datetime
from uuid import UUID

from stripe.params import (
    InvoiceVoidInvoiceParams,
    PriceCreateParams,
    PriceUpdateParams,
    SubscriptionCancelParams,
    SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from payouts.gateway import canonical
from payouts.gateway.amounts import to_stripe

_NAME_MAX = 250


def price(*, outbox_id: UUID, price_id: UUID, title: str, amount_minor: int, currency: str, product_id: str) -> str:
    """An amount a month, of a product that there is or, where `product_id` is empty, of one made with it.

    Source: https://docs.stripe.com/api/prices/create
    """
    body = PriceCreateParams(
        currency=currency.lower(),
        unit_amount=to_stripe(amount_minor, currency),
        recurring={"interval": "month"},
        metadata={"price_id": str(price_id), "outbox_id": str(outbox_id)},
    )
    if product_id:
        body["product"] = product_id
    else:
        body["product_data"] = {"name": title[:_NAME_MAX]}
    return canonical.text(body)


def price_retired() -> str:
    """Nobody can subscribe to it any more; those who did go on. Source: https://docs.stripe.com/api/prices/update"""
    return canonical.text(PriceUpdateParams(active=False))


def checkout_session(
    *,
    outbox_id: UUID,
    subscription_id: UUID,
    customer_id: str,
    stripe_price_id: str,
    trial_days: int,
    expires_at: datetime,
    return_url: str,
    cancel_url: str,
) -> str:
    """A hosted card page that starts a subscription.

    Source: https://docs.stripe.com/payments/checkout/build-subscriptions
    """
    ours = {"subscription_id": str(subscription_id)}
    body = SessionCreateParams(
        mode="subscription",
        customer=customer_id,
        line_items=[{"price": stripe_price_id, "quantity": 1}],
        client_reference_id=str(subscription_id),
        success_url=return_url,
        cancel_url=cancel_url,
        expires_at=int(expires_at.timestamp()),
        metadata=ours | {"outbox_id": str(outbox_id)},
        subscription_data={"metadata": ours},
    )
    if trial_days:
        body["subscription_data"] = {"metadata": ours, "trial_period_days": trial_days}
    return canonical.text(body)


def end_of_subscription(*, outbox_id: UUID, at_period_end: bool) -> str:
    """End it with the month that is paid, or go on after all.

    Source: https://docs.stripe.com/billing/subscriptions/cancel
    """
    return canonical.text(
        SubscriptionUpdateParams(cancel_at_period_end=at_period_end, metadata={"outbox_id": str(outbox_id)})
    )


def change_of_price(
    *, outbox_id: UUID, item_id: str, stripe_price_id: str, charge_now: bool, prorated_at: datetime | None
) -> str:
    """Another price: the difference from a moment on is charged now or, where the new price is lower, credited.

    A card that is refused changes nothing. Source: https://docs.stripe.com/billing/subscriptions/prorations
    """
    body = SubscriptionUpdateParams(
        items=[{"id": item_id, "price": stripe_price_id}],
        proration_behavior="always_invoice" if charge_now else "create_prorations",
        payment_behavior="error_if_incomplete",
        metadata={"outbox_id": str(outbox_id)},
    )
    if prorated_at is not None:
        body["proration_date"] = int(prorated_at.timestamp())
    return canonical.text(body)


def cancellation() -> str:
    """End it now; nothing is credited. Source: https://docs.stripe.com/api/subscriptions/cancel"""
    return canonical.text(SubscriptionCancelParams(prorate=False, invoice_now=False))


def void() -> str:
    """Nobody has to pay it any more. Source: https://docs.stripe.com/api/invoices/void"""
    return canonical.text(InvoiceVoidInvoiceParams())
