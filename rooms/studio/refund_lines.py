"""The refunds of a sale as its payees see them: each with what it took from every leg, from its ledger entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledger.queries import TransactionLine
from payouts.models import Refund, RefundReason
from payouts.refunds.standing import RefundStanding, standing_of
from rooms.studio.words import account_words

LOOKS = {
    RefundStanding.ASKED: ("pill-wait", "Being asked for"),
    RefundStanding.PENDING: ("pill-wait", "Being sent by Stripe"),
    RefundStanding.ACTION: ("pill-wait", "Waiting for the buyer"),
    RefundStanding.SENT: ("pill-good", "On its way to the card"),
    RefundStanding.GIVEN_BACK: ("pill-good", "Given back"),
    RefundStanding.FAILED: ("pill-bad", "The card did not take it"),
    RefundStanding.REFUSED: ("pill-bad", "Refused by Stripe"),
}

BY_ITSELF = {
    RefundReason.CANCELLED: "by itself, since the room was cancelled",
    RefundReason.NO_SHOW: "by itself, since nobody came to speak",
    RefundReason.LATE: "by itself, since it was paid too late",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegPart:
    """What one leg gave; below zero it got something."""

    words: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """One refund: how it stands, who asked for it, and its parts while they are in the ledger.

    `note` and `failure` come without the full stop that they may end with: the page writes one.
    """

    refund: Refund
    pill: str
    words: str
    asked_by: str
    note: str
    failure: str
    key: str
    parts: tuple[LegPart, ...]


def refund_lines(
    refunds: Iterable[Refund],
    entries: Iterable[TransactionLine],
    *,
    names: Mapping[str, str],
    people: Mapping[str, str],
    now: datetime,
) -> tuple[RefundLine, ...]:
    """Each refund with its entries, which were read already; `names` are payees' names by UUID, `people` by user."""
    by_key: dict[str, list[TransactionLine]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    return tuple(_line(refund, by_key, names, people, now) for refund in refunds)


def _line(
    refund: Refund,
    by_key: Mapping[str, list[TransactionLine]],
    names: Mapping[str, str],
    people: Mapping[str, str],
    now: datetime,
) -> RefundLine:
    pill, words = LOOKS[standing_of(refund, now=now)]
    key = f"refund:{refund.refund_id}"
    entries = by_key.get(key, []) if refund.refund_id and refund.returned_at is None else []
    return RefundLine(
        refund=refund,
        pill=pill,
        words=words,
        asked_by=_asker(refund, people),
        note=refund.note.rstrip(". "),
        failure=refund.failure.rstrip(". "),
        key=key,
        parts=tuple(
            LegPart(
                words=account_words(entry.account, names), amount_minor=entry.amount_minor, currency=entry.currency
            )
            for entry in entries
            if not entry.account.startswith("stripe:")
        ),
    )


def _asker(refund: Refund, people: Mapping[str, str]) -> str:
    """Who, by name where it was a host; else Obole, with what made it."""
    kind, _, identity = refund.asked_by.partition(":")
    if kind == "user":
        return f"by {people.get(identity, 'the host')}"
    if kind == "stripe":
        return "in Stripe's dashboard"
    if kind == "system":
        return BY_ITSELF.get(RefundReason(refund.reason), "by Obole, by itself")
    return "by Obole's finance team" if identity else f"by Obole: {refund.asked_by}"
