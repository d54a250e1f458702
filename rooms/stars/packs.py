"""The packs on sale, from the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from payouts.models.wallet import CURRENCY

POLICY: Final = "stars"
"""A hundredth of a dollar a Star to whom it is given; the platform has its margin on the pack (E8)."""
STARS_AT_ONCE_MAX: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """So many Stars at a price, of which each Star is worth one minor unit to whom it is given."""

    stars: int
    price_minor: int
    currency: str = CURRENCY


def packs() -> Sequence[Pack]:
    """Smallest first."""
    return [Pack(stars=stars, price_minor=price_minor) for stars, price_minor in settings.STAR_PACKS]


def pack_of(stars: int) -> Pack | None:
    """The pack with so many Stars, if it is on sale."""
    return next((pack for pack in packs() if pack.stars == stars), None)


def pack_for(missing: int) -> Pack:
    """The smallest pack that makes up what is missing; else the largest."""
    offered = packs()
    return next((pack for pack in offered if pack.stars >= missing), offered[-1])
