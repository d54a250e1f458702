"""Stripe's special cases of currencies. Source: https://docs.stripe.com/currencies"""

import pytest

from payouts.gateway.amounts import UnrepresentableAmountError, from_stripe, payable_part, to_stripe


@pytest.mark.parametrize(
    ("amount_minor", "currency", "sent"),
    [
        (1000, "USD", 1000),
        (500, "JPY", 500),  # E12: 500 units, not 50,000
        (5, "ISK", 500),
        (5, "UGX", 500),
        (1230, "KWD", 1230),
        (1010, "BHD", 1010),
        (500, "MGA", 5),
        (12345, "HUF", 12345),
        (12345, "TWD", 12345),
    ],
)
def test_it_sends_what_stripe_means_by_the_amount(amount_minor: int, currency: str, sent: int) -> None:
    assert to_stripe(amount_minor, currency) == sent
    assert from_stripe(sent, currency) == amount_minor
    assert from_stripe(sent, currency.lower()) == amount_minor


@pytest.mark.parametrize(("amount_minor", "currency", "step"), [(1234, "KWD", 10), (1, "TND", 10), (50, "MGA", 100)])
def test_it_refuses_what_stripe_cannot_express(amount_minor: int, currency: str, step: int) -> None:
    with pytest.raises(UnrepresentableAmountError) as refused:
        to_stripe(amount_minor, currency)
    assert refused.value.step_minor == step


def test_it_refuses_a_fraction_of_a_krona_from_stripe() -> None:
    with pytest.raises(UnrepresentableAmountError):
        from_stripe(550, "ISK")


@pytest.mark.parametrize(
    ("owed_minor", "currency", "paid_minor"),
    [
        (911, "USD", 911),
        (12345, "HUF", 12300),
        (99, "TWD", 0),
        (1239, "KWD", 1230),
        (7, "ISK", 7),
        (-1, "USD", -1),
        (-150, "HUF", -200),
    ],
)
def test_what_can_be_paid_out_is_rounded_down(owed_minor: int, currency: str, paid_minor: int) -> None:
    assert payable_part(owed_minor, currency) == paid_minor
