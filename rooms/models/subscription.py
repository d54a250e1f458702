"""Plans that creators sell by the month, and the listeners who subscribe."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from djmoney.money import Money

from payouts.models import LIVE_STATES, BillingState
from rooms import money
from rooms.models.creator import Creator

OPEN_STATES = (BillingState.INCOMPLETE, *LIVE_STATES)
PLAN_NAME_MAX = 60
PERKS_MAX = 600
TRIAL_DAYS_MAX = 90


class Plan(models.Model):
    """What a month of a creator's costs and gives. A price at Stripe never changes: a dearer month is a new one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="plans")
    name = models.CharField(max_length=PLAN_NAME_MAX)
    perks = models.TextField(max_length=PERKS_MAX, blank=True)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    trial_days = models.PositiveSmallIntegerField(default=0)
    billing = models.OneToOneField("payouts.BillingPrice", on_delete=models.PROTECT, related_name="plan")
    opened_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["price_minor", "opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "name"], condition=Q(retired_at__isnull=True), name="plan_name_unique_on_sale"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="plan_price_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="plan_currency_wellformed"),
            models.CheckConstraint(condition=Q(trial_days__lte=TRIAL_DAYS_MAX), name="plan_trial_in_range"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Money:
        """The price of a month, for display and forms."""
        return money.from_minor(self.price_minor, self.currency)

    @property
    def subject(self) -> str:
        """How its prices name it."""
        return f"plan:{self.id}"

    @property
    def is_ready(self) -> bool:
        """Whether Stripe has its price. Reads `billing`."""
        return bool(self.billing.stripe_price_id)


class Subscription(models.Model):
    """A listener's subscription to a creator. Where its money is, `billing` says; here is what it gives.

    `state` is that of `billing`, kept beside `access_until` so that access is one indexed read. `cut_off_at` is set
    when the month was given back to the card, or is disputed. `kept_until` is the end of a month that is open though
    Stripe ended the subscription: it was paid after the end, or its money came back to us.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    subscriber = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    billing = models.OneToOneField("payouts.BillingSubscription", on_delete=models.PROTECT, related_name="membership")
    state = models.CharField(max_length=10, choices=BillingState.choices, default=BillingState.INCOMPLETE)
    access_until = models.DateTimeField(null=True, blank=True)
    cut_off_at = models.DateTimeField(null=True, blank=True)
    kept_until = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "subscriber"],
                condition=Q(state__in=OPEN_STATES),
                name="subscription_one_open_per_creator",
            ),
            models.CheckConstraint(condition=Q(state__in=BillingState.values), name="subscription_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=LIVE_STATES) | Q(access_until__isnull=False),
                name="subscription_live_says_until_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscriber", "creator", "access_until"],
                condition=Q(access_until__isnull=False),
                name="subscription_access",
            ),
            models.Index(
                fields=["access_until"],
                condition=Q(access_until__isnull=False, lapsed_at__isnull=True),
                name="subscription_to_lapse",
            ),
        ]

    def __str__(self) -> str:
        return f"Subscription {self.id}"

    def get_absolute_url(self) -> str:
        """The page that always knows where this subscription is."""
        return reverse("subscription", kwargs={"subscription_id": self.id})

    @property
    def is_open(self) -> bool:
        """Whether it can still bring money."""
        return self.state in OPEN_STATES

    def gives_access(self, *, now: datetime) -> bool:
        """Whether it opens the creator's rooms now."""
        return self.cut_off_at is None and self.access_until is not None and now < self.access_until
