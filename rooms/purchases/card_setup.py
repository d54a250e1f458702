"""Saving a card: on Stripe's page, which charges nothing, and back to the person's cards."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from payouts.cards.operations import setup_url
from rooms.models import User


def card_setup_url(*, user: User, now: datetime) -> str:
    """The address of Stripe's page for this person. Outside any transaction.

    Raises:
        CustomerUnavailableError: Stripe cannot be reached, or has not made what it needs.
    """
    page = settings.PUBLIC_URL + reverse("cards")
    return setup_url(
        user_id=user.id,
        name=user.display_name,
        email=user.email,
        return_url=f"{page}?from=setup",
        cancel_url=page,
        now=now,
    )
