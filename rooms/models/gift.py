"""Months of a creator's plan that one person buys for another."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from rooms.models.creator import Creator
from rooms.models.oneoff import MESSAGE_MAX, Purchase
from rooms.models.subscription import Plan

MONTHS_MAX = 12


class Gift(Purchase):
    """A number of months, to be claimed by whoever has the link; its time begins when it is claimed.

    `cut_off_at` is set when its money went back, or is disputed.
    """

    kind = "gift"

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="gifts")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="gifts")
    months = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MONTHS_MAX)])
    recipient_email = models.EmailField()
    message = models.CharField(max_length=MESSAGE_MAX, blank=True)
    token = models.CharField(max_length=64)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gifts_received", null=True, blank=True
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    cut_off_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token"], name="gift_token_unique"),
            models.CheckConstraint(condition=Q(months__gte=1, months__lte=MONTHS_MAX), name="gift_months_in_range"),
            models.CheckConstraint(
                condition=Q(
                    claimed_by__isnull=True, claimed_at__isnull=True, starts_at__isnull=True, ends_at__isnull=True
                )
                | Q(
                    claimed_by__isnull=False,
                    claimed_at__isnull=False,
                    paid_at__isnull=False,
                    starts_at__gte=F("claimed_at"),
                    ends_at__gt=F("starts_at"),
                ),
                name="gift_claimed_whole_and_paid",
            ),
        ]
        indexes = [
            models.Index(
                fields=["claimed_by", "creator", "ends_at"],
                condition=Q(claimed_by__isnull=False),
                name="gift_access",
            ),
        ]

    def __str__(self) -> str:
        return f"Gift {self.id}"

    @property
    def claim_path(self) -> str:
        """The address of the page that claims it."""
        return reverse("gift-claim", kwargs={"token": self.token})
