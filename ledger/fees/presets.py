"""Policies that ship: Obole's own and those the platforms announced in 2021. Versions are only ever added."""

from datetime import date
from fractions import Fraction

from ledger.fees.policy import Bearer, FeePolicy, Tier

LAUNCH = date(2021, 4, 1)
FIFTY_THOUSAND_MINOR = 5_000_000
THREE_THEN_TWENTY = (Tier(rate=Fraction("0.03"), upto_minor=FIFTY_THOUSAND_MINOR), Tier(rate=Fraction("0.20")))
NOTHING = (Tier(rate=Fraction(0)),)

_PRESETS = (
    FeePolicy(
        slug="obole-standard",
        version=1,
        title="Obole: 3%, the creator bears card processing",
        effective_from=LAUNCH,
        tiers=(Tier(rate=Fraction("0.03")),),
        processing=Bearer.CREATOR,
    ),
    FeePolicy(
        slug="clubhouse",
        version=1,
        title="Clubhouse Payments: all of it to the creator, the sender pays processing on top",
        effective_from=LAUNCH,
        tiers=NOTHING,
        processing=Bearer.PAYER,
    ),
    FeePolicy(
        slug="ticketed-spaces",
        version=1,
        title="Ticketed Spaces: 3% up to 50,000.00 lifetime, then 20%",
        effective_from=LAUNCH,
        tiers=THREE_THEN_TWENTY,
        processing=Bearer.PLATFORM,
    ),
    FeePolicy(
        slug="ticketed-spaces-in-app",
        version=1,
        title="Ticketed Spaces bought in an app: the store's 30% first, then as on the web",
        effective_from=LAUNCH,
        tiers=THREE_THEN_TWENTY,
        processing=Bearer.PLATFORM,
        store_rate=Fraction("0.30"),
    ),
    FeePolicy(
        slug="super-follows",
        version=1,
        title="Super Follows: 3% up to 50,000.00 lifetime, then 20%",
        effective_from=LAUNCH,
        tiers=THREE_THEN_TWENTY,
        processing=Bearer.PLATFORM,
    ),
    FeePolicy(
        slug="stars",
        version=1,
        title="Stars: 0.01 each to the creator",
        effective_from=LAUNCH,
        tiers=NOTHING,
        processing=Bearer.PLATFORM,
    ),
    FeePolicy(
        slug="donation",
        version=1,
        title="Donation: the whole amount to the charity",
        effective_from=LAUNCH,
        tiers=NOTHING,
        processing=Bearer.PLATFORM,
    ),
    FeePolicy(
        slug="donation-fee-covered",
        version=1,
        title="Donation with the fee covered: the donor pays processing on top",
        effective_from=LAUNCH,
        tiers=NOTHING,
        processing=Bearer.PAYER,
    ),
)
_BY_VERSION = {(preset.slug, preset.version): preset for preset in _PRESETS}


def presets() -> tuple[FeePolicy, ...]:
    """Every version of every policy that ships."""
    return _PRESETS


def policy(slug: str, version: int) -> FeePolicy:
    """One version of a policy. Raises KeyError for one that does not ship."""
    return _BY_VERSION[slug, version]


def latest(slug: str, on: date) -> FeePolicy:
    """The version in force on a day. Raises KeyError when none is."""
    versions = [preset for preset in _PRESETS if preset.slug == slug and preset.effective_from <= on]
    if not versions:
        raise KeyError(slug)
    return max(versions, key=lambda preset: preset.version)
