"""A creator's figures: pending, available, on its way, paid; and the parts that each is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from ledger import accounts
from ledger.models import Entry
from payouts.models import DisputeShare, Payout, PayoutState, SaleShare
from payouts.queries import payouts_of
from payouts.sales.positions import free_minor
from rooms.studio import disputes, holds, stars

ON_ITS_WAY = (PayoutState.RESERVED, PayoutState.TRANSFERRED, PayoutState.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of the figures: its name in addresses, its label and icon, and what it means."""

    slug: str
    label: str
    icon: str
    words: str
    empty: str


STAGES: Final = {
    stage.slug: stage
    for stage in (
        Stage(
            slug="pending",
            label="Pending",
            icon="clock",
            words="Yours, and not free yet. Each sale says what holds it and until when.",
            empty="A sale stands here from the moment that Stripe's fee is known until its hold ends.",
        ),
        Stage(
            slug="available",
            label="Available",
            icon="coins",
            words="Free to leave with the next payout. These are the movements since it was last empty.",
            empty="Sales come here when their hold ends, and leave with the next payout.",
        ),
        Stage(
            slug="reserved",
            label="Reserved",
            icon="shield",
            words="Set aside while listeners' banks decide disputes. What is won comes back to you.",
            empty="When a listener disputes a payment with their bank, your part of it stands here meanwhile.",
        ),
        Stage(
            slug="in_transit",
            label="On its way",
            icon="send",
            words="Set aside for payouts that have not reached your bank yet.",
            empty="A payout stands here from the moment that it is set aside until your bank has it.",
        ),
        Stage(
            slug="paid",
            label="Paid",
            icon="bank",
            words="What has reached your bank since you began.",
            empty="The first payout stands here when your bank has it.",
        ),
    )
}
KINDS: Final = {
    "release": "The hold ended",
    "refund": "Went back to a listener",
    "refund.failed": "A refund did not go through",
    "refund.release": "The hold ended",
    "payout.reserved": "Set aside for a payout",
    "payout.failed": "A payout came back",
    "dispute.reserved": "Reserved for a dispute",
    "dispute.released": "A dispute is over: no longer reserved",
    "dispute.lost": "A dispute was lost",
    "dispute.won": "A dispute was won",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a figure, with the page that explains it and why it stands there; `until` ends the reason."""

    title: str
    url: str
    at: datetime
    amount_minor: int
    reason: str
    until: datetime | None = None


def rows_of(*, stage: str, payee_id: UUID, currency: str) -> tuple[QuerySet[Any], Callable[[Any], Part]]:
    """The rows behind a figure, in the order of the page, and how each is shown: a page reads only its own rows."""
    if stage == "pending":
        return holds.held_shares(payee_id=payee_id).filter(sale__settlement_currency=currency), _held
    if stage == "available":
        return _since_empty(payee_id, currency), movement_part
    if stage == "reserved":
        return disputes.reserved_shares(payee_id=payee_id, currency=currency), _disputed
    states = ON_ITS_WAY if stage == "in_transit" else (PayoutState.PAID,)
    return payouts_of(payee_id=payee_id).filter(currency=currency, state__in=states), _payout


def parts_of(*, stage: str, payee_id: UUID, currency: str) -> list[Part]:
    """All that a figure is made of; the parts sum to it."""
    rows, show = rows_of(stage=stage, payee_id=payee_id, currency=currency)
    return [*more_parts(stage=stage, payee_id=payee_id, currency=currency), *(show(row) for row in rows)]


def more_parts(*, stage: str, payee_id: UUID, currency: str) -> list[Part]:
    """What is pending beside sales: the Stars, which are many and small, as one part with a page of its own."""
    found = stars.held(payee_id=payee_id, currency=currency) if stage == "pending" else None
    if found is None:
        return []
    return [
        Part(
            title="Stars, one gift" if found.gifts == 1 else f"Stars, {found.gifts:,} gifts",
            url=reverse("studio:stars"),
            at=found.latest,
            amount_minor=found.amount_minor,
            reason=holds.AFTER_THE_ROOM,
        )
    ]


def movement_part(entry: Entry) -> Part:
    """An entry of what is available, the payee's way round: what came is above zero."""
    about = entry.transaction
    return Part(
        title=about.description.removeprefix("Hold ended: "),
        url=url_of(about.subject),
        at=entry.effective_at,
        amount_minor=-entry.amount_minor,
        reason=KINDS.get(about.kind, about.description),
    )


def url_of(subject: str) -> str:
    """The page that explains a subject of the ledger ("sale:<uuid>"), or nothing."""
    kind, _, identity = subject.partition(":")
    pages = {"sale": "studio:sale", "payout": "studio:payout", "tip": "studio:star-gift"}
    return reverse(pages[kind], args=[identity]) if kind in pages else ""


def _since_empty(payee_id: UUID, currency: str) -> QuerySet[Entry]:
    """What moved since nothing was available, latest first."""
    found = Entry.objects.filter(account__code=accounts.payable(payee_id, "available"), currency=currency)
    empty = found.filter(balance_minor=0).order_by("-id").values("id")[:1]
    last = empty[0]["id"] if empty else 0
    return found.filter(id__gt=last).select_related("transaction").order_by("-id")


def _held(share: "SaleShare") -> Part:
    sale = share.sale
    available_on, free_at = share.available_on, share.free_at  # type: ignore[attr-defined]  # annotated by `held_shares`
    return Part(
        title=sale.title,
        url=reverse("studio:sale", args=[sale.id]),
        at=sale.paid_at or sale.opened_at,
        amount_minor=free_minor(share),
        reason=holds.reason(available_on=available_on, hold_until=sale.hold_until),
        until=free_at,
    )


def _disputed(share: DisputeShare) -> Part:
    dispute = share.dispute
    return Part(
        title=dispute.sale.title,
        url=reverse("studio:sale", args=[dispute.sale_id]),
        at=dispute.opened_at,
        amount_minor=share.reserved_minor,
        reason=disputes.reason_words(dispute),
    )


def _payout(payout: Payout) -> Part:
    arrives = f", expected {payout.arrives_on:%-d %b %Y}" if payout.arrives_on and not payout.paid_at else ""
    return Part(
        title="Payout",
        url=reverse("studio:payout", args=[payout.id]),
        at=payout.paid_at or payout.reserved_at,
        amount_minor=payout.amount_minor,
        reason=PayoutState(payout.state).label.replace("the payee's", "your") + arrives,
    )
