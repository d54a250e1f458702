"""Rooms that were cancelled, by their hosts or because nobody came to speak, and how far the refunds have come."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rooms.models.room import Room


class CancelledBecause(models.TextChoices):
    """Why a room was cancelled."""

    HOST = "host", "The host called it off"
    NO_SHOW = "no_show", "Nobody came to speak"


class RoomCancellation(models.Model):
    """One cancelled room, whose buyers are refunded by a job that any worker can take up where it stopped.

    The refunds themselves say how far it is: each has the key of its room and sale. `finished_at` is empty while
    somebody still has to be refunded. Nobody has asked (`asked_by`) where the room refunded itself.
    """

    room = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="cancellation", primary_key=True)
    because = models.CharField(
        max_length=10,
        choices=CancelledBecause.choices,
        default=CancelledBecause.HOST,
        db_default=CancelledBecause.HOST,
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(because__in=CancelledBecause.values), name="cancellation_because_known"
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=False) | Q(because=CancelledBecause.NO_SHOW),
                name="cancellation_asked_by_somebody_unless_no_show",
            ),
        ]
        indexes = [
            models.Index(fields=["started_at"], condition=Q(finished_at__isnull=True), name="cancellation_to_carry_on")
        ]

    def __str__(self) -> str:
        return f"{self.room} cancelled"
