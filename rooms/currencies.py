"""How an amount in minor units is written for people."""

from babel.numbers import get_currency_symbol

from ledger.currencies import exponent as exponent_of
from ledger.currencies import major as decimal_text

__all__ = ["decimal_text", "exponent_of", "money_text"]

MINUS = "\u2212"


def money_text(amount_minor: int, currency: str, *, signed: bool = False) -> str:
    """The amount for people: `$1,009.11`, `¥500`, below zero with a real minus; `signed` adds a plus above zero."""
    whole, point, part = decimal_text(abs(amount_minor), currency).partition(".")
    symbol = get_currency_symbol(currency, locale="en_US")
    gap = "\u00a0" if symbol.isalpha() else ""
    sign = MINUS if amount_minor < 0 else "+" if signed and amount_minor > 0 else ""
    return f"{sign}{symbol}{gap}{int(whole):,}{point}{part}"
