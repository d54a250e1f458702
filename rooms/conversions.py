"""At which rate a payment in one currency arrived in another (E11), in words."""

from decimal import Decimal

from payouts.models import Sale
from payouts.sales.queries import exchange_rate_of
from rooms.currencies import rate_text


def rate_of(sale: Sale) -> str:
    """Of a sale, asking for its balance transaction where Stripe converted; empty where it did not, or not yet."""
    return rate_words(sale, exchange_rate_of(sale_id=sale.id)) if sale.settlement_currency != sale.currency else ""


def rate_words(sale: Sale, rate: Decimal | None) -> str:
    """Of a sale whose balance transaction says this rate."""
    if not rate or not sale.gross_minor:
        return ""
    return rate_text(
        rate,
        paid_minor=sale.charge_minor,
        paid_in=sale.currency,
        arrived_minor=sale.gross_minor,
        arrived_in=sale.settlement_currency,
    )
