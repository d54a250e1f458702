"""A step back of a sale: what a refund or lost dispute takes from its legs, what a failed refund gives them again.

One cumulative total a sale, `Sale.reversed_minor` in presentment currency, whatever the steps were made of.
"""

from collections.abc import Mapping, Sequence

from ledger import accounts
from ledger.accounts import Stage
from ledger.postings import Leg
from payouts.models import Sale, SaleShare
from payouts.sales import positions
from payouts.sales.legs import WALLET, GivenBack, SaleLeg, given_back, legs_of
from payouts.wallets import lots


def step(*, sale: Sale, shares: Sequence[SaleShare], amount_minor: int, from_stage: Stage | None = None) -> list[Leg]:
    """Bring the locked sale's total to `amount_minor` more (below zero: less), and answer the legs that do it.

    The legs' debits less their credits are what goes back in settlement currency, but for the money leg, which the
    caller adds (`balanced`). The sale and its shares are saved.

    Raises:
        ContradictionError: more would have gone back than was charged, or less than nothing.
    """
    before = _so_far(sale, shares)
    sale.reversed_minor += amount_minor
    legs = _moved(sale, shares, before, from_stage)
    sale.save(update_fields=["reversed_minor"])
    return legs


def fee_came_back(*, sale: Sale, shares: Sequence[SaleShare], amount_minor: int) -> list[Leg]:
    """The processor gave so much of its fee back: what had been counted as lost of it is not lost any more.

    No legs while nothing of the sale went back. The sale and its shares are saved.
    """
    before = _so_far(sale, shares)
    sale.fee_returned_minor += amount_minor
    legs = _moved(sale, shares, before, None)
    sale.save(update_fields=["fee_returned_minor"])
    return legs


def balanced(legs: Sequence[Leg], *, currency: str) -> tuple[Leg, ...]:
    """The legs, with what the exchange rate did in between booked to `expense:fx` (E11)."""
    off_minor = sum(leg.amount_minor for leg in legs)
    if not off_minor:
        return tuple(legs)
    return (*legs, Leg(account=accounts.EXPENSE_FX, amount_minor=-off_minor, currency=currency))


def _so_far(sale: Sale, shares: Sequence[SaleShare]) -> GivenBack:
    return given_back(sale=sale, legs=legs_of(sale=sale, shares=shares), total_minor=sale.reversed_minor)


def _moved(sale: Sale, shares: Sequence[SaleShare], before: GivenBack, from_stage: Stage | None) -> list[Leg]:
    """The legs from what had gone back before to what has by now."""
    legs = legs_of(sale=sale, shares=shares)
    after = given_back(sale=sale, legs=legs, total_minor=sale.reversed_minor)
    parts = {leg.name: after.parts[leg.name] - before.parts[leg.name] for leg in legs}
    payees = {leg.payee_id: parts[leg.name] for leg in legs if leg.payee_id is not None}
    return [
        *positions.take(sale=sale, shares=shares, parts=payees, from_stage=from_stage),
        *lots.take(sale=sale, stars=parts.get(WALLET, 0)),
        *_others(legs, parts, sale.settlement_currency),
        *_fee_lost(after.fee_lost_minor - before.fee_lost_minor, sale.settlement_currency),
    ]


def _others(legs: Sequence[SaleLeg], parts: Mapping[str, int], currency: str) -> list[Leg]:
    return [
        Leg(account=leg.account, amount_minor=parts[leg.name], currency=currency)
        for leg in legs
        if leg.payee_id is None and leg.name != WALLET and parts[leg.name]
    ]


def _fee_lost(lost_minor: int, currency: str) -> list[Leg]:
    if not lost_minor:
        return []
    return [
        Leg(account=accounts.EXPENSE_FEE_LOST_ON_REFUND, amount_minor=lost_minor, currency=currency),
        Leg(account=accounts.EXPENSE_PROCESSING, amount_minor=-lost_minor, currency=currency),
    ]
