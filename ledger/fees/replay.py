"""Replaying sales under another policy: what each creator would have earned."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.fees.policy import FeePolicy
from ledger.fees.split import Share, split


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSale:
    """What is known of a sale, whatever policy it was sold under."""

    key: str
    price_minor: int
    currency: str
    processing_fee_minor: int
    shares: tuple[Share, ...]
    tie_offset: int
    earned_minor: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a payee earned in one currency, and would have earned."""

    payee: str
    currency: str
    sales: int
    earned_minor: int
    would_have_earned_minor: int


def replay(*, policy: FeePolicy, sales: Iterable[PastSale]) -> list[Replayed]:
    """Price each sale anew, in the order given, with every payee's lifetime growing from zero as it goes.

    A sale's lifetime is that of its first payee, its host. Under a policy that grosses up, the processor's fee is
    taken as the tariff predicts it, since another amount would have been charged.
    """
    lifetime: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for sale in sales:
        basis = (sale.shares[0].payee, sale.currency)
        parts = split(
            policy=policy,
            price_minor=sale.price_minor,
            processing_fee_minor=sale.processing_fee_minor,
            shares=sale.shares,
            tie_offset=sale.tie_offset,
            lifetime_minor=lifetime[basis],
            currency=sale.currency,
        )
        lifetime[basis] += sale.price_minor
        for payee, amount_minor in parts.payee_minor.items():
            total = totals[payee, sale.currency]
            total[0] += 1
            total[1] += sale.earned_minor.get(payee, 0)
            total[2] += amount_minor
    return [
        Replayed(payee=payee, currency=currency, sales=count, earned_minor=earned, would_have_earned_minor=would)
        for (payee, currency), (count, earned, would) in sorted(totals.items())
    ]
