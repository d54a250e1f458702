"""Mail to people: a row with the decision, sent afterwards."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class MailState(models.TextChoices):
    """Where a mail is."""

    WAITING = "waiting", "Waiting to be sent"
    SENT = "sent", "Handed to the mail server"
    FAILED = "failed", "Given up"


class Mail(models.Model):
    """One mail, as it is sent. `key` names what it is about, so that nobody is told the same thing twice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200)
    kind = models.SlugField(max_length=60)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="mails")
    to_address = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=8, choices=MailState.choices, default=MailState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="mail_key_unique"),
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_known"),
            models.CheckConstraint(
                condition=~Q(state=MailState.WAITING) | Q(next_attempt_at__isnull=False), name="mail_waiting_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=MailState.SENT) | Q(sent_at__isnull=False), name="mail_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=MailState.FAILED) | ~Q(last_error=""), name="mail_failed_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=MailState.WAITING), name="mail_due"),
            models.Index(fields=["-written_at"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to_address}"
