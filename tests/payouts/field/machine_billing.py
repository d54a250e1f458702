"""What months bring: subscriptions and their renewals."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from payouts.models import BillingPrice, BillingSubscription
from tests.payouts.field.story import Story
from tests.payouts.patrons import Patrons
from tests.payouts.stripe_driver import Workers

SUBSCRIPTIONS_MAX = 3


class Billing(Story):
    """Linus and what he pays by the month."""

    def __init__(self) -> None:
        super().__init__()
        self.patrons = Patrons(self.world.sandbox, Workers(self.world.sandbox), self.linus_id)
        self.prices = list(BillingPrice.objects.all())

    @rule(card=st.sampled_from(["4242424242424242", "4000000000000341"]))
    def subscribe(self, card: str) -> None:
        """Linus subscribes to Ada; the second card will fail at renewal."""
        if BillingSubscription.objects.count() >= SUBSCRIPTIONS_MAX:
            return
        subscription = self.patrons.open(self.prices[0])
        if subscription.checkout_url:
            assert self.world.sandbox.pay(subscription.checkout_url, number=card) < 500

    @rule(days=st.sampled_from([31, 3]))
    def renew(self, days: int) -> None:
        """A month passes, or the days until Stripe tries a card again. Stripe lists events for 30 days only."""
        for _ in range(2):
            self.world.later(days=days / 2)
            while not self.world.catch_up():  # it is done every few minutes, so no month passes without
                pass
