"""Creators: people who host rooms under a handle and are owed money as a payee."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

HANDLE_PATTERN = r"^[a-z0-9](?:[a-z0-9_]{1,28})[a-z0-9]$"


class Creator(models.Model):
    """A person's public side as a host or co-host. `payee` is empty until onboarding has begun."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="creator")
    handle = models.CharField(max_length=30)
    display_name = models.CharField(max_length=80)
    bio = models.TextField(max_length=600, blank=True)
    payee = models.OneToOneField(
        "payouts.Payee", on_delete=models.PROTECT, related_name="creator", null=True, blank=True
    )
    takes_tips = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handle"], name="creator_handle_unique"),
            models.CheckConstraint(condition=models.Q(handle__regex=HANDLE_PATTERN), name="creator_handle_wellformed"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} (@{self.handle})"

    def get_absolute_url(self) -> str:
        """The creator's page."""
        return reverse("creator", kwargs={"handle": self.handle})
