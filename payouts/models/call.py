"""The outbox: every call that changes something at Stripe, decided and committed before it is made."""

import uuid

from django.db import models
from django.db.models import Q


class CallState(models.TextChoices):
    """Where a call is. `sent` means that Stripe may have done it: its answer is not recorded yet."""

    PENDING = "pending", "Not sent yet"
    SENT = "sent", "Sent, answer not known"
    DONE = "done", "Done"
    FAILED = "failed", "Refused by Stripe"


OPEN_STATES = (CallState.PENDING, CallState.SENT)


class StripeCall(models.Model):
    """One call: the exact body, API version, key and account, so that repeating it repeats the same bytes.

    `target_id` is the object in the address of the call, where there is one; `subject` is ours ("sale:<uuid>").
    `look_up` means that the key can no longer tell what happened (too old, or a kept 500): the next attempt lists
    Stripe's objects and matches `metadata.outbox_id` before it calls again with a new key (`generation` + 1).
    Times are real time, since Stripe ages keys by it, but for `decided_at`, which is the Clock's, as the times on
    Stripe's objects are.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, db_index=True)
    target_id = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    api_version = models.CharField(max_length=40)
    generation = models.PositiveIntegerField(default=1)
    idempotency_key = models.CharField(max_length=255)
    stripe_account = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=CallState.choices, default=CallState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    look_up = models.BooleanField(default=False)
    decided_at = models.DateTimeField()
    created_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result_id = models.CharField(max_length=255, blank=True, db_index=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="stripe_call_key_unique"),
            models.CheckConstraint(condition=Q(state__in=CallState.values), name="stripe_call_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=OPEN_STATES) | Q(next_attempt_at__isnull=False),
                name="stripe_call_open_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.SENT) | Q(first_sent_at__isnull=False), name="stripe_call_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.DONE) | Q(finished_at__isnull=False, result__isnull=False),
                name="stripe_call_done_has_result",
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.FAILED) | Q(finished_at__isnull=False) & ~Q(error=""),
                name="stripe_call_failed_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=OPEN_STATES), name="stripe_call_due"),
            models.Index(fields=["-created_at"], name="stripe_call_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"
