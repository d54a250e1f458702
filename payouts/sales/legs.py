"""The parts of a posted sale, and what each has to give back for so much refunded or lost in disputes (E5, E11).

Pure. What has been given back depends on the sale's cumulative total alone, never on the steps that led there: so
parts never drift, a refund that fails goes back to where the others left the sale, and refunds and lost disputes,
which share the total, never take more than there was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from uuid import UUID

from ledger import accounts, fees
from payouts.errors import ContradictionError
from payouts.models import TOO_LATE, Sale, SaleShare

WALLET = "wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLeg:
    """One credit leg of a sale in settlement currency: `amount_minor` came in, `returns_minor` goes out with it all.

    The two differ where a payee bears the processing fee that is lost: the payee gives more, "processing" less.
    """

    name: str
    account: str
    amount_minor: int
    returns_minor: int
    payee_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What has gone back in all, once `total_minor` of what was charged (presentment) has.

    In settlement currency: `settled_minor` is the sum of `parts`, by leg name; `fee_lost_minor` is what of the
    processor's fee the platform has lost with it.
    """

    total_minor: int
    settled_minor: int
    parts: dict[str, int]
    fee_lost_minor: int


def legs_of(*, sale: Sale, shares: Sequence[SaleShare]) -> tuple[SaleLeg, ...]:
    """The original credit legs of a sale, which sum to its gross; so do their `returns_minor`.

    All of a late payment is one leg, in suspense (E10).

    Raises:
        ContradictionError: the sale has no split yet.
    """
    if sale.state in TOO_LATE:
        return (_plain("suspense", accounts.SUSPENSE, sale.gross_minor or 0),)
    if sale.split_at is None:
        raise ContradictionError("it has no parts before its split", object_id=str(sale.id))
    if sale.wallet_minor is not None and sale.buyer_id is not None:
        return (
            _plain(WALLET, accounts.wallet(sale.buyer_id), sale.wallet_minor),
            _plain("margin", accounts.STARS_MARGIN, sale.platform_fee_minor or 0),
        )
    recovered_minor = sale.processing_recovered_minor or 0
    borne_minor = _borne_by_payees(sale)
    earned = [share.amount_minor or 0 for share in shares]
    weights = earned if any(earned) else [share.weight for share in shares]
    borne = fees.largest_remainder(borne_minor, weights, sale.tie_offset)
    return (
        *(
            SaleLeg(
                name=f"payee:{share.payee_id}",
                account=accounts.payable(share.payee_id, "pending"),
                amount_minor=earned_minor,
                returns_minor=earned_minor + extra_minor,
                payee_id=share.payee_id,
            )
            for share, earned_minor, extra_minor in zip(shares, earned, borne, strict=True)
        ),
        _plain("platform", accounts.platform_fee(sale.product), sale.platform_fee_minor or 0),
        SaleLeg(
            name="processing",
            account=accounts.PROCESSING_RECOVERED,
            amount_minor=recovered_minor,
            returns_minor=recovered_minor - borne_minor,
        ),
    )


def _plain(name: str, account: str, amount_minor: int) -> SaleLeg:
    return SaleLeg(name=name, account=account, amount_minor=amount_minor, returns_minor=amount_minor)


def _fee_kept_minor(sale: Sale) -> int:
    """What the processor keeps of its fee, whatever becomes of the sale. A late payment's was never passed on."""
    if sale.state in TOO_LATE:
        return 0
    return (sale.processing_fee_minor or 0) - sale.fee_returned_minor


def _borne_by_payees(sale: Sale) -> int:
    """The lost fee, by the policy that the sale was priced with; never more than was passed on to payer or payees."""
    if sale.state in TOO_LATE:
        return 0
    if fees.FeePolicy.from_data(sale.basis["policy"]).lost_fee != fees.Bearer.CREATOR:
        return 0
    return min(_fee_kept_minor(sale), sale.processing_recovered_minor or 0)


def settled(*, sale: Sale, total_minor: int) -> int:
    """So much of what was charged, in settlement currency: the same part of what arrived, rounded half up."""
    return _part(sale.gross_minor or 0, sale, total_minor)


def fee_kept(*, sale: Sale, total_minor: int) -> int:
    """What of its fee the processor keeps for so much of the charge that has gone back, rounded half up."""
    return _part(_fee_kept_minor(sale), sale, total_minor)


def _part(amount_minor: int, sale: Sale, total_minor: int) -> int:
    return floor(Fraction(amount_minor * total_minor, sale.charge_minor) + Fraction(1, 2))


def given_back(*, sale: Sale, legs: Sequence[SaleLeg], total_minor: int) -> GivenBack:
    """What every leg has given back once `total_minor` of the charge has gone back in all, refunds and disputes alike.

    By Sainte-Laguë, so that no leg ever moves back as the total grows; with the whole charge every leg has given
    all that it returns.

    Raises:
        ContradictionError: the total is below zero, or more than was charged.
    """
    if not 0 <= total_minor <= sale.charge_minor:
        raise ContradictionError(
            f"{total_minor} cannot go back in all of {sale.charge_minor} {sale.currency}", object_id=str(sale.id)
        )
    settled_minor = settled(sale=sale, total_minor=total_minor)
    parts = fees.sainte_lague(settled_minor, [leg.returns_minor for leg in legs], sale.tie_offset)
    # A pack's fee was the platform's own from the beginning, paid from the margin: nothing passed on is lost (E8).
    lost_minor = 0 if sale.wallet_minor is not None else _fee_kept_minor(sale) - _borne_by_payees(sale)
    return GivenBack(
        total_minor=total_minor,
        settled_minor=settled_minor,
        parts={leg.name: part for leg, part in zip(legs, parts, strict=True)},
        fee_lost_minor=_part(lost_minor, sale, total_minor),
    )
