"""Sales as lines of the studio's lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import prefetch_related_objects

from payouts.models import SaleShare
from rooms.studio.standing import Badge, badge_of, refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """A paid sale as its payee sees it in a list; `amount_minor` is None until Stripe's fee is known.

    `amount_minor` is what is left of it; `refunded` and `dispute` are what `rooms.studio.standing` says.
    """

    sale_id: UUID
    title: str
    state: str
    paid_at: datetime
    charge_minor: int
    currency: str
    amount_minor: int | None
    settlement_currency: str
    refunded: str = ""
    dispute: Badge | None = None


def sale_lines(shares: Iterable[SaleShare]) -> list[SaleLine]:
    """Lines of a list of sales. One query beside that of the list, if there are any."""
    shares = list(shares)
    prefetch_related_objects(shares, "sale__disputes")
    return [
        SaleLine(
            sale_id=share.sale.id,
            title=share.sale.title,
            state=share.sale.state,
            paid_at=share.sale.paid_at,
            charge_minor=share.sale.charge_minor,
            currency=share.sale.currency,
            amount_minor=None if share.amount_minor is None else share.amount_minor - share.given_minor,
            refunded=refunded(share.sale, share.sale.disputes.all()),
            dispute=badge_of(share.sale.disputes.all()),
            settlement_currency=share.sale.settlement_currency,
        )
        for share in shares
        if share.sale.paid_at is not None
    ]
