"""Who speaks in a room: each person's standing there, and guests whom the host let in."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from rooms.models.room import Room


class Place(models.TextChoices):
    """Where somebody is who neither hosts nor co-hosts."""

    AUDIENCE = "audience", "Listens"
    HAND = "hand", "Has raised a hand"
    INVITED = "invited", "Was asked to speak"
    SPEAKER = "speaker", "May be on stage"


class Standing(models.Model):
    """A person's standing in a room, made when it first differs from listening.

    `taken_off_at` is kept until a host asks the person up again: where everyone may speak, they may not.
    """

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="standings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="standings")
    place = models.CharField(max_length=10, choices=Place.choices, default=Place.AUDIENCE)
    since = models.DateTimeField()
    taken_off_at = models.DateTimeField(null=True, blank=True)
    muted_at = models.DateTimeField(null=True, blank=True)
    banned_at = models.DateTimeField(null=True, blank=True)
    banned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="standing_one_per_room_and_person"),
            models.CheckConstraint(condition=Q(place__in=Place.values), name="standing_place_known"),
            models.CheckConstraint(
                condition=Q(banned_at__isnull=True, banned_by__isnull=True)
                | Q(banned_at__isnull=False, banned_by__isnull=False),
                name="standing_banned_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(banned_at__isnull=True) | Q(place=Place.AUDIENCE), name="standing_banned_is_off_stage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}: {self.place}"


class Guest(models.Model):
    """Somebody whom the host lets in without a ticket, by e-mail address: whoever has the account with it."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="guests")
    email = models.EmailField("e-mail address")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "room", Lower("email"), condition=Q(withdrawn_at__isnull=True), name="guest_invited_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as a guest of {self.room_id}"
