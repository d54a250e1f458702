"""What happens to a gift when Stripe's word about its sale has been processed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from payouts import handlers
from payouts.disputes.queries import is_charged_back
from payouts.refunds.queries import is_kept
from rooms.currencies import money_text
from rooms.events import hints
from rooms.live import revocations
from rooms.mail.letters import Button, Letter
from rooms.mail.operations import write
from rooms.models import Gift


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready, after the purchases' own handlers."""
    handlers.on("sale.paid", many=sales_paid)(sale_paid)
    handlers.on("sale.refunded")(sale_refunded)
    handlers.on("sale.refund_failed")(sale_refund_failed)
    handlers.on("dispute.opened")(dispute_opened)
    handlers.on("dispute.closed")(dispute_closed)


def sale_paid(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """Send the link to the recipient, and a receipt to the giver; once each."""
    gift = _of_sale(sale_id)
    if gift is None:
        return
    write(key=f"gift:{gift.id}:claim", to_address=gift.recipient_email, person_id=None, letter=_link(gift), now=now)
    write(
        key=f"gift:{gift.id}:receipt",
        to_address=gift.buyer.email,
        person_id=gift.buyer_id,
        letter=_receipt(gift),
        now=now,
    )


def sales_paid(*, sale_ids: Sequence[UUID], now: datetime, **_: Any) -> None:
    """The same for the gifts among many sales."""
    for sale_id in Gift.objects.filter(sale_id__in=sale_ids).order_by("sale_id").values_list("sale_id", flat=True):
        sale_paid(sale_id=sale_id, now=now)


def sale_refunded(*, sale_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """Given back whole: what was given is closed, within the second."""
    gift = _of_sale(sale_id) if full else None
    if gift is not None:
        cut_off(gift, now=now)


def sale_refund_failed(*, sale_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """The card did not take it back: what is left of the gift's time is open until the refund is made again."""
    gift = None if full or is_charged_back(sale_id=sale_id) else _of_sale(sale_id)
    if gift is not None:
        open_again(gift)


def dispute_opened(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The giver's bank takes the payment back: what was given is closed, within the second."""
    gift = _of_sale(sale_id)
    if gift is not None:
        cut_off(gift, now=now)


def dispute_closed(*, sale_id: UUID, won: bool, now: datetime, **_: Any) -> None:
    """Won: what is left of its time is open again, unless all of it was given back since."""
    gift = _of_sale(sale_id) if won else None
    if gift is not None and is_kept(sale_id=sale_id):
        open_again(gift)
    elif gift is not None:
        cut_off(gift, now=now)


def cut_off(gift: Gift, *, now: datetime) -> None:
    """The locked gift's money went back: it opens nothing from now on."""
    if gift.cut_off_at is None:
        gift.cut_off_at = now
        gift.save(update_fields=["cut_off_at"])
        if gift.claimed_by_id is not None:
            revocations.recheck(user_id=gift.claimed_by_id, now=now)
            hints.tell(user_id=gift.claimed_by_id, kind="subscription", ref=str(gift.id))


def open_again(gift: Gift) -> None:
    """The locked gift's money is ours after all: its time goes on."""
    if gift.cut_off_at is not None:
        gift.cut_off_at = None
        gift.save(update_fields=["cut_off_at"])
        if gift.claimed_by_id is not None:
            hints.tell(user_id=gift.claimed_by_id, kind="subscription", ref=str(gift.id))


def _of_sale(sale_id: UUID) -> Gift | None:
    """The gift that a sale pays for, locked, with what letters read."""
    gifts = Gift.objects.select_for_update(of=("self",)).select_related("buyer", "creator", "plan", "sale")
    found: Gift | None = gifts.filter(sale_id=sale_id).first()
    return found


def _months(gift: Gift) -> str:
    return f"{gift.months} month{'s' if gift.months > 1 else ''} of {gift.creator.display_name}'s {gift.plan.name}"


def _link(gift: Gift) -> Letter:
    giver = gift.buyer.display_name
    said = (f"“{gift.message}”",) if gift.message else ()
    return Letter(
        kind="gift-claim",
        subject=f"{giver} gives you {_months(gift)}",
        name="",
        paragraphs=(
            *said,
            f"Claim your gift, and every room that {gift.creator.display_name} opens to subscribers is open to you.",
            "Its time begins when you claim it. Nothing is charged to you, and it ends by itself.",
        ),
        button=Button(label="Claim your gift", url=settings.PUBLIC_URL + gift.claim_path),
        after=("Whoever has this link can claim the gift, once: keep it to yourself.",),
    )


def _receipt(gift: Gift) -> Letter:
    paid = money_text(gift.sale.charge_minor, gift.sale.currency)
    return Letter(
        kind="gift-receipt",
        subject=f"Your receipt: {paid} for a gift",
        name=gift.buyer.get_short_name(),
        paragraphs=(f"Thank you. We have sent {_months(gift)} to {gift.recipient_email}.",),
        facts=(("Gift", _months(gift)), ("For", gift.recipient_email), ("Paid", paid)),
        button=Button(label="See your gift", url=settings.PUBLIC_URL + gift.get_absolute_url()),
        after=("On that page you find the link too, should the mail not arrive.",),
    )
