"""Cards that buyers left at Stripe for next time."""

from django.db import models
from django.db.models import Q

from payouts.models.customer import Customer


class SavedCard(models.Model):
    """A card kept at Stripe for payments without its owner; we know how it looks, never its number.

    One that was removed stays as a row, since sales name it; Stripe lets nobody use it again.
    """

    payment_method_id = models.CharField(primary_key=True, max_length=255)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cards")
    brand = models.CharField(max_length=40)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default=True), name="saved_card_one_default_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(is_default=False), name="saved_card_removed_is_no_default"
            ),
            models.CheckConstraint(condition=Q(exp_month__gte=1, exp_month__lte=12), name="saved_card_month_in_year"),
        ]

    def __str__(self) -> str:
        return f"{self.brand.replace('_', ' ').capitalize()} ending in {self.last4}"
