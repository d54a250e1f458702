"""A fee policy is data: who pays which part of a sale."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from ledger.fees.rounding import half_up


class Bearer(StrEnum):
    """Who bears a cost."""

    PAYER = "payer"
    CREATOR = "creator"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A marginal rate on lifetime gross sales up to `upto_minor`; None is without end."""

    rate: Fraction
    upto_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """One version of a policy. A sale keeps the version that it was priced with; a version never changes.

    The platform's cut is the tiers' marginal rates over lifetime gross sales, plus a fixed part, within
    `minimum_minor` and `maximum_minor`, never more than the price. `store_rate` is an app store's cut, taken first.
    `processing` is who bears the processor's fee, `lost_fee` who bears it when a sale is refunded and the processor
    keeps it, `dispute_fee` who pays for a dispute.
    """

    slug: str
    version: int
    title: str
    effective_from: date
    tiers: tuple[Tier, ...]
    processing: Bearer
    fixed_minor: int = 0
    minimum_minor: int = 0
    maximum_minor: int | None = None
    store_rate: Fraction = Fraction(0)
    lost_fee: Bearer = Bearer.PLATFORM
    dispute_fee: Bearer = Bearer.PLATFORM

    def __post_init__(self) -> None:
        """Raise ValueError unless the tiers rise to one without end and every rate is between 0 and 1."""
        ends = [tier.upto_minor for tier in self.tiers]
        bounds = [end for end in ends[:-1] if end is not None]
        rates = [*(tier.rate for tier in self.tiers), self.store_rate]
        if not ends or ends[-1] is not None or len(bounds) != len(ends) - 1 or bounds != sorted(set(bounds)):
            raise ValueError(f"{self.slug}: tiers must rise to one without end, not {ends}")
        if not all(0 <= rate <= 1 for rate in rates) or Bearer.PAYER in (self.lost_fee, self.dispute_fee):
            raise ValueError(f"{self.slug}: a rate is between 0 and 1, and no payer bears a fee that follows the sale")

    @property
    def tiered(self) -> bool:
        """Whether the cut depends on what was sold before, so that the fee basis must be locked to price a sale."""
        return len(self.tiers) > 1

    def cumulative_fee_minor(self, lifetime_minor: int) -> int:
        """F(L): the marginal fee on everything sold up to L, rounded half up once."""
        fee = Fraction(0)
        start = 0
        for tier in self.tiers:
            end = lifetime_minor if tier.upto_minor is None else min(lifetime_minor, tier.upto_minor)
            fee += max(0, end - start) * tier.rate
            start = max(start, end)
        return half_up(fee)

    def platform_fee_minor(self, basis_minor: int, lifetime_minor: int = 0) -> int:
        """The platform's cut of a sale after `lifetime_minor` sold before.

        The difference F(L + x) - F(L): whatever the order of concurrent sales, their cuts add up to the same.
        """
        before = lifetime_minor if self.tiered else 0
        marginal = self.cumulative_fee_minor(before + basis_minor) - self.cumulative_fee_minor(before)
        fee = max(self.minimum_minor, marginal + self.fixed_minor)
        ceiling_minor = basis_minor if self.maximum_minor is None else min(self.maximum_minor, basis_minor)
        return min(fee, ceiling_minor)

    def as_data(self) -> dict[str, Any]:
        """The policy as JSON, rates as exact fractions; `from_data` reads it back."""
        return {
            "slug": self.slug,
            "version": self.version,
            "title": self.title,
            "effective_from": self.effective_from.isoformat(),
            "tiers": [{"rate": str(tier.rate), "upto_minor": tier.upto_minor} for tier in self.tiers],
            "processing": str(self.processing),
            "fixed_minor": self.fixed_minor,
            "minimum_minor": self.minimum_minor,
            "maximum_minor": self.maximum_minor,
            "store_rate": str(self.store_rate),
            "lost_fee": str(self.lost_fee),
            "dispute_fee": str(self.dispute_fee),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "FeePolicy":
        """The policy that `as_data` wrote. Raises KeyError or ValueError for anything else."""
        return cls(
            **data
            | {
                "effective_from": date.fromisoformat(data["effective_from"]),
                "tiers": tuple(Tier(rate=Fraction(t["rate"]), upto_minor=t["upto_minor"]) for t in data["tiers"]),
                "processing": Bearer(data["processing"]),
                "store_rate": Fraction(data["store_rate"]),
                "lost_fee": Bearer(data["lost_fee"]),
                "dispute_fee": Bearer(data["dispute_fee"]),
            }
        )
