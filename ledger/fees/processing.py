"""The card processor's fee: a prediction of it, and the price grossed up so that the fee is paid on top.

What counts is the fee on Stripe's balance transaction; the tariff only says beforehand what it will be
(https://stripe.com/pricing: 2.9% + 0.30 for domestic cards).
"""

from dataclasses import dataclass
from fractions import Fraction

from ledger.currencies import exponent
from ledger.fees.rounding import ceiling, half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A rate and a fixed part in minor units; charges go in multiples of `step_minor`."""

    rate: Fraction
    fixed_minor: int
    step_minor: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError for a rate outside [0, 1), or a negative part."""
        if not 0 <= self.rate < 1 or self.fixed_minor < 0 or self.step_minor < 1:
            raise ValueError(f"not a tariff: {self}")

    def fee_minor(self, charge_minor: int) -> int:
        """The fee on a charge, rounded half up."""
        return half_up(charge_minor * self.rate) + self.fixed_minor


CARD_RATE = Fraction("0.029")
# Stripe takes ISK and UGX, which have no decimals any more, in hundredths that must be whole, so in steps of 1 here;
# three-decimal amounts must end in 0. https://docs.stripe.com/currencies#special-cases
STEP_OF_THREE_DECIMALS = 10


def tariff(currency: str) -> Tariff:
    """The predicted tariff of a currency: 2.9% and 0.30 (30 where there are no decimals)."""
    decimals = exponent(currency)
    return Tariff(
        rate=CARD_RATE,
        fixed_minor=300 if decimals == 3 else 30,
        step_minor=STEP_OF_THREE_DECIMALS if decimals == 3 else 1,
    )


def predict_processing_fee(charge_minor: int, currency: str) -> int:
    """What the processor will take of a charge, as its tariff has it: 59 of 1000 USD cents."""
    return tariff(currency).fee_minor(charge_minor)


def gross_up(net_minor: int, tariff: Tariff) -> int:
    """The smallest charge, in steps, that leaves `net_minor` or more after the fee.

    Exact where the processor's grid has such a charge, else the next step above. Raises ValueError for a negative net.
    """
    if net_minor < 0:
        raise ValueError(f"{net_minor} cannot be grossed up")
    # What is left never shrinks as the charge grows by a step, so the first that suffices is found by halving.
    low = net_minor // tariff.step_minor
    high = ceiling(Fraction(net_minor + tariff.fixed_minor + 1) / (1 - tariff.rate) / tariff.step_minor) + 1
    while low < high:
        middle = (low + high) // 2
        charge = middle * tariff.step_minor
        if charge - tariff.fee_minor(charge) >= net_minor:
            high = middle
        else:
            low = middle + 1
    return low * tariff.step_minor
