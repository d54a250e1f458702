"""Exponents of ISO 4217: how many decimals a currency's minor unit has. The same as the table `ledger_currency`."""

BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {currency: decimals for decimals, currencies in BY_EXPONENT.items() for currency in currencies.split()}


def exponent(currency: str) -> int:
    """Decimals of the minor unit: JPY 0, USD 2, KWD 3."""
    return EXPONENTS.get(currency, 2)


def major(amount_minor: int, currency: str) -> str:
    """An amount as a plain decimal: (911, "USD") is "9.11", (-5, "USD") is "-0.05", (500, "JPY") is "500"."""
    decimals = exponent(currency)
    digits = str(abs(amount_minor)).rjust(decimals + 1, "0")
    sign = "-" if amount_minor < 0 else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
