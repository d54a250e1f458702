"""Put an amount a month on sale, and take it off again."""

import uuid
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger import fees
from payouts.errors import UnknownPayeeError
from payouts.gateway import billing_bodies
from payouts.locks import lock_billing_price
from payouts.models import BillingPrice, Payee
from payouts.outbox.operations import enqueue


@transaction.atomic
def open_price(
    *, subject: str, title: str, payee_id: UUID, amount_minor: int, currency: str, policy_slug: str, now: datetime
) -> BillingPrice:
    """Put a price on sale in place of the subject's present one; it can be subscribed to once Stripe has it.

    Those who subscribed to the old one go on paying that.

    Raises:
        UnknownPayeeError: nobody of that id is owed money.
        KeyError: no such policy is in force.
        ValueError: the amount is not positive, or the policy adds processing on top of it, which Billing cannot.
    """
    if amount_minor <= 0 or fees.latest(policy_slug, now.date()).processing == fees.Bearer.PAYER:
        raise ValueError("a price a month is positive, and its policy has the processing borne by the receivers")
    if not Payee.objects.filter(id=payee_id).exists():
        raise UnknownPayeeError({payee_id})
    retire_prices(subject=subject, now=now)
    price = BillingPrice.objects.create(
        subject=subject,
        title=title,
        payee_id=payee_id,
        amount_minor=amount_minor,
        currency=currency,
        policy_slug=policy_slug,
        opened_at=now,
    )
    _request(price, now=now)
    return price


@transaction.atomic
def retire_prices(*, subject: str, now: datetime) -> int:
    """Take the subject's price off sale, here and at Stripe; those who subscribed go on. How many there were."""
    on_sale = BillingPrice.objects.filter(subject=subject, retired_at__isnull=True).order_by("id")
    prices = [lock_billing_price(price_id) for price_id in on_sale.values_list("id", flat=True)]
    for price in prices:
        price.retired_at = now
        price.save(update_fields=["retired_at"])
        if price.stripe_price_id:
            ask_to_retire(price=price, now=now)
    return len(prices)


def ask_to_retire(*, price: BillingPrice, now: datetime) -> None:
    """Write down that Stripe is to take the locked price off sale."""
    enqueue(
        call_id=uuid.uuid4(),
        operation="price.retire",
        subject=price.call_subject,
        target_id=price.stripe_price_id,
        body=billing_bodies.price_retired(),
        now=now,
    )


def _request(price: BillingPrice, *, now: datetime) -> None:
    siblings = BillingPrice.objects.filter(subject=price.subject).exclude(stripe_product_id="")
    product_id = siblings.order_by("opened_at").values_list("stripe_product_id", flat=True).first() or ""
    call_id = uuid.uuid4()
    body = billing_bodies.price(
        outbox_id=call_id,
        price_id=price.id,
        title=price.title,
        amount_minor=price.amount_minor,
        currency=price.currency,
        product_id=product_id,
    )
    enqueue(call_id=call_id, operation="price.create", subject=price.call_subject, body=body, now=now)
