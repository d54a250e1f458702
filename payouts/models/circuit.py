"""Whether Stripe answers, as every process sees it."""

from django.db import models
from django.db.models import Q


class StripeCircuit(models.Model):
    """One row while Stripe was ever silent: a hint that saves waiting, never the truth about a call.

    `silent` counts unanswered requests in a row, each by another `source` than the one before it, from `since` on.
    Until `open_until` nobody asks; then one request goes out as a probe. Times are real time.
    """

    name = models.CharField(max_length=40, primary_key=True)
    silent = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(null=True)
    source = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    open_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(silent=0) | Q(since__isnull=False), name="circuit_silent_since"),
            models.CheckConstraint(
                condition=Q(open_until__isnull=True) | Q(silent__gt=0), name="circuit_open_if_silent"
            ),
        ]

    def __str__(self) -> str:
        return self.name
