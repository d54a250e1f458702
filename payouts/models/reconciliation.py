"""Where the books and Stripe's balance disagree: one row each, from when it is found until it goes away by itself."""

from django.db import models
from django.db.models import Q


class BreakKind(models.TextChoices):
    """On which side something is missing."""

    MOVEMENT_WITHOUT_POSTING = "movement", "At Stripe, not in the ledger"
    POSTING_WITHOUT_MOVEMENT = "posting", "In the ledger, not at Stripe"
    AMOUNT = "amount", "Another amount than at Stripe"
    BALANCE = "balance", "The balances differ, and no row explains it"
    SIDE = "side", "Pending at the one, available at the other"


class ReconciliationBreak(models.Model):
    """One difference: `amount_minor` is what Stripe has more than the ledger, in `currency`.

    `key` names what differs, and is open once: what breaks again after it went away is a new row. `since` is when the
    money moved, so that age is the age of the difference and not of its discovery.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=BreakKind.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    cause = models.TextField()
    movement_id = models.CharField(max_length=255, blank=True)
    posting_key = models.CharField(max_length=255, blank=True)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(resolved_at__isnull=True), name="reconciliation_break_open_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=BreakKind.values), name="reconciliation_break_kind_known"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="reconciliation_break_currency_wellformed"
            ),
            models.CheckConstraint(condition=~Q(cause=""), name="reconciliation_break_proposes_a_cause"),
        ]
        indexes = [
            models.Index(fields=["since"], condition=Q(resolved_at__isnull=True), name="reconciliation_break_open"),
            models.Index(fields=["-found_at"], name="reconciliation_break_newest"),
        ]

    def __str__(self) -> str:
        return self.key


class ReconciliationCursor(models.Model):
    """How far the ledger has been compared with Stripe, in the ledger's order of commits; one row."""

    name = models.CharField(max_length=60, primary_key=True)
    epoch = models.IntegerField(default=0)
    xact = models.BigIntegerField(default=0)
    transaction_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
