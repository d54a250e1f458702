"""Disputes: payments that a card's bank takes back, or asks about, and our answer; and early fraud warnings."""

from django.db import models
from django.db.models import Q

from payouts.models.payee import Payee
from payouts.models.sale import Sale


class DisputeStatus(models.TextChoices):
    """Stripe's own. Source: https://docs.stripe.com/api/disputes/object#dispute_object-status

    `warning_*` is an inquiry: the bank asks, and no money moves. An inquiry may become a dispute.
    """

    WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry, needs an answer"
    WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry, answered"
    WARNING_CLOSED = "warning_closed", "Inquiry closed"
    NEEDS_RESPONSE = "needs_response", "Needs an answer"
    UNDER_REVIEW = "under_review", "Under review by the bank"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response", "Appeal, needs an answer"
    APPEAL_UNDER_REVIEW = "appeal_under_review", "Appeal, under review"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    PREVENTED = "prevented", "Prevented"


INQUIRY_STATUSES = (
    DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.WARNING_UNDER_REVIEW, DisputeStatus.WARNING_CLOSED
)  # fmt: skip
UNANSWERED_STATUSES = (
    DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.NEEDS_RESPONSE, DisputeStatus.APPEAL_NEEDS_RESPONSE
)  # fmt: skip
CLOSED_STATUSES = (DisputeStatus.WARNING_CLOSED, DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.PREVENTED)
OPEN_STATUSES = tuple(status for status in DisputeStatus if status not in CLOSED_STATUSES)
OPEN_CHARGEBACKS = tuple(status for status in OPEN_STATUSES if status not in INQUIRY_STATUSES)
"""A chargeback that is not decided: access ends, shares are reserved, refunds are refused."""


class EvidenceState(models.TextChoices):
    """Where our answer is."""

    MISSING = "missing", "Not assembled yet"
    DRAFT = "draft", "Draft, not sent"
    SENDING = "sending", "Being sent"
    SUBMITTED = "submitted", "Sent to the bank"
    CONCEDING = "conceding", "Being accepted"
    CONCEDED = "conceded", "Accepted"


EDITABLE = (EvidenceState.MISSING, EvidenceState.DRAFT)


class Dispute(models.Model):
    """One dispute or inquiry about one sale's charge.

    `amount_minor` and `currency` are presentment. The amounts below `settlement_currency` sum its balance transactions
    that are in the ledger: what was taken, what came back, what fee was kept; `fee_charged_minor` of that fee went to
    the payees, and `cleared_minor` left `stripe:disputed` with the outcome. `movements_told` counts the balance
    transactions that Stripe names: the outcome waits for all of them. `lost_minor` (presentment) is empty until the
    outcome is in the ledger, of which `unbacked_minor` is more than was left of the sale; `bookings` counts how often
    it was booked, since a bank may change its mind.
    """

    id = models.CharField(max_length=255, primary_key=True)
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="disputes")
    charge_id = models.CharField(max_length=255, db_index=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    network_reason_code = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=24, choices=DisputeStatus.choices)
    due_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    settlement_currency = models.CharField(max_length=3, blank=True)
    withdrawn_minor = models.BigIntegerField(default=0)
    reinstated_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    fee_charged_minor = models.BigIntegerField(default=0)
    cleared_minor = models.BigIntegerField(default=0)
    movements_told = models.PositiveSmallIntegerField(default=0)
    lost_minor = models.BigIntegerField(null=True)
    unbacked_minor = models.BigIntegerField(default=0)
    bookings = models.PositiveSmallIntegerField(default=0)
    booked_at = models.DateTimeField(null=True)

    evidence = models.JSONField(default=dict)
    evidence_state = models.CharField(max_length=10, choices=EvidenceState.choices, default=EvidenceState.MISSING)
    evidence_assembled_at = models.DateTimeField(null=True)
    evidence_edited_at = models.DateTimeField(null=True)
    evidence_edited_by = models.CharField(max_length=254, blank=True)
    evidence_sent_at = models.DateTimeField(null=True)
    evidence_sent_by = models.CharField(max_length=254, blank=True)
    evidence_failure = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DisputeStatus.values), name="dispute_status_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="dispute_currency_wellformed"),
            models.CheckConstraint(
                condition=Q(status__in=CLOSED_STATUSES, closed_at__isnull=False)
                | Q(closed_at__isnull=True) & ~Q(status__in=CLOSED_STATUSES),
                name="dispute_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_minor__gte=0, reinstated_minor__gte=0), name="dispute_moved_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_minor=0, reinstated_minor=0, fee_minor=0)
                | Q(settlement_currency__regex=r"^[A-Z]{3}$"),
                name="dispute_moved_in_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(lost_minor__isnull=True, booked_at__isnull=True)
                | Q(lost_minor__gte=0, lost_minor__lte=models.F("amount_minor"), booked_at__isnull=False),
                name="dispute_booked_says_what_was_lost",
            ),
            models.CheckConstraint(
                condition=Q(evidence_state__in=EvidenceState.values), name="dispute_evidence_state_known"
            ),
            models.CheckConstraint(
                condition=Q(evidence_state=EvidenceState.MISSING)
                | Q(evidence_assembled_at__isnull=False)
                | Q(evidence_state__in=(EvidenceState.CONCEDING, EvidenceState.CONCEDED)),
                name="dispute_evidence_was_assembled",
            ),
            models.CheckConstraint(
                condition=~Q(evidence_state=EvidenceState.SUBMITTED) | Q(evidence_sent_at__isnull=False),
                name="dispute_evidence_sent_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_by"], condition=Q(status__in=UNANSWERED_STATUSES), name="dispute_to_answer"),
            models.Index(fields=["-opened_at"], name="dispute_newest"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks, so that no money has moved."""
        return self.status in INQUIRY_STATUSES

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status in OPEN_STATUSES

    @property
    def can_be_answered(self) -> bool:
        """Whether the bank waits for our answer, and none is on its way."""
        return self.status in UNANSWERED_STATUSES and self.evidence_state in EDITABLE

    @property
    def ledger_subject(self) -> str:
        """Everything about a dispute is about its sale."""
        return self.sale.ledger_subject


class DisputeShare(models.Model):
    """What of a payee's money a dispute keeps reserved, and in the end what it took (settlement currency).

    Stored when it is decided, in the transaction that posts it; posting only reads it.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="shares")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="dispute_shares")
    position = models.PositiveSmallIntegerField()
    reserved_minor = models.BigIntegerField()
    charged_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "payee"], name="dispute_share_once_per_payee"),
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0, charged_minor__isnull=True)
                | Q(reserved_minor__gte=0, charged_minor__gte=0),
                name="dispute_share_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reserved_minor} of {self.payee_id} for {self.dispute_id}"


class WarningDecision(models.TextChoices):
    """What we did about an early fraud warning."""

    WAITING = "waiting", "To be refunded"
    WATCHED = "watched", "Left to finance"
    REFUNDED = "refunded", "Refund asked for"
    NOT_REFUNDABLE = "refused", "Could not be refunded"


class EarlyFraudWarning(models.Model):
    """A card's issuer suspects that a charge is fraud; most such charges are disputed later.

    Source: https://docs.stripe.com/disputes/measuring#early-fraud-warnings
    """

    id = models.CharField(max_length=255, primary_key=True)
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="fraud_warnings")
    charge_id = models.CharField(max_length=255)
    fraud_type = models.CharField(max_length=60)
    actionable = models.BooleanField()
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=WarningDecision.choices)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=WarningDecision.values), name="early_fraud_warning_decision_known"
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="early_fraud_warning_newest")]

    def __str__(self) -> str:
        return self.id
