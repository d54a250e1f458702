"""What a buyer is told about a purchase, as a pure function of its sale."""

from enum import StrEnum
from typing import Final

from payouts.cards.unsent import NOT_SENT
from payouts.models import PAID_STATES, TOO_LATE, Sale, SaleChannel, SaleState


class Stage(StrEnum):
    """One page each; the value names its template."""

    PREPARING = "preparing"  # the card page is not ready yet
    OPEN = "open"  # the card page is ready, nothing was paid
    CONFIRM = "confirm"  # the bank wants the payer: the card page is ready
    CHARGING = "charging"  # the saved card is being charged, its answer is not known yet
    CONFIRMING = "confirming"  # back from the card page, Stripe's word has not been processed yet
    PAID = "paid"
    REFUNDED = "refunded"  # all of it went back
    DECLINED = "declined"  # the saved card was refused
    UNSENT = "unsent"  # Stripe was away for so long that the saved card was never asked
    EXPIRED = "expired"
    FAILED = "failed"  # Stripe refused to make a card page
    RETURNED = "returned"  # nothing could be sold for the money any more: it is on its way back


TITLES: Final = {
    Stage.PREPARING: "Opening the card page",
    Stage.OPEN: "Not paid yet",
    Stage.CONFIRM: "Your bank asks",
    Stage.CHARGING: "Charging your card",
    Stage.CONFIRMING: "Confirming",
    Stage.PAID: "Thank you",
    Stage.REFUNDED: "Refunded",
    Stage.DECLINED: "Card declined",
    Stage.UNSENT: "Not charged",
    Stage.EXPIRED: "Nothing was paid",
    Stage.FAILED: "No card page",
    Stage.RETURNED: "Payment returned",
}
# The page may still change by itself in these.
MOVING: Final = frozenset({Stage.PREPARING, Stage.OPEN, Stage.CONFIRM, Stage.CHARGING, Stage.CONFIRMING})


def stage_of(sale: Sale, *, back_from_payment: bool) -> Stage:
    """The stage of a purchase. `back_from_payment`: the buyer came from the card page's success address."""
    if sale.state in TOO_LATE:
        return Stage.RETURNED
    if sale.state in PAID_STATES:
        return Stage.REFUNDED if sale.reversed_minor >= sale.charge_minor else Stage.PAID
    return _over(sale) if sale.state == SaleState.EXPIRED else _waiting(sale, back_from_payment=back_from_payment)


def _waiting(sale: Sale, *, back_from_payment: bool) -> Stage:
    if sale.channel == SaleChannel.CARD:
        return Stage.CHARGING
    if back_from_payment:
        return Stage.CONFIRMING
    if not sale.checkout_url:
        return Stage.PREPARING
    return Stage.CONFIRM if sale.decline_code else Stage.OPEN


def _over(sale: Sale) -> Stage:
    if sale.channel == SaleChannel.CARD:
        return Stage.UNSENT if sale.decline_code == NOT_SENT else Stage.DECLINED
    return Stage.FAILED if sale.failure and not sale.checkout_session_id else Stage.EXPIRED
