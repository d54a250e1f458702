"""Recordings of rooms: when a host had them made, and the files that the relay wrote. Times are real."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from rooms.models.live import IDENTITY_MAX
from rooms.models.room import Room


class Taping(models.Model):
    """A stretch of time in which a room is recorded, from the host's click to the next, or to the room's end."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="tapings")
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room"], condition=Q(ended_at__isnull=True), name="taping_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at")), name="taping_ends_after_beginning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room} since {self.began_at:%H:%M:%S}"


class Recording(models.Model):
    """One file: what one person said in one go. `spoke` holds stretches in milliseconds from the file's beginning.

    `source` is the relay's name of the file, by which it is taken in once. A deleted recording keeps its row, so that
    it can be said that there was one; its file is gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="recordings")
    speaker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recordings")
    identity = models.CharField(max_length=IDENTITY_MAX)
    source = models.CharField(max_length=250)
    file = models.CharField(max_length=200)
    began_at = models.DateTimeField()
    duration_ms = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    spoke = models.JSONField(default=list)
    taken_in_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    file_removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="recording_taken_in_once"),
            models.CheckConstraint(
                condition=Q(duration_ms__gt=0, size_bytes__gt=0), name="recording_has_sound_and_bytes"
            ),
            models.CheckConstraint(
                condition=Q(file_removed_at__isnull=True) | Q(deleted_at__isnull=False),
                name="recording_file_removed_after_deletion",
            ),
        ]
        indexes = [
            models.Index(fields=["room", "began_at"], condition=Q(deleted_at__isnull=True), name="recording_of_room"),
            models.Index(fields=["expires_at"], condition=Q(deleted_at__isnull=True), name="recording_expiry"),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False, file_removed_at__isnull=True),
                name="recording_file_to_remove",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity} in {self.room} at {self.began_at:%H:%M:%S}"
