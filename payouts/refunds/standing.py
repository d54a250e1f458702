"""How a refund stands for people: the same words' source for buyers, hosts, finance and the API. Pure.

Stripe's own states are pending, requires_action, succeeded, failed and canceled; a succeeded one has left Stripe and
takes the bank up to ten days more, of which nobody is told (https://docs.stripe.com/refunds#tracing-refunds).
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import models

from payouts.models import Refund, RefundState

BANKS_TAKE: Final = timedelta(days=10)
"""The longest that Stripe names for a card's bank to show a refund: 5 to 10 business days."""
REQUIRES_ACTION: Final = "requires_action"
SUCCEEDED: Final = "succeeded"


class RefundStanding(models.TextChoices):
    """Where the money is."""

    ASKED = "asked", "Being asked for at Stripe"
    PENDING = "pending", "Being sent by Stripe"
    ACTION = "action", "Waiting for the buyer"
    SENT = "sent", "On its way to the card"
    GIVEN_BACK = "given_back", "Given back"
    FAILED = "failed", "The card did not take it"
    REFUSED = "refused", "Refused by Stripe"


MOVING: Final = (RefundStanding.ASKED, RefundStanding.PENDING, RefundStanding.ACTION, RefundStanding.SENT)
"""Nothing that the buyer could find on their account for certain."""
ENDED: Final = {
    RefundState.ASKED.value: RefundStanding.ASKED,
    RefundState.FAILED.value: RefundStanding.FAILED,
    RefundState.REFUSED.value: RefundStanding.REFUSED,
}


def standing_of(refund: Refund, *, now: datetime) -> RefundStanding:
    """Where the money of a refund is."""
    if refund.state in ENDED:
        return ENDED[refund.state]
    if refund.sent_at is None:
        return RefundStanding.ACTION if refund.stripe_status == REQUIRES_ACTION else RefundStanding.PENDING
    return RefundStanding.SENT if now < refund.sent_at + BANKS_TAKE else RefundStanding.GIVEN_BACK


def since(refund: Refund) -> datetime:
    """Since when it stands so, or when the money left."""
    return refund.failed_at or refund.sent_at or refund.made_at or refund.asked_at
