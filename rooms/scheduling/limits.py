"""What a room may cost and how large it may be. Source: FEATURES, Ticketed Spaces: 1.00 to 999.00."""

from typing import Final

from rooms.models.room import CAPACITY_MAX, DURATION_MAX

# By currency, in minor units, both ends included. Yen has no decimals, so its range is set in whole yen.
TICKET_PRICE_MINOR: Final = {
    "USD": (100, 99_900),
    "EUR": (100, 99_900),
    "GBP": (100, 99_900),
    "JPY": (100, 99_900),
}
TITLE_MAX: Final = 120
DESCRIPTION_MAX: Final = 4000
COHOSTS_MAX: Final = 9

__all__ = ["CAPACITY_MAX", "COHOSTS_MAX", "DESCRIPTION_MAX", "DURATION_MAX", "TICKET_PRICE_MINOR", "TITLE_MAX"]
