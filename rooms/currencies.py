"""How an amount in minor units is written for people."""

from decimal import Decimal

from babel.numbers import get_currency_symbol

from ledger.currencies import exponent as exponent_of
from ledger.currencies import major as decimal_text

__all__ = ["decimal_text", "exponent_of", "money_text", "rate_text"]

MINUS = "\u2212"


def money_text(amount_minor: int, currency: str, *, signed: bool = False) -> str:
    """The amount for people: `$1,009.11`, `¥500`, below zero with a real minus; `signed` adds a plus above zero."""
    whole, point, part = decimal_text(abs(amount_minor), currency).partition(".")
    symbol = get_currency_symbol(currency, locale="en_US")
    gap = "\u00a0" if symbol.isalpha() else ""
    sign = MINUS if amount_minor < 0 else "+" if signed and amount_minor > 0 else ""
    return f"{sign}{symbol}{gap}{int(whole):,}{point}{part}"


def rate_text(rate: Decimal, *, paid_minor: int, paid_in: str, arrived_minor: int, arrived_in: str) -> str:
    """An exchange rate for people, `1 EUR = 1.08 USD`.

    Stripe's rate is between the units that it counts in; the two amounts tell how many decimals apart those are.
    """
    ratio = Decimal(decimal_text(arrived_minor, arrived_in)) / Decimal(decimal_text(paid_minor, paid_in))
    decimals = int((ratio / rate).log10().to_integral_value())
    return f"1 {paid_in} = {rate.scaleb(decimals).normalize():f} {arrived_in}"
