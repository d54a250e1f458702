"""Money, formulas and accounts in words."""

from decimal import Decimal
from itertools import pairwise

import pytest
from django.template import Context, Template

from rooms.currencies import decimal_text, money_text, rate_text
from rooms.studio.words import account_words, formula_words
from rooms.templatetags.ui import BAR_WIDTH, Part, breakdown

ADA = "83eb3587-66e0-40c2-ad20-e9e63e492f60"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (911, "USD", "$9.11"),
        (-911, "USD", "\u2212$9.11"),
        (5, "USD", "$0.05"),
        (0, "EUR", "€0.00"),
        (123456789, "USD", "$1,234,567.89"),
        (500, "JPY", "¥500"),
        (1234, "KWD", "KWD\u00a01.234"),
        (10**17 + 1, "USD", "$1,000,000,000,000,000.01"),
    ],
)
def test_amounts_have_the_currencys_decimals(amount_minor: int, currency: str, text: str) -> None:
    assert money_text(amount_minor, currency) == text


def test_signed_amounts_write_a_plus_too() -> None:
    assert [money_text(minor, "USD", signed=True) for minor in (1, 0, -1)] == ["+$0.01", "$0.00", "\u2212$0.01"]


def test_machines_read_a_plain_decimal() -> None:
    assert [decimal_text(-911, "USD"), decimal_text(500, "JPY")] == ["-9.11", "500"]


def test_the_tag_shows_both() -> None:
    shown = Template('{% load money %}{% money -911 "USD" %}').render(Context())
    assert shown == '<data class="money" value="-9.11 USD">\u2212$9.11</data>'


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("obole-standard v1: 3% of 1000", "obole-standard v1: 3% of $10.00"),
        ("1/3 of 911", "1/3 of $9.11"),
        ("the processor takes 59, borne by the creator", "the processor takes $0.59, borne by the creator"),
        ("2.5% of 1000 + 30, at most 500", "2.5% of $10.00 + $0.30, at most $5.00"),
        ("F(5001000) - F(4999000) = 150230 - 150000", "F($50,010.00) - F($49,990.00) = $1,502.30 - $1,500.00"),
        ("911", "what is left"),
    ],
)
def test_formulas_say_money(formula: str, words: str) -> None:
    assert formula_words(formula, "USD") == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"payable:{ADA}:in_transit", "Owed to Ada, on its way"),
        (f"stripe:connected:{ADA}", "In Ada's Stripe account"),
        ("stripe:pending", "Obole's Stripe balance, pending"),
        ("revenue:platform_fee:ticket", "Obole's fee, tickets"),
        ("equity:fund:spring", "equity:fund:spring"),
        (
            "payable:0b01e000-0000-4000-8000-000000000000:pending",
            "payable:0b01e000-0000-4000-8000-000000000000:pending",
        ),
    ],
)
def test_accounts_have_words_or_stay_codes(code: str, words: str) -> None:
    assert account_words(code, {ADA: "Ada"}) == words


def test_the_bars_parts_stand_side_by_side() -> None:
    parts = [
        Part(label=look, amount_minor=minor, look=look) for look, minor in (("1", 911), ("platform", 30), ("2", 59))
    ]
    bars = breakdown(parts, 1000, "USD")["bars"]
    assert [bar["x"] for bar in bars] == [0, 911, 941]
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(bars))
    assert bars[-1]["x"] + bars[-1]["width"] <= BAR_WIDTH


@pytest.mark.parametrize(
    ("rate", "paid", "arrived", "words"),
    [
        ("1.080000000000", (1000, "EUR"), (1080, "USD"), "1 EUR = 1.08 USD"),
        ("0.667", (500, "JPY"), (334, "USD"), "1 JPY = 0.00667 USD"),  # cents for a yen
        ("0.325", (12_340, "KWD"), (4010, "USD"), "1 KWD = 3.25 USD"),  # cents for a fils
        ("0.0072", (500, "ISK"), (360, "USD"), "1 ISK = 0.0072 USD"),  # Stripe counts hundredths
    ],
)
def test_rates_are_told_between_whole_units(
    rate: str, paid: tuple[int, str], arrived: tuple[int, str], words: str
) -> None:
    told = rate_text(
        Decimal(rate), paid_minor=paid[0], paid_in=paid[1], arrived_minor=arrived[0], arrived_in=arrived[1]
    )
    assert told == words
