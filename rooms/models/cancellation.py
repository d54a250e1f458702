"""Rooms that their hosts cancelled, and how far the refunds have come."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rooms.models.room import Room


class RoomCancellation(models.Model):
    """One cancelled room, whose buyers are refunded by a job that any worker can take up where it stopped.

    The refunds themselves say how far it is: each has the key of its room and sale. `finished_at` is empty while
    somebody still has to be refunded.
    """

    room = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="cancellation", primary_key=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["started_at"], condition=Q(finished_at__isnull=True), name="cancellation_to_carry_on")
        ]

    def __str__(self) -> str:
        return f"{self.room} cancelled"
