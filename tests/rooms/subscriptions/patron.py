"""Plans and subscriptions without Stripe: the operations themselves, fed with what Stripe would have said."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from payouts import handlers
from payouts.gateway.billing import StripeInvoice, StripeSubscription
from payouts.locks import lock_billing_subscription
from payouts.models import BillingPrice, Sale, SaleState
from payouts.subscriptions.invoices import learn_invoice
from payouts.subscriptions.learning import learn
from rooms.gifts.operations import claim, give
from rooms.models import Creator, Gift, Plan, Subscription, User
from rooms.subscriptions.operations import subscribe
from rooms.subscriptions.plans import open_plan

MONTH = timedelta(days=30)


def plan(creator: Creator, *, now: datetime, **changes: Any) -> Plan:
    """A plan that Stripe knows."""
    facts: dict[str, Any] = {"name": "Gold", "perks": "Every room", "price_minor": 499, "currency": "USD"}
    made = open_plan(creator_id=creator.id, trial_days=changes.pop("trial_days", 0), now=now, **facts | changes)
    BillingPrice.objects.filter(id=made.billing_id).update(
        stripe_price_id=f"price_{made.id.hex[:8]}", stripe_product_id=f"prod_{made.id.hex[:8]}"
    )
    return Plan.objects.select_related("billing", "creator").get(id=made.id)


def subscription(plan: Plan, subscriber: User, *, now: datetime, status: str = "active", **told: Any) -> Subscription:
    """A subscription that began now and is as Stripe says."""
    made = subscribe(plan_id=plan.id, subscriber_id=subscriber.id, now=now)
    say(made, now=now, status=status, **told)
    return Subscription.objects.select_related("billing", "plan", "creator").get(id=made.id)


def say(made: Subscription, *, now: datetime, **told: Any) -> None:
    """Stripe says something of it."""
    billing = lock_billing_subscription(made.billing_id)
    assert billing is not None
    facts: dict[str, Any] = {
        "id": f"sub_{made.id.hex[:8]}",
        "raw": {},
        "subscription_id": str(billing.id),
        "outbox_id": "",
        "status": "active",
        "customer_id": "cus_1",
        "item_id": "si_1",
        "price_id": billing.price.stripe_price_id,
        "period_starts_at": now,
        "period_ends_at": now + MONTH,
        "trial_ends_at": None,
        "ends_at": None,
        "started_at": billing.started_at or now,
        "ended_at": None,
        "end_reason": "",
        "latest_invoice_id": "",
    }
    learn(subscription=billing, told=StripeSubscription(**facts | told), now=now)


def invoice(made: Subscription, *, now: datetime, **told: Any) -> None:
    """Stripe says something of one of its invoices: a paid one, unless told otherwise."""
    billing = lock_billing_subscription(made.billing_id)
    assert billing is not None
    invoice_id = told.pop("id", f"in_{uuid4().hex[:12]}")
    facts: dict[str, Any] = {
        "id": invoice_id,
        "raw": {},
        "subscription_id": str(billing.id),
        "stripe_subscription_id": billing.stripe_subscription_id,
        "status": "paid",
        "reason": "subscription_cycle",
        "due_minor": 499,
        "paid_minor": 499,
        "currency": "USD",
        "period_starts_at": now,
        "period_ends_at": now + MONTH,
        "attempts": 1,
        "next_attempt_at": None,
        "pay_url": f"https://invoice.example/{invoice_id}",
        "created_at": now,
        "paid_at": now,
        "payment_intent_ids": (f"pi_{invoice_id}",),
        "charge_id": f"ch_{invoice_id}",
    }
    if told.get("status", "paid") != "paid":
        facts |= {"paid_minor": 0, "paid_at": None, "payment_intent_ids": (), "charge_id": ""}
    learn_invoice(subscription=billing, told=StripeInvoice(**facts | told), now=now)


def claimed_gift(plan: Plan, giver: User, receiver: User, *, now: datetime) -> Gift:
    """A month of a plan that was paid for and claimed."""
    gift = give(
        plan_id=plan.id, giver_id=giver.id, months=1, recipient_email=receiver.email, message="",
        now=now,
    )  # fmt: skip
    Sale.objects.filter(id=gift.sale_id).update(state=SaleState.PAID, paid_at=now, charge_id="ch_gift")
    handlers.tell("sale.paid", sale_id=gift.sale_id, now=now)
    return claim(token=gift.token, user_id=receiver.id, now=now)
