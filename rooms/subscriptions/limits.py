"""What a month may cost. Source: FEATURES, Super Follows: 2.99, 4.99 or 9.99, which the form proposes."""

from typing import Final

# By currency, in minor units, both ends included. Yen has no decimals, so its range is set in whole yen.
MONTH_PRICE_MINOR: Final = {
    "USD": (100, 99_900),
    "EUR": (100, 99_900),
    "GBP": (100, 99_900),
    "JPY": (100, 99_900),
}
PROPOSED: Final = ("2.99", "4.99", "9.99")
PLANS_MAX: Final = 6
