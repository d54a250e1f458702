"""The way to the card page, right after a seat was held."""

from payouts.sales.operations import start_checkout
from rooms.models import Ticket


def open_now(ticket: Ticket) -> str | None:
    """The address of the ticket's card page; asks Stripe for it now when nobody has yet.

    Called outside any transaction, after the purchase was committed. None when Stripe cannot be reached just now: the
    outbox goes on asking, and the ticket's page takes the buyer along once it has the answer.
    """
    if not ticket.sale.checkout_url:
        ticket.sale = start_checkout(sale_id=ticket.sale_id)
    return ticket.sale.checkout_url or None
