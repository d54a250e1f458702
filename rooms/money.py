"""Between minor units, which every amount is stored in, and `Money`, which people read and type."""

from decimal import Decimal

from djmoney.money import Money

from rooms.currencies import exponent_of


def from_minor(amount_minor: int, currency: str) -> Money:
    """Money to show. Exact: the decimal is the integer with its point moved."""
    return Money(Decimal(amount_minor).scaleb(-exponent_of(currency)), currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of a typed amount.

    Raises:
        ValueError: the amount has more decimals than the currency, such as 1.5 JPY.
    """
    scaled = amount.scaleb(exponent_of(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more decimals than {currency} knows")
    return int(scaled)
