"""The inbox: every event that Stripe sent, as it was sent."""

from django.db import models
from django.db.models import Q


class EventKind(models.TextChoices):
    """How an event carries its object."""

    SNAPSHOT = "snapshot", "Snapshot (v1 object inside)"
    THIN = "thin", "Thin (v2, object to be fetched)"


class EventState(models.TextChoices):
    """Where an event is in the inbox.

    `processing` is never stored: an event is processed under its row lock, and its new state commits together with
    what it did. A worker that dies leaves `received`. `waiting`: for its object to be known, or for Stripe to answer.
    """

    RECEIVED = "received", "Received"
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    QUARANTINED = "quarantined", "Quarantined"


DUE_STATES = (EventState.RECEIVED, EventState.WAITING)


class StripeEvent(models.Model):
    """One event, unique by Stripe's id. `raw` is the body whose signature was verified, byte for byte."""

    id = models.CharField(max_length=255, primary_key=True)
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    type = models.CharField(max_length=120, db_index=True)
    object_id = models.CharField(max_length=255, db_index=True)
    account = models.CharField(max_length=255, blank=True)
    api_version = models.CharField(max_length=40, blank=True)
    livemode = models.BooleanField()
    created_at = models.DateTimeField()
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=EventState.choices, default=EventState.RECEIVED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="stripe_event_kind_known"),
            models.CheckConstraint(condition=Q(state__in=EventState.values), name="stripe_event_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=DUE_STATES) | Q(next_attempt_at__isnull=False),
                name="stripe_event_due_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(EventState.DONE, EventState.FAILED, EventState.QUARANTINED))
                | Q(finished_at__isnull=False),
                name="stripe_event_finished_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(EventState.WAITING, EventState.FAILED, EventState.QUARANTINED))
                | ~Q(last_error=""),
                name="stripe_event_trouble_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=DUE_STATES), name="stripe_event_due"),
            models.Index(fields=["-received_at"], name="stripe_event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class EventCursor(models.Model):
    """How far one source of events has been read from Stripe's API, so that events which never came are found.

    `read_to`: every event created before it was looked at. While a window has more pages, `window_to` is its end and
    `after_id` the last event read. Times are the Clock's, as those on the events are.
    """

    name = models.CharField(max_length=255, primary_key=True)
    read_to = models.DateTimeField()
    window_to = models.DateTimeField(null=True)
    after_id = models.CharField(max_length=255, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_to__isnull=True, after_id="") | Q(window_to__isnull=False) & ~Q(after_id=""),
                name="event_cursor_in_a_window_knows_where",
            ),
        ]

    def __str__(self) -> str:
        return self.name
