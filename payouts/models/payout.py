"""Payout runs, one a day, and the payouts they made."""

import uuid

from django.db import models
from django.db.models import Q

from payouts.models.payee import Payee


class RunState(models.TextChoices):
    """Whether a run has gone through all payees."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"


class PayoutRun(models.Model):
    """The payout run of one date of the Clock. Two at once end in one, by the unique date."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    on_date = models.DateField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["on_date"], name="payout_run_one_a_day"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="payout_run_state_known"),
            models.CheckConstraint(
                condition=~Q(state=RunState.DONE) | Q(finished_at__isnull=False), name="payout_run_done_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Payout run of {self.on_date:%Y-%m-%d}"


class PayoutState(models.TextChoices):
    """Where a payout is (E9).

    reserved -> transferred -> sent -> paid. A refused transfer goes to failed. A payout that fails at the bank, even
    after paid, is returning while its transfer is being reversed, then failed; its amount is owed again at once.
    """

    RESERVED = "reserved", "Set aside"
    TRANSFERRED = "transferred", "Moved to the payee's Stripe account"
    SENT = "sent", "On its way to the bank"
    PAID = "paid", "Paid"
    RETURNING = "returning", "Failed, being returned"
    FAILED = "failed", "Failed, returned"


MOVED = (PayoutState.TRANSFERRED, PayoutState.SENT, PayoutState.PAID, PayoutState.RETURNING)


class Payout(models.Model):
    """One payment of what a payee is owed in one currency: one transfer and one payout at Stripe.

    `check_at` is when to look at Stripe's side of it, should its news have been lost; empty once that is over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="payouts")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=PayoutState.choices, default=PayoutState.RESERVED)
    transfer_id = models.CharField(max_length=255, blank=True)
    stripe_payout_id = models.CharField(max_length=255, blank=True)
    reversal_id = models.CharField(max_length=255, blank=True)
    arrives_on = models.DateField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_reason = models.CharField(max_length=500, blank=True)
    reserved_at = models.DateTimeField()
    transferred_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "payee", "currency"], name="payout_one_per_run_payee_currency"),
            models.UniqueConstraint(
                fields=["transfer_id"], condition=~Q(transfer_id=""), name="payout_transfer_unique"
            ),
            models.UniqueConstraint(
                fields=["stripe_payout_id"], condition=~Q(stripe_payout_id=""), name="payout_stripe_payout_unique"
            ),
            models.CheckConstraint(condition=Q(state__in=PayoutState.values), name="payout_state_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payout_currency_wellformed"),
            models.CheckConstraint(
                condition=~Q(state__in=MOVED) | Q(transferred_at__isnull=False) & ~Q(transfer_id=""),
                name="payout_moved_has_transfer",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(PayoutState.SENT, PayoutState.PAID))
                | Q(sent_at__isnull=False) & ~Q(stripe_payout_id=""),
                name="payout_sent_has_stripe_payout",
            ),
            models.CheckConstraint(
                condition=~Q(state=PayoutState.PAID) | Q(paid_at__isnull=False), name="payout_paid_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(PayoutState.RETURNING, PayoutState.FAILED))
                | Q(failed_at__isnull=False) & ~Q(failure_reason=""),
                name="payout_failed_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["payee", "-reserved_at"], name="payout_of_payee"),
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="payout_to_look_at"),
        ]

    def __str__(self) -> str:
        return f"Payout {str(self.id)[:8]}"

    @property
    def ledger_subject(self) -> str:
        """The name under which the ledger keeps everything about this payout."""
        return f"payout:{self.id}"
