"""The mirror of Stripe's balance transactions, and how far it has been filled."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class MirrorState(models.TextChoices):
    """What has become of a balance transaction in our books."""

    IMPORTED = "imported", "Imported"
    POSTED = "posted", "In the ledger"
    UNMATCHED = "unmatched", "Matches nothing of ours"
    MISMATCH = "mismatch", "Differs from what was sold"


WAITING_STATES = (MirrorState.IMPORTED, MirrorState.UNMATCHED)
"""Both are tried again: soon, and as they age ever more slowly."""


class BalanceTransaction(models.Model):
    """One movement of the platform's Stripe balance, as Stripe told it (amounts in our minor units).

    `next_attempt_at` (the Clock's time, as all times here) matters while it waits to be taken. `reconciled_at` says
    when its posting was found to move the same amount.
    Source: https://docs.stripe.com/api/balance_transactions/object
    """

    id = models.CharField(max_length=255, primary_key=True)
    type = models.CharField(max_length=60)
    reporting_category = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=255, blank=True, db_index=True)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    exchange_rate = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    created_at = models.DateTimeField(db_index=True)
    available_on = models.DateTimeField()
    raw = models.JSONField()
    imported_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MirrorState.choices, default=MirrorState.IMPORTED)
    note = models.CharField(max_length=500, blank=True)
    posting_key = models.CharField(max_length=255, blank=True)
    settled_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MirrorState.values), name="balance_transaction_state_known"),
            models.CheckConstraint(
                condition=Q(net_minor=models.F("amount_minor") - models.F("fee_minor")),
                name="balance_transaction_net_is_amount_less_fee",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="balance_transaction_currency_wellformed"
            ),
            models.CheckConstraint(
                condition=~Q(state=MirrorState.POSTED) | ~Q(posting_key=""),
                name="balance_transaction_posted_names_its_posting",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(state=MirrorState.POSTED),
                name="balance_transaction_settled_after_posted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "created_at"],
                condition=Q(state__in=WAITING_STATES),
                name="balance_transaction_to_take",
            ),
            models.Index(
                fields=["imported_at"], condition=~Q(state=MirrorState.POSTED), name="balance_transaction_unposted"
            ),
            models.Index(
                fields=["imported_at"],
                condition=Q(state=MirrorState.POSTED, reconciled_at__isnull=True),
                name="balance_transaction_to_compare",
            ),
            models.Index(fields=["posting_key"], condition=~Q(posting_key=""), name="balance_transaction_by_posting"),
            models.Index(
                fields=["available_on"],
                condition=Q(state=MirrorState.POSTED, settled_at__isnull=True),
                name="balance_transaction_to_settle",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class ImportCursor(models.Model):
    """How far a list of Stripe's has been read; saved with each page, so that a killed import goes on from there.

    `newest_id` is where reading forward goes on. A first import walks back from there: `backfill_id` is the oldest row
    read so far, and `backfilled_at` says when the beginning was reached.
    """

    name = models.CharField(max_length=60, primary_key=True)
    newest_id = models.CharField(max_length=255, blank=True)
    backfill_id = models.CharField(max_length=255, blank=True)
    backfilled_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
