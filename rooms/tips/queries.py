"""Tips as those in the room see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F

from payouts.models.wallet import CURRENCY
from rooms.models import StarTip, Tip

TIPS_SHOWN: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TipShown:
    """A paid tip, or `stars`; `name` is empty when its giver did not want to be named."""

    name: str
    message: str
    amount_minor: int
    currency: str
    at: datetime
    stars: int = 0


def tips_in(*, room_id: UUID, limit: int) -> list[TipShown]:
    """The latest tips of a room, by card and in Stars, newest first. Two queries."""
    shown = [*_by_card(room_id, limit), *_in_stars(room_id, limit)]
    return sorted(shown, key=lambda tip: tip.at, reverse=True)[:limit]


def _in_stars(room_id: UUID, limit: int) -> list[TipShown]:
    found = StarTip.objects.filter(room_id=room_id).select_related("spend").order_by("-given_at", "id")
    return [
        TipShown(
            name=tip.public_name,
            message=tip.message,
            amount_minor=tip.spend.stars,
            currency=CURRENCY,
            at=tip.given_at,
            stars=tip.spend.stars,
        )
        for tip in found[:limit]
    ]


def _by_card(room_id: UUID, limit: int) -> list[TipShown]:
    paid = Tip.objects.filter(room_id=room_id, paid_at__isnull=False).select_related("sale")
    found = paid.filter(sale__reversed_minor__lt=F("sale__charge_minor"))  # what went back was no tip
    return [
        TipShown(
            name=tip.public_name,
            message=tip.message,
            amount_minor=tip.sale.price_minor,
            currency=tip.sale.currency,
            at=tip.paid_at,
        )
        for tip in found.order_by("-paid_at", "id")[:limit]
        if tip.paid_at is not None
    ]
