"""Customers: people who pay, and their one customer at Stripe."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Customer(models.Model):
    """Somebody who pays by saved card or subscription. `stripe_customer_id` is empty until Stripe has answered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer")
    name = models.CharField(max_length=80)
    email = models.EmailField()
    stripe_customer_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_customer_id"],
                condition=~Q(stripe_customer_id=""),
                name="customer_stripe_customer_id_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
