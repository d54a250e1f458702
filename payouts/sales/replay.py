"""Policy lab: real sales priced anew under another policy, to show what each payee would have earned."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from math import floor

from ledger import fees
from payouts.models import Sale, SaleState

CHUNK = 500
EARNING = (SaleState.POSTED, SaleState.SETTLED, SaleState.RELEASED)


def replay_sales(
    *, policy: fees.FeePolicy, since: datetime | None = None, until: datetime | None = None
) -> list[fees.Replayed]:
    """What each payee earned by the sales whose fee became known from `since` up to before `until`, and would have.

    Sales are replayed in the order in which they were split, in chunks; what went back afterwards is not taken off
    either figure. Packs of Stars have no payee, and payments that came too late earn nothing: both are left out.
    A lifetime begins at `since`. Raises ValueError for a policy that a sale cannot be priced under.
    """
    return fees.replay(policy=policy, sales=_sales(since=since, until=until))


def _sales(*, since: datetime | None, until: datetime | None) -> Iterator[fees.PastSale]:
    sales = Sale.objects.filter(state__in=EARNING, wallet_minor__isnull=True, split_at__isnull=False)
    if since is not None:
        sales = sales.filter(split_at__gte=since)
    if until is not None:
        sales = sales.filter(split_at__lt=until)
    in_order = sales.order_by("split_at", "id").prefetch_related("shares")
    for sale in in_order.iterator(chunk_size=CHUNK):
        yield _past(sale)


def _past(sale: Sale) -> fees.PastSale:
    """A sale as the replay takes it: the price in the settlement currency, as it was split (E11)."""
    shares = sorted(sale.shares.all(), key=lambda share: share.position)
    gross_minor = sale.gross_minor or 0
    return fees.PastSale(
        key=str(sale.id),
        price_minor=floor(Fraction(gross_minor * sale.price_minor, sale.charge_minor) + Fraction(1, 2)),
        currency=sale.settlement_currency,
        processing_fee_minor=sale.processing_fee_minor or 0,
        shares=tuple(fees.Share(payee=str(share.payee_id), weight=share.weight) for share in shares),
        tie_offset=sale.tie_offset,
        earned_minor={str(share.payee_id): share.amount_minor or 0 for share in shares},
    )
