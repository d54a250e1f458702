"""The parts of a sale: what each was at first, what of it went back, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from payouts.models import TOO_LATE, Sale, SaleShare
from payouts.sales.legs import given_back, legs_of
from rooms.templatetags.ui import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoGotWhat:
    """The parts in settlement currency, which sum to what arrived, and their sums.

    `charged_minor` of what went back is the bank's fee for a dispute, where the policy charges it to the payees:
    that much is not the listener's.
    """

    parts: tuple[Part, ...] = ()
    charged_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """What arrived."""
        return sum(part.amount_minor for part in self.parts)

    @property
    def given_minor(self) -> int:
        """What went back of it."""
        return sum(part.given_minor for part in self.parts)

    @property
    def left_minor(self) -> int:
        """What is left of it."""
        return self.amount_minor - self.given_minor


def who_got_what(*, sale: Sale, shares: Sequence[SaleShare], payee_id: UUID) -> WhoGotWhat:
    """As the payee sees it; nothing before the fee is known, nor of a payment that came too late.

    No query: the shares come with their payees.
    """
    if sale.split_at is None or sale.state in TOO_LATE:
        return WhoGotWhat()
    back = given_back(sale=sale, legs=legs_of(sale=sale, shares=shares), total_minor=sale.reversed_minor)
    parts = (
        *_people(shares, payee_id),
        Part(
            label="Obole",
            amount_minor=sale.platform_fee_minor or 0,
            look="platform",
            note="the platform",
            given_minor=back.parts["platform"],
        ),
        Part(
            label="Card processing",
            amount_minor=sale.processing_recovered_minor or 0,
            look="processor",
            note="what Stripe took" if sale.processing_recovered_minor else "borne by Obole",
            given_minor=back.parts["processing"],
        ),
    )
    return WhoGotWhat(parts=parts, charged_minor=sum(part.given_minor for part in parts) - back.settled_minor)


def _people(shares: Sequence[SaleShare], payee_id: UUID) -> list[Part]:
    """What went back of a share is what its balance says."""
    return [
        Part(
            label="You" if share.payee_id == payee_id else share.payee.display_name,
            amount_minor=share.amount_minor or 0,
            look=str(position % 4 + 1),
            given_minor=share.given_minor,
        )
        for position, share in enumerate(shares)
    ]
