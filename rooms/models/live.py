"""Who was let in to a room's live audio, and how long they were there. Times are real, as the relay reckons."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from rooms.models.room import Room
from rooms.models.ticket import Ticket

IDENTITY_MAX = 120
LOST = "lost"
"""The end reason of a session whose relay fell silent before it could say that the session is over."""


class Admission(models.Model):
    """A person and the identity under which a room's relay knows them, written with their first grant.

    Access is not decided here (`rooms.access` does): this remembers who stands behind an identity, whatever kind of
    access it came from, and since when what was granted to it is void.
    """

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="admissions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="admissions")
    identity = models.CharField(max_length=IDENTITY_MAX)
    reason = models.CharField(max_length=20)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="admissions", null=True, blank=True)
    first_granted_at = models.DateTimeField()
    last_granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "identity"], name="admission_one_per_room_and_identity"),
            models.CheckConstraint(condition=~Q(identity=""), name="admission_identity_not_empty"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoked_reason=""), name="admission_revoked_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["room"], condition=Q(revoked_at__isnull=False), name="admission_revoked"),
            models.Index(fields=["room", "user"], name="admission_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.identity} in {self.room_id}"


class Way(models.TextChoices):
    """What a session at the relay is for."""

    PUBLISH = "publish", "Speaks"
    LISTEN = "listen", "Hears"
    WEBM = "webm", "Hears over HTTPS"


HEARING = (Way.LISTEN, Way.WEBM)


class Attendance(models.Model):
    """One session of a person at the relay: from its beginning until its end, or until it was last seen.

    `session_key` is a digest: the relay's own name of a session is what lets its holder end it.
    """

    session_key = models.CharField(max_length=64)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attendances")
    identity = models.CharField(max_length=IDENTITY_MAX)
    way = models.CharField(max_length=10, choices=Way.choices)
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session_key"], name="attendance_session_unique"),
            models.CheckConstraint(condition=Q(way__in=Way.values), name="attendance_way_known"),
            models.CheckConstraint(condition=Q(last_seen_at__gte=F("began_at")), name="attendance_seen_after_begin"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | (Q(ended_at__gte=F("began_at")) & ~Q(end_reason="")),
                name="attendance_ended_in_order_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["room", "user"], name="attendance_by_person"),
            models.Index(fields=["room"], condition=Q(ended_at__isnull=True), name="attendance_present"),
            models.Index(fields=["last_seen_at"], condition=Q(ended_at__isnull=True), name="attendance_open_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.identity} {self.way} since {self.began_at:%H:%M:%S}"

    @property
    def seconds(self) -> int:
        """How long the session lasted, as far as is known."""
        return int(((self.ended_at or self.last_seen_at) - self.began_at).total_seconds())


class StreamPosition(models.Model):
    """How far a stream of Valkey has been read. It moves in the transaction that stores what was read."""

    stream = models.CharField(max_length=60, primary_key=True)
    last_id = models.CharField(max_length=41, default="0-0")

    def __str__(self) -> str:
        return f"{self.stream} to {self.last_id}"


class EngineEvent(models.Model):
    """An event of the live-audio engine that has been taken in: its id, so that it is taken in once."""

    event_id = models.CharField(max_length=100, primary_key=True)
    kind = models.CharField(max_length=60)
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class RoomWatch(models.Model):
    """What a room's relay has told of the room itself: from when to when it looked, and whether anybody spoke.

    Attendance says who was there. This says that somebody looked, so that an empty room can be told from news that
    got lost. `longest_gap_s` is the longest time between two looks; `spoke_at` the first sign of a voice, of whomever.
    """

    room = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="watch", primary_key=True)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    longest_gap_s = models.FloatField(default=0)
    spoke_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_at__isnull=True, last_at__isnull=True) | Q(last_at__gte=F("first_at")),
                name="room_watch_in_order",
            ),
            models.CheckConstraint(condition=Q(longest_gap_s__gte=0), name="room_watch_gap_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} watched"
