"""Subscriptions as Stripe's Billing keeps them: what is charged each month, who pays it, and its invoices."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from payouts.models.customer import Customer
from payouts.models.payee import Payee
from payouts.models.sale import Sale


def _unique_unless_empty(model: str, field: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=[field], condition=~Q(**{field: ""}), name=f"{model}_{field}_unique")


class BillingPrice(models.Model):
    """An amount a month for something of a payee's. Prices never change: another amount is another price.

    `subject` names what is sold ("plan:<uuid>") and is the same for all its prices, which share a product at Stripe.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=120, db_index=True)
    title = models.CharField(max_length=200)
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="billing_prices")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    policy_slug = models.SlugField(max_length=60)
    stripe_price_id = models.CharField(max_length=255, blank=True)
    stripe_product_id = models.CharField(max_length=255, blank=True)
    failure = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            _unique_unless_empty("billing_price", "stripe_price_id"),
            models.UniqueConstraint(
                fields=["subject"], condition=Q(retired_at__isnull=True), name="billing_price_one_on_sale"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="billing_price_positive"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="billing_price_currency_wellformed"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def call_subject(self) -> str:
        """How calls name it."""
        return f"price:{self.id}"


class BillingState(models.TextChoices):
    """Where a subscription is. The last two are final; the others can still bring money."""

    INCOMPLETE = "incomplete", "Waiting for the first payment"
    TRIALING = "trialing", "Trial"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Renewal not paid, being tried again"
    CANCELLED = "cancelled", "Cancelled"
    ENDED = "ended", "Ended, not paid"


LIVE_STATES = (BillingState.TRIALING, BillingState.ACTIVE, BillingState.PAST_DUE)
OVER_STATES = (BillingState.CANCELLED, BillingState.ENDED)


class BillingSubscription(models.Model):
    """Somebody pays a price month by month.

    `period_*` is the month that Stripe bills now, paid or not. `ends_at` is set while the end is decided and still to
    come. `check_at` is when we look at Stripe's side even if no event comes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="billing_subscriptions")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="billing_subscriptions")
    price = models.ForeignKey(BillingPrice, on_delete=models.PROTECT, related_name="subscriptions")
    trial_days = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=BillingState.choices, default=BillingState.INCOMPLETE)
    failure = models.CharField(max_length=500, blank=True)
    return_url = models.TextField()
    cancel_url = models.TextField()
    checkout_session_id = models.CharField(max_length=255, blank=True)
    checkout_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField()
    stripe_subscription_id = models.CharField(max_length=255, blank=True)
    stripe_item_id = models.CharField(max_length=255, blank=True)
    period_starts_at = models.DateTimeField(null=True)
    period_ends_at = models.DateTimeField(null=True)
    trial_ends_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            _unique_unless_empty("billing_subscription", "checkout_session_id"),
            _unique_unless_empty("billing_subscription", "stripe_subscription_id"),
            models.CheckConstraint(
                condition=Q(state__in=BillingState.values), name="billing_subscription_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=LIVE_STATES)
                | Q(started_at__isnull=False, period_starts_at__isnull=False, period_ends_at__isnull=False)
                & ~Q(stripe_subscription_id=""),
                name="billing_subscription_live_has_started",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OVER_STATES, ended_at__isnull=False, check_at__isnull=True)
                | ~Q(state__in=OVER_STATES) & Q(ended_at__isnull=True, check_at__isnull=False),
                name="billing_subscription_over_has_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="billing_sub_to_check"),
            models.Index(fields=["-opened_at"], name="billing_sub_newest"),
        ]

    def __str__(self) -> str:
        return f"Subscription {self.id}"

    @property
    def call_subject(self) -> str:
        """How calls name it."""
        return f"subscription:{self.id}"


class InvoiceState(models.TextChoices):
    """Where an invoice is; drafts are not kept."""

    OPEN = "open", "To be paid"
    PAID = "paid", "Paid"
    VOID = "void", "Void"
    UNCOLLECTIBLE = "uncollectible", "Given up"


class BillingInvoice(models.Model):
    """What one month, or one change of plan, costs. `sale` is its charge, which an invoice of nothing has not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stripe_invoice_id = models.CharField(max_length=255, unique=True)
    subscription = models.ForeignKey(BillingSubscription, on_delete=models.PROTECT, related_name="invoices")
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=13, choices=InvoiceState.choices)
    due_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    period_starts_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    pay_url = models.TextField(blank=True)
    sale = models.OneToOneField(Sale, on_delete=models.PROTECT, null=True, related_name="billing_invoice")
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InvoiceState.values), name="billing_invoice_state_known"),
            models.CheckConstraint(
                condition=~Q(state=InvoiceState.PAID) | Q(paid_at__isnull=False), name="billing_invoice_paid_has_time"
            ),
            models.CheckConstraint(
                condition=Q(sale__isnull=True) | Q(state=InvoiceState.PAID, paid_minor__gt=0),
                name="billing_invoice_sale_is_paid",
            ),
        ]
        indexes = [models.Index(fields=["subscription", "-created_at"], name="billing_invoice_newest")]

    def __str__(self) -> str:
        return self.stripe_invoice_id
