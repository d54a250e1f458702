"""Dividing whole minor units: by largest remainder for splits, by Sainte-Laguë for running refunds.

Largest remainder stays within one unit of each exact share, but is not house-monotone: as the total grows by one, a
part can shrink (the Alabama paradox). A refund grows step by step, so it takes a divisor method, where none ever does.
"""

import hashlib
from collections.abc import Sequence
from fractions import Fraction

from ledger.fees.rounding import ceiling


def tie_offset(business_key: str) -> int:
    """Where ties start to rotate for this key: a 31-bit number that spreads odd cents over the payees."""
    return int.from_bytes(hashlib.sha256(business_key.encode()).digest()[:4], "big") >> 1


def largest_remainder(total_minor: int, weights: Sequence[int], tie_offset: int = 0) -> list[int]:
    """Divide `total_minor` (zero or more) by weights; the parts sum to it, each within one unit of its exact share.

    Of equal remainders the first in an order that starts at `tie_offset` gets the odd unit. Raises ValueError for a
    negative total or weight, or when all weights are zero.
    """
    whole = _check(total_minor, weights)
    parts = [total_minor * weight // whole for weight in weights]
    rest = [total_minor * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-rest[i], (i - tie_offset) % len(weights)))
    for i in order[: total_minor - sum(parts)]:
        parts[i] += 1
    return parts


def sainte_lague(total_minor: int, weights: Sequence[int], tie_offset: int = 0) -> list[int]:
    """Divide by the divisor method of Webster and Sainte-Laguë: no part ever shrinks as the total grows.

    When the total equals the sum of the weights, the parts are the weights. Raises ValueError as `largest_remainder`.
    """
    whole = _check(total_minor, weights)
    # A multiplier that surely hands out too little; what it hands out is a prefix of the divisor sequence. The few
    # units that are left go one by one to the highest quotient weight / (2 * part + 1).
    multiplier = max(Fraction(0), Fraction(2 * total_minor - len(weights) - 2, 2 * whole))
    parts = [max(0, ceiling(weight * multiplier - Fraction(1, 2))) for weight in weights]
    for _ in range(total_minor - sum(parts)):
        winner = min(
            (i for i, weight in enumerate(weights) if weight),
            key=lambda i: (-Fraction(weights[i], 2 * parts[i] + 1), (i - tie_offset) % len(weights)),
        )
        parts[winner] += 1
    return parts


def refund_parts(legs_minor: Sequence[int], refunded_minor: int, refund_minor: int, tie_offset: int = 0) -> list[int]:
    """How much of each original leg goes back with this refund, after `refunded_minor` went back before.

    Each leg is brought to its share of the total refunded so far, so parts never drift and none is negative; when the
    refunds add up to the legs, each leg has gone back whole. Raises ValueError beyond that.
    """
    total = refunded_minor + refund_minor
    if refund_minor < 0 or refunded_minor < 0 or total > sum(legs_minor):
        raise ValueError(f"{refunded_minor} + {refund_minor} cannot be refunded of {sum(legs_minor)}")
    before = sainte_lague(refunded_minor, legs_minor, tie_offset)
    after = sainte_lague(total, legs_minor, tie_offset)
    return [new - old for new, old in zip(after, before, strict=True)]


def _check(total_minor: int, weights: Sequence[int]) -> int:
    whole = sum(weights)
    if total_minor < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError(f"{total_minor} cannot be divided by weights {list(weights)}")
    return whole
