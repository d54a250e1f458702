"""The way to the card page, or past it by saved card, right after a purchase was written down."""

from payouts.cards.charges import charge_now
from payouts.models import Sale, SaleChannel, SaleState
from payouts.sales.operations import start_checkout


def go_on(sale: Sale) -> Sale:
    """Ask Stripe for what comes next, outside any transaction, after the commit; the sale as it is then.

    A saved card is charged; where its bank wants the payer, and for every sale by Checkout, the card page is made.
    While Stripe cannot be reached the outbox goes on asking, and the purchase's page takes the buyer along.
    """
    if sale.channel == SaleChannel.CARD and sale.state == SaleState.OPEN:
        sale = charge_now(sale_id=sale.id)
    if sale.channel == SaleChannel.CHECKOUT and sale.state == SaleState.OPEN and not sale.checkout_url:
        sale = start_checkout(sale_id=sale.id)
    return sale


def card_page_of(sale: Sale) -> str:
    """Where the buyer pays now, or nothing when there is nothing to pay, or no page yet."""
    return sale.checkout_url if sale.state == SaleState.OPEN else ""
