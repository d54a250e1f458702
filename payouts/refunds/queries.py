"""What others may ask about refunds. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from payouts.disputes.queries import is_charged_back
from payouts.models import Refund, RefundState, Sale, SaleShare
from payouts.refunds import amounts
from payouts.sales.legs import fee_kept, given_back, legs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What giving back the rest of a sale takes from each leg, and of the processor's fee, in settlement currency.

    The fee is what the processor keeps for this part, whoever bears it: a payee's part may be in `parts` too.
    """

    parts: dict[str, int]
    fee_lost_minor: int


def refunds_of(*, sale_id: UUID) -> list[Refund]:
    """Every refund of a sale, the first one first, refused ones included: one query."""
    return list(Refund.objects.filter(sale_id=sale_id).order_by("asked_at", "id"))


def left_of(*, sale: Sale, refunds: Sequence[Refund] | None = None) -> int:
    """What can still go back of a sale, in presentment currency: one query, none with its refunds."""
    known = refunds_of(sale_id=sale.id) if refunds is None else refunds
    return amounts.left_minor(sale=sale, refunds=known)


def is_kept(*, sale_id: UUID) -> bool:
    """Whether a paid sale's money is here to stay: not all given back, no chargeback open, none lost. Three queries.

    What is told of a refund and of a dispute comes in any order: whoever opens a door again asks this first.
    """
    if is_charged_back(sale_id=sale_id):
        return False
    sale = Sale.objects.prefetch_related("refunds").get(id=sale_id)
    return amounts.back_minor(sale=sale, refunds=sale.refunds.all()) < sale.charge_minor


def cost_of(*, sale: Sale, shares: Sequence[SaleShare], amount_minor: int) -> dict[str, int]:
    """What refunding so much more would take from each leg, by its name, in settlement currency. Needs the split."""
    legs = legs_of(sale=sale, shares=shares)
    before = given_back(sale=sale, legs=legs, total_minor=sale.reversed_minor)
    after = given_back(sale=sale, legs=legs, total_minor=min(sale.reversed_minor + amount_minor, sale.charge_minor))
    return {leg.name: after.parts[leg.name] - before.parts[leg.name] for leg in legs}


def cost_of_the_rest(*, sale: Sale, shares: Sequence[SaleShare], left_minor: int) -> Rest:
    """What it takes to give back all that is left of a sale, after what has gone back and is on its way: no query.

    `left_minor` is what `left_of` says. Needs the split.
    """
    legs = legs_of(sale=sale, shares=shares)
    gone_minor = sale.charge_minor - left_minor
    before = given_back(sale=sale, legs=legs, total_minor=gone_minor)
    after = given_back(sale=sale, legs=legs, total_minor=sale.charge_minor)
    fee_minor = fee_kept(sale=sale, total_minor=sale.charge_minor)
    return Rest(
        parts={leg.name: after.parts[leg.name] - before.parts[leg.name] for leg in legs},
        fee_lost_minor=fee_minor - fee_kept(sale=sale, total_minor=gone_minor),
    )


def stuck_refunds() -> QuerySet[Refund]:
    """Refunds that did not go through and that nothing has followed, of sales whose money is not all back."""
    later = Refund.objects.filter(sale_id=OuterRef("sale_id"), asked_at__gte=OuterRef("failed_at"))
    failed = Refund.objects.filter(state__in=(RefundState.FAILED, RefundState.REFUSED))
    owed = failed.filter(sale__reversed_minor__lt=F("sale__charge_minor"))
    return owed.exclude(Exists(later.exclude(id=OuterRef("id"))))


def refunds_by_keys(keys: Sequence[str]) -> QuerySet[Refund]:
    """The refunds that were asked for under these keys."""
    return Refund.objects.filter(key__in=keys)
