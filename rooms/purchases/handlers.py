"""What happens to a purchase when Stripe's word about its sale has been processed.

Payouts calls these inside the transaction of the event, with the sale locked, in any order and any number of times.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from payouts import handlers
from payouts.cards.charges import finish_on_card_page
from payouts.cards.declines import AUTHENTICATION_REQUIRED
from payouts.locks import lock_sale
from rooms.events import hints
from rooms.models import Purchase
from rooms.purchases import telling
from rooms.purchases.kinds import lock_purchase_of_sale, sales_of_purchases


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("sale.paid", many=sales_paid)(sale_paid)
    handlers.on("sale.declined")(sale_declined)
    handlers.on("sale.expired")(sale_changed)
    handlers.on("sale.late")(sale_changed)
    handlers.on("sale.returned")(sale_changed)
    handlers.on("sale.return_failed")(sale_changed)
    handlers.on("sale.refunded")(sale_changed)
    handlers.on("sale.refund_failed")(sale_changed)
    handlers.answers("sale.late")(is_taken_after_all)


def sale_paid(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The payment succeeded: thank the buyer, and let the room know."""
    purchase = lock_purchase_of_sale(sale_id)
    if purchase is None or purchase.paid_at is not None:
        return
    purchase.paid_at = now
    purchase.save(update_fields=["paid_at"])
    _tell(purchase)
    telling.tell_of(purchase)


def sales_paid(*, sale_ids: Sequence[UUID], now: datetime, **_: Any) -> None:
    """The same for the purchases among many sales."""
    for sale_id in sales_of_purchases(sale_ids):
        sale_paid(sale_id=sale_id, now=now)


def sale_declined(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The saved card was refused. A bank that wants its owner gets them on the card page, for the same purchase."""
    purchase = lock_purchase_of_sale(sale_id)
    sale = lock_sale(sale_id)
    if purchase is None or sale is None:
        return
    if sale.decline_code == AUTHENTICATION_REQUIRED:
        page = settings.PUBLIC_URL + purchase.get_absolute_url()
        finish_on_card_page(sale=sale, return_url=f"{page}?from=checkout", cancel_url=f"{page}?from=back", now=now)
    _tell(purchase)


def sale_changed(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The purchase's page, which reads its sale, shows something else from now on."""
    purchase = lock_purchase_of_sale(sale_id)
    if purchase is not None:
        _tell(purchase)


def is_taken_after_all(*, sale_id: UUID, now: datetime, **_: Any) -> bool:
    """A payment that came late is as good as any: nothing here runs out while a buyer thinks."""
    return lock_purchase_of_sale(sale_id) is not None


def _tell(purchase: Purchase) -> None:
    hints.tell(user_id=purchase.buyer_id, kind="purchase", ref=str(purchase.id))
