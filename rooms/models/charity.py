"""Charities, which finance takes on, and what people give them in rooms (E14)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX, Purchase

ABOUT_MAX = 600


class Charity(models.Model):
    """Somebody good to whom hosts may give their rooms' donations; paid out as a payee, with a connected account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    about = models.TextField(max_length=ABOUT_MAX, blank=True)
    registration = models.CharField("registration number", max_length=60, blank=True)
    payee = models.OneToOneField("payouts.Payee", on_delete=models.PROTECT, related_name="charity")
    is_active = models.BooleanField("hosts may choose it", default=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "charities"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="charity_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="charity_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Donation(Purchase):
    """Money given to a charity in a room. Whole to the charity: neither host nor platform has a part in it."""

    kind: ClassVar[str] = "donation"

    charity = models.ForeignKey(Charity, on_delete=models.PROTECT, related_name="donations")
    room = models.ForeignKey("rooms.Room", on_delete=models.PROTECT, related_name="donations")
    covers_processing = models.BooleanField()
    message = models.CharField(max_length=MESSAGE_MAX, blank=True)
    public_name = models.CharField(max_length=NAME_MAX, blank=True)

    def __str__(self) -> str:
        return f"Donation {self.id}"
