"""What a room may cost and how large it may be. Source: FEATURES, Ticketed Spaces: 1.00 to 999.00."""

from typing import Final

from django.conf import settings

from rooms.limits import Limits
from rooms.models.room import CAPACITY_MAX, DURATION_MAX

PRICE: Final = Limits(what="A ticket costs", lowest=1, highest=999)
# By currency, in minor units, both ends included.
TICKET_PRICE_MINOR: Final = {currency: PRICE.range_minor(currency) for currency in settings.CURRENCIES}
TITLE_MAX: Final = 120
DESCRIPTION_MAX: Final = 4000
COHOSTS_MAX: Final = 9

__all__ = [
    "CAPACITY_MAX",
    "COHOSTS_MAX",
    "DESCRIPTION_MAX",
    "DURATION_MAX",
    "PRICE",
    "TICKET_PRICE_MINOR",
    "TITLE_MAX",
]
