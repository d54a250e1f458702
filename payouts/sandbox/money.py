"""Currencies, fees and conversion, in integer minor units as Stripe's API counts them."""

from decimal import ROUND_HALF_UP, Decimal
from zlib import crc32

from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.settings import Knobs

# https://docs.stripe.com/currencies#zero-decimal and #special-cases
ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
WHOLE_UNITS = frozenset(("isk", "ugx"))
WHOLE_UNIT_PAYOUTS = frozenset(("huf", "twd"))

# What one unit is worth in USD here; Stripe's rates move, these do not (turn exchange_rates to move them).
_USD_PER_UNIT = {
    "usd": 1.0, "eur": 1.08, "gbp": 1.27, "chf": 1.12, "cad": 0.73, "aud": 0.66, "nzd": 0.6, "sek": 0.095,
    "nok": 0.094, "dkk": 0.145, "pln": 0.25, "czk": 0.043, "huf": 0.0028, "jpy": 0.0067, "krw": 0.00074,
    "twd": 0.031, "hkd": 0.128, "sgd": 0.75, "inr": 0.012, "mxn": 0.055, "brl": 0.19, "kwd": 3.25, "bhd": 2.65,
    "jod": 1.41, "omr": 2.6, "tnd": 0.32, "isk": 0.0072, "ugx": 0.00027, "ils": 0.27, "zar": 0.055, "thb": 0.029,
    "aed": 0.272, "try": 0.03, "ron": 0.22,
}  # fmt: skip
_FIXED_FEE = {"usd": 30, "eur": 30, "gbp": 20, "chf": 30, "cad": 30, "aud": 30, "sek": 180, "dkk": 180, "nok": 200,
              "pln": 100, "jpy": 0, "huf": 8500, "kwd": 100}  # fmt: skip
_CURRENCY_OF_COUNTRY = {
    "US": "usd", "GB": "gbp", "CH": "chf", "CA": "cad", "AU": "aud", "NZ": "nzd", "SE": "sek", "NO": "nok",
    "DK": "dkk", "PL": "pln", "CZ": "czk", "HU": "huf", "JP": "jpy", "KR": "krw", "TW": "twd", "HK": "hkd",
    "SG": "sgd", "IN": "inr", "MX": "mxn", "BR": "brl", "KW": "kwd", "BH": "bhd", "IS": "isk", "UG": "ugx",
    "RO": "ron", "AE": "aed",
}  # fmt: skip
DISPUTE_FEE_USD = 1500
_PERCENT_PER_MILLE = 29
_INTERNATIONAL_PER_MILLE = 15


def exponent(currency: str) -> int:
    """Decimals of an amount in the API."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def currency_of(country: str) -> str:
    """The currency of a country's banks; euro where nothing else is known."""
    return _CURRENCY_OF_COUNTRY.get(country.upper(), "eur")


def known(currency: str, *, param: str = "currency") -> str:
    """The currency in lower case; raises StripeError for one that is not supported."""
    code = currency.lower()
    if code not in _USD_PER_UNIT and code not in ZERO_DECIMAL:
        raise invalid(f"Invalid currency: {currency}. Stripe currently supports these currencies: "
                      f"{', '.join(sorted(_USD_PER_UNIT))}", param=param)  # fmt: skip
    return code


def check_amount(amount: int, currency: str, *, param: str = "amount") -> None:
    """Refuse what Stripe refuses: below the minimum, above the maximum, or off the currency's grid."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    if amount > 99_999_999 and exponent(currency) == 2:
        raise invalid("Amount must be no more than 999,999.99.", param=param, code="amount_too_large")
    if (currency in THREE_DECIMAL and amount % 10) or (currency in WHOLE_UNITS and amount % 100):
        step = 10 if currency in THREE_DECIMAL else 100
        raise invalid(f"Invalid amount: amounts in {currency} must be a multiple of {step}.", param=param)


def check_minimum(amount: int, currency: str, knobs: Knobs, *, param: str = "amount") -> None:
    """A charge is worth at least half a dollar (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""
    if convert(amount, currency, "usd", knobs)[0] < 50:
        raise StripeError(
            "The amount is below the minimum: it must convert to at least 50 cents.",
            code="amount_too_small", param=param, executed=False,
        )  # fmt: skip


def settlement(currency: str, knobs: Knobs) -> str:
    """The currency that a charge settles in: its own when the platform has a bank account in it, else the first."""
    return currency if currency in knobs.settlement_currencies else knobs.settlement_currencies[0]


def convert(amount: int, source: str, target: str, knobs: Knobs) -> tuple[int, float | None]:
    """The amount in another currency's minor units and the rate between minor units; no rate when nothing converts."""
    if source == target:
        return amount, None
    units = _usd_per_unit(source, knobs) / _usd_per_unit(target, knobs)
    rate = (units * Decimal(10) ** (exponent(target) - exponent(source))).normalize()
    rate = Decimal(f"{rate:.6g}")
    return int((amount * rate).quantize(Decimal(1), ROUND_HALF_UP)), float(rate)


def fee(amount: int, currency: str, *, international: bool, knobs: Knobs, seed: str) -> int:
    """Stripe's processing fee: 2.9% + 30 cents, 1.5% more for foreign cards (https://stripe.com/pricing).

    With the fee_variation knob, that share of charges costs a little more than the formula says.
    """
    per_mille = _PERCENT_PER_MILLE + (_INTERNATIONAL_PER_MILLE if international else 0)
    fixed = _FIXED_FEE.get(currency)
    if fixed is None:
        fixed = convert(30, "usd", currency, knobs)[0]
    plain = (amount * per_mille + 500) // 1000 + fixed
    draw = crc32(seed.encode()) % 10_000
    return plain + 1 + draw % max(2, amount // 100) if draw < knobs.fee_variation * 10_000 else plain


def dispute_fee(currency: str, knobs: Knobs) -> int:
    """15.00 USD in a settlement currency (https://docs.stripe.com/disputes/how-disputes-work)."""
    return convert(DISPUTE_FEE_USD, "usd", currency, knobs)[0]


def _usd_per_unit(currency: str, knobs: Knobs) -> Decimal:
    return Decimal(str(knobs.exchange_rates.get(currency, _USD_PER_UNIT.get(currency, 0.01))))
