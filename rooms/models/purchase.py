"""From where things were bought and rooms were entered, and the refund policy that was accepted.

Kept as evidence for disputes, which can follow a payment for a year and a half; addresses and browsers are forgotten
after `ADDRESSES_KEPT_DAYS` (`rooms.purchases.operations.forget_addresses`), what was accepted is not.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from rooms.models.room import Room
from rooms.models.subscription import Subscription


class PurchaseRecord(models.Model):
    """How one sale came about, whatever was sold."""

    sale = models.OneToOneField(
        "payouts.Sale", on_delete=models.CASCADE, primary_key=True, related_name="purchase_record"
    )
    recorded_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    refund_policy = models.CharField(max_length=40, blank=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(forgotten_at__isnull=True) | Q(ip__isnull=True, user_agent=""),
                name="purchase_record_forgotten_is_empty",
            ),
        ]
        indexes = [
            models.Index(
                fields=["recorded_at"], condition=Q(forgotten_at__isnull=True), name="purchase_record_to_forget"
            ),
        ]

    def __str__(self) -> str:
        return f"Purchase {self.sale_id}"


class SubscriptionRecord(models.Model):
    """How a subscription came about: all of its months were bought there, and each is a sale of its own."""

    subscription = models.OneToOneField(
        Subscription, on_delete=models.CASCADE, primary_key=True, related_name="purchase_record"
    )
    recorded_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    refund_policy = models.CharField(max_length=40, blank=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(forgotten_at__isnull=True) | Q(ip__isnull=True, user_agent=""),
                name="subscription_record_forgotten_is_empty",
            ),
        ]
        indexes = [
            models.Index(
                fields=["recorded_at"], condition=Q(forgotten_at__isnull=True), name="subscription_record_to_forget"
            ),
        ]

    def __str__(self) -> str:
        return f"Purchase of subscription {self.subscription_id}"


class RoomEntry(models.Model):
    """Somebody entered a room, from one address with one browser, for the first and for the last time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="room_entries")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "user", "ip", "user_agent"], nulls_distinct=False, name="room_entry_once_per_place"
            ),
            models.CheckConstraint(
                condition=Q(last_at__gte=models.F("first_at")), name="room_entry_last_not_before_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"
