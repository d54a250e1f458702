"""Refunds: one row for each refund at Stripe, asked for by us or made in Stripe's dashboard."""

import uuid

from django.db import models
from django.db.models import Q

from payouts.models.sale import Sale


class RefundState(models.TextChoices):
    """Where a refund is.

    asked -> made -> posted. Stripe may refuse the call, and the card may fail to take the money, long after it was
    posted: then it comes back (`returned_at`), and the same money can be asked back again by another refund.
    """

    ASKED = "asked", "Being asked for at Stripe"
    MADE = "made", "Made at Stripe"
    POSTED = "posted", "In the ledger"
    FAILED = "failed", "Failed, the card did not take it"
    REFUSED = "refused", "Refused by Stripe"


class RefundReason(models.TextChoices):
    """Why money goes back."""

    REQUESTED = "requested", "The buyer asked for it"
    HOST = "host", "The host gave it back"
    CANCELLED = "cancelled", "The room was cancelled"
    NO_SHOW = "no_show", "Nobody came to speak"
    LATE = "late", "Paid too late"
    DUPLICATE = "duplicate", "Paid twice"
    FRAUDULENT = "fraudulent", "Fraud"
    GOODWILL = "goodwill", "Goodwill"
    SUSPENSE = "suspense", "Matched nothing"
    STRIPE = "stripe", "Made at Stripe"


AT_STRIPE = (RefundState.MADE, RefundState.POSTED, RefundState.FAILED)
LIVE = (RefundState.ASKED, RefundState.MADE, RefundState.POSTED)


class Refund(models.Model):
    """A part of a sale's charge on its way back, in presentment currency.

    `key` is the asker's, so that asking twice is one refund; `wanted_minor` and `wanted_total_minor` are what was
    asked with it, `amount_minor` what it came to. One made at Stripe has Stripe's id for a key and no `call_id`.
    One that failed and is posted after its sale had given back everything else is more than is left of it:
    `beyond_minor` (presentment) is bad debt until the movement that brings it back is posted.
    `stripe_status` is Stripe's word for one that has not left it yet, and `sent_at` when it had:
    `payouts.refunds.standing` tells people from them where the money is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=255)
    amount_minor = models.BigIntegerField()
    beyond_minor = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)
    wanted_minor = models.BigIntegerField(null=True)
    wanted_total_minor = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=12, choices=RefundReason.choices)
    note = models.CharField(max_length=200, blank=True)
    asked_by = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=RefundState.choices, default=RefundState.ASKED)
    stripe_status = models.CharField(max_length=20, blank=True, default="", db_default="")
    call_id = models.UUIDField(null=True)
    refund_id = models.CharField(max_length=255, blank=True)
    balance_transaction_id = models.CharField(max_length=255, blank=True)
    failure_balance_transaction_id = models.CharField(max_length=255, blank=True)
    failure = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="refund_key_unique"),
            models.UniqueConstraint(fields=["call_id"], name="refund_call_unique"),
            models.UniqueConstraint(fields=["refund_id"], condition=~Q(refund_id=""), name="refund_id_unique"),
            models.CheckConstraint(condition=Q(state__in=RefundState.values), name="refund_state_known"),
            models.CheckConstraint(condition=Q(reason__in=RefundReason.values), name="refund_reason_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(
                condition=Q(beyond_minor=0)
                | Q(beyond_minor__gt=0, beyond_minor__lte=models.F("amount_minor"), state=RefundState.FAILED),
                name="refund_beyond_its_sale_failed",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="refund_currency_wellformed"),
            models.CheckConstraint(
                condition=~Q(state__in=AT_STRIPE) | ~Q(refund_id="") & Q(made_at__isnull=False),
                name="refund_at_stripe_has_id_and_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AT_STRIPE) | Q(refund_id="", posted_at__isnull=True),
                name="refund_not_at_stripe_moved_nothing",
            ),
            models.CheckConstraint(
                condition=~Q(state=RefundState.POSTED)
                | Q(posted_at__isnull=False, returned_at__isnull=True) & ~Q(balance_transaction_id=""),
                name="refund_posted_has_movement",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(RefundState.FAILED, RefundState.REFUSED), failed_at__isnull=False)
                & ~Q(failure="")
                | ~Q(state__in=(RefundState.FAILED, RefundState.REFUSED)) & Q(failed_at__isnull=True, failure=""),
                name="refund_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(state=RefundState.FAILED, posted_at__isnull=False),
                name="refund_returned_after_posted",
            ),
        ]
        indexes = [
            models.Index(fields=["sale", "asked_at"], name="refund_of_sale"),
            models.Index(fields=["-asked_at"], name="refund_newest"),
            models.Index(fields=["balance_transaction_id"], name="refund_movement"),
            models.Index(fields=["failure_balance_transaction_id"], name="refund_failure_movement"),
        ]

    def __str__(self) -> str:
        return f"Refund {str(self.id)[:8]}"
