"""Payees: people and charities who are owed money, each with a connected account at Stripe."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class TransfersState(models.TextChoices):
    """Whether money may be moved to a payee: Stripe's capability `stripe_balance.stripe_transfers`."""

    NONE = "none", "Not set up"
    PENDING = "pending", "Being checked by Stripe"
    ACTIVE = "active", "Active"
    RESTRICTED = "restricted", "Restricted"


class Payee(models.Model):
    """Somebody who is owed money. `stripe_account_id` is empty until Stripe has made the connected account."""

    TransfersState = TransfersState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="payees")
    display_name = models.CharField(max_length=80)
    email = models.EmailField()
    country = models.CharField(max_length=2)
    stripe_account_id = models.CharField(max_length=255, blank=True)
    transfers_state = models.CharField(
        max_length=10, choices=TransfersState.choices, default=TransfersState.NONE, db_index=True
    )
    restriction = models.CharField(max_length=255, blank=True)
    payouts_manual_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_account_id"], condition=~Q(stripe_account_id=""), name="payee_stripe_account_unique"
            ),
            models.UniqueConstraint(fields=["user"], condition=Q(user__isnull=False), name="payee_one_per_user"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="payee_country_wellformed"),
            models.CheckConstraint(condition=Q(transfers_state__in=TransfersState.values), name="payee_state_known"),
            models.CheckConstraint(
                condition=Q(transfers_state=TransfersState.NONE) | ~Q(stripe_account_id=""),
                name="payee_state_needs_account",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name
