"""Tips as those in the room see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rooms.models import Tip

TIPS_SHOWN: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TipShown:
    """A paid tip; `name` is empty when its giver did not want to be named."""

    name: str
    message: str
    amount_minor: int
    currency: str
    at: datetime


def tips_in(*, room_id: UUID, limit: int) -> list[TipShown]:
    """The latest paid tips of a room, newest first. One query."""
    found = Tip.objects.filter(room_id=room_id, paid_at__isnull=False).select_related("sale")
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
