"""Rooms: a host, a time, a number of seats and a price; and the co-hosts who share what they earn."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from djmoney.money import Money

from rooms import money
from rooms.models.creator import Creator

CAPACITY_MAX = 10_000
DURATION_MAX = timedelta(hours=24)
DEFAULT_POLICY = "obole-standard"


class WhoMaySpeak(models.TextChoices):
    """Who may go on stage besides host and co-hosts."""

    INVITED = "invited", "Only those whom a host invites"
    EVERYONE = "everyone", "Everyone in the room"


class Room(models.Model):
    """A live-audio room with numbered seats. The price is kept in minor units; `price` is for people to read.

    Listeners come in by ticket, by a subscription to its creator, or by either; subscribers take no seat.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="rooms")
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=120)
    description = models.TextField(max_length=4000, blank=True)
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    capacity = models.PositiveIntegerField()
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    policy_slug = models.SlugField(max_length=60, default=DEFAULT_POLICY)
    sells_tickets = models.BooleanField(default=True, db_default=True)
    open_to_subscribers = models.BooleanField(default=False, db_default=False)
    host_weight = models.PositiveIntegerField(default=1)
    charity = models.ForeignKey("rooms.Charity", on_delete=models.PROTECT, related_name="rooms", null=True, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    who_may_speak = models.CharField(
        max_length=10, choices=WhoMaySpeak.choices, default=WhoMaySpeak.INVITED, db_default=WhoMaySpeak.INVITED
    )
    speakers_may_unmute = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="room_slug_unique"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="room_ends_after_start"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + DURATION_MAX), name="room_duration_within_a_day"
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=CAPACITY_MAX), name="room_capacity_in_range"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="room_price_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="room_currency_wellformed"),
            models.CheckConstraint(
                condition=Q(sells_tickets=True) | Q(open_to_subscribers=True), name="room_has_a_way_in"
            ),
            models.CheckConstraint(condition=Q(host_weight__gte=1), name="room_host_weight_positive"),
            models.CheckConstraint(condition=Q(who_may_speak__in=WhoMaySpeak.values), name="room_who_may_speak_known"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The room's page."""
        return reverse("room", kwargs={"slug": self.slug})

    @property
    def price(self) -> Money:
        """The price of a seat, for display and forms."""
        return money.from_minor(self.price_minor, self.currency)


class CoHost(models.Model):
    """A co-host's place in a room and weight in the split; it counts once they have accepted."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="cohosts")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="cohosted")
    weight = models.PositiveIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["room", "creator"], name="cohost_once_per_room"),
            models.UniqueConstraint(fields=["room", "position"], name="cohost_position_unique"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="cohost_weight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.creator} co-hosts {self.room}"
