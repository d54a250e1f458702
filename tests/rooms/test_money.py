"""Between minor units and what people type."""

from decimal import Decimal

import pytest

from rooms.money import from_minor, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("10.00", "USD", 1000),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("999.00", "GBP", 99_900),
    ],
)
def test_it_goes_both_ways(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency).amount == Decimal(amount)
    assert from_minor(minor, currency).currency.code == currency


@pytest.mark.parametrize(("amount", "currency"), [("1.5", "JPY"), ("0.001", "USD"), ("1.0001", "KWD")])
def test_it_refuses_decimals_that_the_currency_does_not_know(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=currency):
        to_minor(Decimal(amount), currency)
