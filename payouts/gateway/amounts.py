"""Between our minor units (ISO 4217's exponent) and the integers that Stripe's API wants.

Source: https://docs.stripe.com/currencies#zero-decimal, #three-decimal and #special-cases. Amounts in the API follow
ISO 4217 but for the cases below; nothing outside the gateway knows them.
"""

# ISO 4217 has no minor unit, the API counts hundredths all the same (of which only whole units may be sent).
_TIMES_100 = frozenset({"ISK", "UGX"})
# ISO 4217 has a minor unit, the API counts whole units. Only whole units may be sent.
_WHOLE_IN_API = frozenset({"MGA"})
# Three decimals, of which the last must be 0.
_MULTIPLES_OF_10 = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# Charged with two decimals, paid out in whole units.
_WHOLE_UNIT_PAYOUTS = frozenset({"HUF", "TWD"})


class UnrepresentableAmountError(ValueError):
    """Stripe cannot express this amount of this currency."""

    def __init__(self, amount_minor: int, currency: str, step_minor: int) -> None:
        super().__init__(f"{amount_minor} {currency} is not a multiple of {step_minor}, as Stripe needs it")
        self.amount_minor = amount_minor
        self.currency = currency
        self.step_minor = step_minor


def step_minor(currency: str) -> int:
    """The smallest amount of a currency that Stripe takes, in our minor units."""
    if currency in _MULTIPLES_OF_10:
        return 10
    return 100 if currency in _WHOLE_IN_API else 1


def to_stripe(amount_minor: int, currency: str) -> int:
    """The amount as the API wants it.

    Raises:
        UnrepresentableAmountError: it is not on the grid of `step_minor`.
    """
    if amount_minor % step_minor(currency):
        raise UnrepresentableAmountError(amount_minor, currency, step_minor(currency))
    if currency in _TIMES_100:
        return amount_minor * 100
    return amount_minor // 100 if currency in _WHOLE_IN_API else amount_minor


def from_stripe(amount: int, currency: str) -> int:
    """Our minor units of an amount from the API.

    Raises:
        UnrepresentableAmountError: a fraction of ISO 4217's smallest unit.
    """
    code = currency.upper()
    if code in _TIMES_100:
        whole, rest = divmod(amount, 100)
        if rest:
            raise UnrepresentableAmountError(amount, code, 100)
        return whole
    return amount * 100 if code in _WHOLE_IN_API else amount


def payable_part(amount_minor: int, currency: str) -> int:
    """What of an amount can be paid out, rounded down; the rest stays owed.

    HUF and TWD leave Stripe in whole units only; three-decimal currencies in multiples of 10.
    """
    step = 100 if currency in _WHOLE_UNIT_PAYOUTS else step_minor(currency)
    return amount_minor // step * step
