"""Rounding of exact fractions."""

from fractions import Fraction


def half_up(value: Fraction) -> int:
    """The nearest integer; a half goes up: 2.5 is 3, -2.5 is -2."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def ceiling(value: Fraction) -> int:
    """The smallest integer that is not below."""
    return -(-value.numerator // value.denominator)


def percent(rate: Fraction) -> str:
    """A rate for people: Fraction(29, 1000) is "2.9%"; one without an end stays a fraction, "1/3"."""
    hundredfold = rate * 100
    if hundredfold.denominator == 1:
        return f"{hundredfold.numerator}%"
    digits = 1
    while digits <= 6 and (hundredfold * 10**digits).denominator != 1:
        digits += 1
    if digits > 6:
        return str(rate)
    scaled = str(hundredfold * 10**digits).rjust(digits + 1, "0")
    return f"{scaled[:-digits]}.{scaled[-digits:]}%"
