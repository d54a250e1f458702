"""What months bring: subscriptions, other plans, renewals, ends; and months that are given away."""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import rule

from config import clock
from payouts.models import LIVE_STATES, BillingSubscription
from rooms.errors import (
    AlreadySubscribedError,
    GiftNotClaimableError,
    PlanNotSoldError,
    SubscriptionNotChangedError,
)
from rooms.gifts.operations import MONTHS, claim
from rooms.models import Gift, Plan, Subscription
from rooms.subscriptions.operations import cancel, resume
from rooms.subscriptions.plan_changes import take_plan
from tests.payouts.field.story import ANY, CARDS, Story

SUBSCRIPTIONS_MAX = 4


class Billing(Story):
    """Listeners and what they pay by the month."""

    @rule(number=ANY, who=ANY, card=st.sampled_from(["4242424242424242", "4000000000000341"]))
    def subscribe(self, number: int, who: int, card: str) -> None:
        """Somebody subscribes to Ada; the second card will fail at the next charge."""
        if BillingSubscription.objects.count() >= SUBSCRIPTIONS_MAX:
            return
        with suppress(AlreadySubscribedError, PlanNotSoldError, SubscriptionNotChangedError):
            self._pay(self.cast.month(self._plan(number), self._listener(who)), card)

    @rule(number=ANY, plan=ANY)
    def take_another_plan(self, number: int, plan: int) -> None:
        """A dearer plan charges the difference at once, a cheaper one is credited on the next invoice."""
        if found := self._subscription(number):
            with suppress(SubscriptionNotChangedError, PlanNotSoldError):
                take_plan(
                    subscription_id=found.id, subscriber_id=found.subscriber_id, plan_id=self._plan(plan).id,
                    now=clock.now(),
                )  # fmt: skip

    @rule(number=ANY, how=st.sampled_from(["now", "with the month", "go on"]))
    def end(self, number: int, how: str) -> None:
        """A subscriber wants no more months, or wants them after all."""
        if found := self._subscription(number):
            whose, now = {"subscription_id": found.id, "subscriber_id": found.subscriber_id}, clock.now()
            with suppress(SubscriptionNotChangedError):
                if how == "go on":
                    resume(**whose, now=now)
                else:
                    cancel(**whose, at_period_end=how == "with the month", now=now)

    @rule(number=ANY, who=ANY, months=st.sampled_from(MONTHS), card=st.sampled_from(CARDS))
    def give_months(self, number: int, who: int, months: int, card: str) -> None:
        """Somebody gives months of Ada's away."""
        self._pay(self.cast.gift(self._plan(number), self._listener(who), months=months), card)

    @rule(number=ANY, who=ANY)
    def claim_months(self, number: int, who: int) -> None:
        """Somebody opens the link of a gift, if it is theirs to take."""
        gifts = list(Gift.objects.filter(claimed_by__isnull=True).order_by("opened_at", "id"))
        if gifts:
            with suppress(GiftNotClaimableError, AlreadySubscribedError):
                claim(token=gifts[number % len(gifts)].token, user_id=self._listener(who), now=clock.now())

    @rule(days=st.sampled_from([31, 3]))
    def renew(self, days: int) -> None:
        """A month passes, or the days until Stripe tries a card again. Stripe lists events for 30 days only."""
        for _ in range(2):
            self.world.later(days=days / 2)
            while not self.world.catch_up():  # it is done every few minutes, so no month passes without
                pass

    def _plan(self, number: int) -> Plan:
        plans = list(Plan.objects.order_by("price_minor"))
        return plans[number % len(plans)]

    def _subscription(self, number: int) -> Subscription | None:
        """One of those that run."""
        found = list(Subscription.objects.filter(state__in=LIVE_STATES).order_by("opened_at", "id"))
        return found[number % len(found)] if found else None
