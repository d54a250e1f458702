"""Which row of ours a sale pays for, by the sale's product."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.urls import reverse

from payouts.models import Sale
from rooms.models import Donation, Gift, Purchase, StarOrder, Subscription, Ticket, Tip

MODELS: Final[Mapping[str, type[Purchase]]] = {model.kind: model for model in (Tip, Donation, StarOrder, Gift)}


def sales_of_purchases(sale_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these sales that pay for a purchase of ours: one query."""
    return list(
        Sale.objects.filter(id__in=sale_ids, product__in=list(MODELS)).order_by("id").values_list("id", flat=True)
    )


def page_of(sale: Sale) -> str:
    """The page of the ticket, purchase or subscription that a sale paid for; where there is none, the front page."""
    if sale.product == "ticket":
        ticket = Ticket.objects.filter(sale=sale).first()
        return ticket.get_absolute_url() if ticket is not None else reverse("home")
    if sale.product == "subscription":
        paid = Subscription.objects.filter(billing__invoices__sale=sale).first()
        return paid.get_absolute_url() if paid is not None else reverse("home")
    model = MODELS.get(sale.product)
    purchase = model.objects.filter(sale=sale).first() if model is not None else None
    return purchase.get_absolute_url() if purchase is not None else reverse("home")


def lock_purchase_of_sale(sale_id: UUID) -> Purchase | None:
    """The purchase that a sale pays for, or None when the sale is of something else.

    In the order of `rooms.locks` it comes where a ticket does: after the sale and the buyer.
    """
    product = Sale.objects.filter(id=sale_id).values_list("product", flat=True).first()
    model = MODELS.get(product or "")
    if model is None:
        return None
    found: Purchase | None = model.objects.select_for_update().filter(sale_id=sale_id).first()
    return found
