"""The refund policy that buyers accept: text as data. Versions are only ever added: purchases name theirs."""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """One version. `general` holds for everything that is sold, `by_product` says more about one product."""

    version: str
    effective_from: date
    general: str
    by_product: dict[str, str]

    def summary(self, product: str) -> str:
        """What matters for one product, in a sentence or two."""
        return self.by_product.get(product, self.general)

    def text(self, product: str) -> str:
        """All that is accepted with a purchase."""
        more = self.by_product.get(product)
        return f"{more}\n\n{self.general}" if more else self.general


VERSION_2026_11: Final = RefundPolicy(
    version="2026-11",
    effective_from=date(2026, 11, 1),
    general=(
        "Refunds go back to the card that paid, in full or in part, and take 5 to 10 days to show. If you see "
        "a charge that you do not know, write to us first: a refund is quicker than a dispute with your bank. A "
        "disputed payment ends what was bought with it until the bank has decided."
    ),
    by_product={
        "ticket": (
            "If the room is cancelled, all of your money comes back by itself. If nobody came to speak, ask the "
            "host or us, and you get all of it. Before it starts, ask the host for a refund. Once it has begun, "
            "the seat was yours and is not refunded."
        ),
        "tip": (
            "A tip is a gift to the people on stage. It is refunded when it was sent by mistake: tell us within "
            "7 days."
        ),
        "donation": (
            "A donation goes to the charity whole. It is refunded when it was made by mistake: tell us within 7 days."
        ),
        "stars": "Unused Stars are refunded within 14 days of buying them. Stars that were sent are not.",
        "subscription": (
            "Cancel at any time: you keep access until the end of the period that is paid for, and are not "
            "charged again. Periods that have begun are not refunded."
        ),
        "gift": "A gift subscription is refunded in full until it begins, and not afterwards.",
    },
)
VERSIONS: Final = (
    VERSION_2026_11,
    RefundPolicy(
        version="2026-11-26",
        effective_from=date(2026, 11, 26),
        general=VERSION_2026_11.general,
        by_product=VERSION_2026_11.by_product
        | {
            "ticket": (
                "If the room is cancelled, or nobody comes to speak in it, all of your money comes back by itself. "
                "Should we be unable to tell whether somebody spoke, ask the host or us. Before the room starts, ask "
                "the host for a refund. Once it has begun, the seat was yours and is not refunded."
            )
        },
    ),
)
_BY_VERSION: Final = {policy.version: policy for policy in VERSIONS}


def in_force(on: date) -> RefundPolicy:
    """The version that is shown on a day."""
    return max((each for each in VERSIONS if each.effective_from <= on), key=lambda each: each.effective_from,
               default=VERSIONS[0])  # fmt: skip


def version(name: str) -> RefundPolicy | None:
    """A version by name, or None for one that never was."""
    return _BY_VERSION.get(name)
