"""Packs of Stars that people buy, and the Stars that they give."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from rooms.models.creator import Creator
from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX, Purchase
from rooms.models.room import Room


class StarOrder(Purchase):
    """A pack that was bought."""

    kind: ClassVar[str] = "stars"

    stars = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(stars__gte=1), name="star_order_of_something")]

    def __str__(self) -> str:
        return f"{self.stars} Stars"


class StarTip(models.Model):
    """Stars given to a creator, or in a room to those on stage; without a `public_name` nobody is told whose."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="star_tips")
    spend = models.OneToOneField("payouts.StarSpend", on_delete=models.PROTECT, related_name="star_tip")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="star_tips")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="star_tips", null=True)
    message = models.CharField(max_length=MESSAGE_MAX, blank=True)
    public_name = models.CharField(max_length=NAME_MAX, blank=True)
    given_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["room", "-given_at"], name="star_tip_of_room")]

    def __str__(self) -> str:
        return f"Star tip {self.id}"
