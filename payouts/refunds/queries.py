"""What others may ask about refunds. Reads only."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from payouts.models import Refund, RefundState, Sale, SaleShare
from payouts.refunds import amounts
from payouts.sales.legs import given_back, legs_of


def refunds_of(*, sale_id: UUID) -> list[Refund]:
    """Every refund of a sale, the first one first, refused ones included: one query."""
    return list(Refund.objects.filter(sale_id=sale_id).order_by("asked_at", "id"))


def left_of(*, sale: Sale, refunds: Sequence[Refund] | None = None) -> int:
    """What can still go back of a sale, in presentment currency: one query, none with its refunds."""
    known = refunds_of(sale_id=sale.id) if refunds is None else refunds
    return amounts.left_minor(sale=sale, refunds=known)


def cost_of(*, sale: Sale, shares: Sequence[SaleShare], amount_minor: int) -> dict[str, int]:
    """What refunding so much more would take from each leg, by its name, in settlement currency. Needs the split."""
    legs = legs_of(sale=sale, shares=shares)
    before = given_back(sale=sale, legs=legs, total_minor=sale.reversed_minor)
    after = given_back(sale=sale, legs=legs, total_minor=min(sale.reversed_minor + amount_minor, sale.charge_minor))
    return {leg.name: after.parts[leg.name] - before.parts[leg.name] for leg in legs}


def stuck_refunds() -> QuerySet[Refund]:
    """Refunds that did not go through and that nothing has followed, of sales whose money is not all back."""
    later = Refund.objects.filter(sale_id=OuterRef("sale_id"), asked_at__gte=OuterRef("failed_at"))
    failed = Refund.objects.filter(state__in=(RefundState.FAILED, RefundState.REFUSED))
    owed = failed.filter(sale__reversed_minor__lt=F("sale__charge_minor"))
    return owed.exclude(Exists(later.exclude(id=OuterRef("id"))))


def refunds_by_keys(keys: Sequence[str]) -> QuerySet[Refund]:
    """The refunds that were asked for under these keys."""
    return Refund.objects.filter(key__in=keys)
