"""How an amount in minor units is written for people."""

from babel.numbers import get_currency_symbol
from moneyed import get_currency

MINUS = "\u2212"


def exponent_of(currency: str) -> int:
    """Digits after the point of an ISO 4217 currency: USD 2, JPY 0, KWD 3."""
    return len(str(get_currency(currency).sub_unit)) - 1


def decimal_text(amount_minor: int, currency: str) -> str:
    """The amount in major units for machines: `-9.11`, no symbol, no grouping, never by way of a float."""
    digits = exponent_of(currency)
    whole, part = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def money_text(amount_minor: int, currency: str, *, signed: bool = False) -> str:
    """The amount for people: `$1,009.11`, `¥500`, below zero with a real minus; `signed` adds a plus above zero."""
    plain = decimal_text(abs(amount_minor), currency)
    whole, point, part = plain.partition(".")
    symbol = get_currency_symbol(currency, locale="en_US")
    gap = "\u00a0" if symbol.isalpha() else ""
    sign = MINUS if amount_minor < 0 else "+" if signed and amount_minor > 0 else ""
    return f"{sign}{symbol}{gap}{int(whole):,}{point}{part}"
