"""Where a creator can be paid out.

Source: https://docs.stripe.com/connect/cross-border-payouts and https://stripe.com/global
"""

from babel import Locale

CODES = """\
AE AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GI GR HK HR HU IE IT JP LI LT LU LV MT MX MY NL NO NZ PL PT RO SE
SG SI SK TH US"""


def choices() -> list[tuple[str, str]]:
    """(code, English name) by name."""
    names = Locale("en").territories
    return sorted(((code, names[code]) for code in CODES.split()), key=lambda choice: choice[1])
