"""Linus subscribes to Ada, through Stripe."""

import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe

from config import clock
from payouts.models import BillingPrice, BillingSubscription, Payee
from payouts.subscriptions.opening import open_subscription, start_checkout
from payouts.subscriptions.prices import open_price
from tests.payouts.stripe_driver import Sandbox, Workers, form

FAILS = "4000000000000341"  # can be saved, is declined when charged
RENEWAL_H = 1  # a renewal's invoice is a draft for an hour


@dataclass
class Patrons:
    """Sells months of Ada's to Linus."""

    sandbox: Sandbox
    workers: Workers
    payer_id: UUID

    def price(self, payee: Payee, amount_minor: int = 499, *, subject: str = "plan:supporters") -> BillingPrice:
        """A price that Stripe knows."""
        price = open_price(
            subject=subject,
            title=f"Ada's {subject.removeprefix('plan:')}",
            payee_id=payee.id,
            amount_minor=amount_minor,
            currency="USD",
            policy_slug="obole-standard",
            now=clock.now(),
        )
        self.workers.call()
        price.refresh_from_db()
        return price

    def open(self, price: BillingPrice, *, trial_days: int = 0) -> BillingSubscription:
        """A subscription with its card page."""
        now = clock.now()
        subscription = open_subscription(
            subscription_id=uuid.uuid4(),
            payer_id=self.payer_id,
            payer_name="Linus",
            payer_email="linus@example.org",
            price=price,
            trial_days=trial_days,
            return_url="http://testserver/subscriptions/1/",
            cancel_url="http://testserver/creators/ada/",
            now=now,
        )
        return start_checkout(subscription_id=subscription.id, now=now)

    def paid(self, price: BillingPrice, **more: Any) -> BillingSubscription:
        """A subscription that Linus paid and nobody has told us about."""
        subscription = self.open(price, **more)
        assert self.sandbox.pay(subscription.checkout_url) == 303
        return subscription

    def subscribe(self, price: BillingPrice, **more: Any) -> BillingSubscription:
        """A subscription that Linus paid and that all events have told about."""
        subscription = self.paid(price, **more)
        self.workers.turn()
        subscription.refresh_from_db()
        return subscription

    def at_stripe(self, subscription: BillingSubscription) -> stripe.Subscription:
        """As Stripe has it."""
        return self.sandbox.client.v1.subscriptions.retrieve(subscription.stripe_subscription_id)

    def invoices(self, subscription: BillingSubscription) -> list[stripe.Invoice]:
        """As Stripe has them, oldest first."""
        listed = self.sandbox.client.v1.invoices.list({"subscription": subscription.stripe_subscription_id})
        return listed.data[::-1]

    def new_card(self, subscription: BillingSubscription, number: str) -> None:
        """Linus changes his card in the customer portal."""
        assert form(self.portal(subscription), number=number, exp="12/34", cvc="123") == 303

    def portal(self, subscription: BillingSubscription) -> str:
        """A link to the portal."""
        customer = self.at_stripe(subscription).customer
        made = self.sandbox.client.v1.billing_portal.sessions.create({"customer": str(customer)})
        return made.url

    def month(self, subscription: BillingSubscription, *, hours: float = RENEWAL_H) -> None:
        """The clock moves so many hours past the end of the present month; nobody has told us anything."""
        end = self.at_stripe(subscription)["items"].data[0].current_period_end
        self.sandbox.control("clock", to=end + hours * 3600)
        clock.now(fresh=True)
