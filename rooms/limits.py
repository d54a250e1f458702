"""How small and how large an amount may be, by currency.

A currency's unit is a round amount near one dollar; limits are so many units, so that they mean about the same
everywhere and are round where they are typed.
"""

from dataclasses import dataclass
from typing import Final

from payouts.gateway.amounts import step_minor
from rooms import money
from rooms.currencies import money_text

# One unit in minor units. Those not named have two decimals and a unit of 1.00.
UNITS_MINOR: Final = {
    "JPY": 100, "KRW": 1_000, "TWD": 3_000, "HUF": 40_000, "CZK": 2_500, "SEK": 1_000, "NOK": 1_000, "DKK": 700,
    "PLN": 400, "ISK": 150, "UGX": 4_000, "KWD": 300,
}  # fmt: skip
DEFAULT_UNIT_MINOR: Final = 100


def unit_minor(currency: str) -> int:
    """About one dollar."""
    return UNITS_MINOR.get(currency, DEFAULT_UNIT_MINOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From `lowest` to `highest` units, both included. `what` begins the sentence that refuses ("A tip is")."""

    what: str
    lowest: int
    highest: int

    def range_minor(self, currency: str) -> tuple[int, int]:
        """The smallest and the largest amount."""
        return self.lowest * unit_minor(currency), self.highest * unit_minor(currency)

    def faults(self, amount_minor: int, currency: str) -> list[str]:
        """What is wrong with an amount, with its remedy; nothing when it may be paid."""
        low, high = self.range_minor(currency)
        if not low <= amount_minor <= high:
            return [f"{self.what} {money_text(low, currency)} to {money_text(high, currency)}."]
        step = step_minor(currency)
        if amount_minor % step:
            return [f"Cards take {currency} in steps of {money.from_minor(step, currency).amount}; round the amount."]
        return []
