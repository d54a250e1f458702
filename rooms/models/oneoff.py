"""What people buy beside tickets. Where the money is, the sale says; here is what it is for."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from rooms.models.creator import Creator
from rooms.models.room import Room

MESSAGE_MAX = 200
NAME_MAX = 80


class Purchase(models.Model):
    """Something bought once; `paid_at` is set when the payment succeeded.

    `kind` is the product of its sale, and names its pages.
    """

    kind: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="%(class)ss")
    sale = models.OneToOneField("payouts.Sale", on_delete=models.PROTECT, related_name="%(class)s")
    opened_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        """The page that always knows where this is."""
        return reverse(self.kind, kwargs={"purchase_id": self.id})


class Tip(Purchase):
    """Money given to a creator, or in a room to those on stage. Without a `public_name` nobody is told whose it is."""

    kind = "tip"

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="tips")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="tips", null=True, blank=True)
    message = models.CharField(max_length=MESSAGE_MAX, blank=True)
    public_name = models.CharField(max_length=NAME_MAX, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["room", "-paid_at"], condition=Q(paid_at__isnull=False), name="tip_of_room_paid"),
        ]

    def __str__(self) -> str:
        return f"Tip {self.id}"
