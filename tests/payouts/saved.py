"""Saving a card as a person does: on Stripe's hosted page, and past the bank's question where it has one."""

from uuid import UUID

from config import clock
from payouts.cards.operations import setup_url
from payouts.models import SavedCard
from tests.payouts.stripe_driver import PAYS, Sandbox, Workers, form

DECLINED_LATER = "4000000000000341"
ALWAYS_ASKS = "4000002760003184"


def save_card(sandbox: Sandbox, workers: Workers, user_id: UUID, *, number: str = PAYS) -> SavedCard:
    """The card, as the events of saving it left it here."""
    url = setup_url(
        user_id=user_id,
        name="Linus",
        email="linus@example.org",
        return_url="http://testserver/cards/",
        cancel_url="http://testserver/cards/",
        now=clock.now(),
    )
    assert sandbox.pay(url, number=number) == 303
    for intent in sandbox.client.v1.setup_intents.list().data:
        if intent.status == "requires_action":
            assert form(f"{sandbox.url}/c/3ds/{intent.id}", result="complete") == 303
    workers.hear()
    return SavedCard.objects.filter(customer__user_id=user_id, removed_at__isnull=True).latest("added_at")
