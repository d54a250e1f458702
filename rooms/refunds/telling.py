"""What buyers are told by mail about refunds of any sale: on its way, or not taken by the card. Once for each."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F

from payouts.models import Refund, RefundState
from rooms.currencies import money_text
from rooms.mail.letters import Button, Letter
from rooms.mail.operations import write
from rooms.purchases.kinds import page_of
from rooms.refunds.shown import REASONS

OPEN_AGAIN: Final = frozenset({"subscription", "gift"})
"""Products that nobody else got meanwhile, so that what was paid for is open until the money goes back after all."""


def tell_made(refund: Refund, *, now: datetime) -> None:
    """It is on its way to the card."""
    _write(refund, "made", _made(refund), now=now)


def tell_failed(refund: Refund, *, now: datetime) -> None:
    """The card did not take it. One that Stripe refused at once was never announced, so nothing is said of it."""
    if refund.state == RefundState.FAILED:
        _write(refund, "failed", _failed(refund), now=now)


def of_late_sale(sale_id: UUID) -> Refund | None:
    """The refund that gives a payment back that came too late."""
    known = Refund.objects.filter(sale_id=sale_id, refund_id=F("sale__refund_id")).exclude(refund_id="")
    return known.select_related("sale").first()


def _write(refund: Refund, what: str, letter: Letter, *, now: datetime) -> None:
    sale = refund.sale
    if sale.buyer_email:
        key = f"refund:{refund.id}:{what}"
        write(key=key, to_address=sale.buyer_email, person_id=sale.buyer_id, letter=letter, now=now)


def _made(refund: Refund) -> Letter:
    amount = money_text(refund.amount_minor, refund.currency)
    because = REASONS.get(refund.reason, "")
    return Letter(
        kind="refund",
        subject=f"{amount} are on the way back to your card",
        name="",
        paragraphs=(
            *((because,) if because else ()),
            f"We refunded {amount} of what you paid for {refund.sale.title}. Banks show it within 5 to 10 days.",
        ),
        facts=(("Refunded", amount), ("Number", refund.refund_id)),
        button=_page(refund),
        after=("Should you need to ask your bank, it finds the refund by its number.",),
    )


def _failed(refund: Refund) -> Letter:
    amount = money_text(refund.amount_minor, refund.currency)
    meanwhile = " Until then what you paid for is open to you." if refund.sale.product in OPEN_AGAIN else ""
    return Letter(
        kind="refund-failed",
        subject=f"Your refund of {amount} did not go through",
        name="",
        paragraphs=(
            f"We sent {amount} for {refund.sale.title} back to your card, which did not take it.",
            "That happens when a card was replaced, or its account closed.",
            f"The money is yours, and safe with us. Our finance team sees this and writes to you here.{meanwhile}",
        ),
        facts=(("Not refunded yet", amount), ("Number", refund.refund_id)),
        button=_page(refund),
    )


def _page(refund: Refund) -> Button:
    return Button(label="See your purchase", url=settings.PUBLIC_URL + page_of(refund.sale))
