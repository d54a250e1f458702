"""The refunds of a sale as its payees see them: each with what it took from every leg, from its ledger entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.queries import TransactionLine
from payouts.models import Refund, RefundState
from rooms.studio.words import account_words

LOOKS = {
    RefundState.ASKED: ("pill-wait", "Being asked for"),
    RefundState.MADE: ("pill-wait", "Made, fee to come"),
    RefundState.POSTED: ("pill-good", "Went back"),
    RefundState.FAILED: ("pill-bad", "The card did not take it"),
    RefundState.REFUSED: ("pill-bad", "Refused by Stripe"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegPart:
    """What one leg gave; below zero it got something."""

    words: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """One refund: how it stands, who asked for it, and its parts while they are in the ledger."""

    refund: Refund
    pill: str
    words: str
    asked_by: str
    key: str
    parts: tuple[LegPart, ...]


def refund_lines(
    refunds: Iterable[Refund], entries: Iterable[TransactionLine], *, names: Mapping[str, str]
) -> tuple[RefundLine, ...]:
    """Each refund with its entries, which were read already; `names` are payees' names by UUID."""
    by_key: dict[str, list[TransactionLine]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    return tuple(_line(refund, by_key, names) for refund in refunds)


def _line(refund: Refund, by_key: Mapping[str, list[TransactionLine]], names: Mapping[str, str]) -> RefundLine:
    pill, words = LOOKS[RefundState(refund.state)]
    key = f"refund:{refund.refund_id}"
    entries = by_key.get(key, []) if refund.refund_id and refund.returned_at is None else []
    return RefundLine(
        refund=refund,
        pill=pill,
        words=words,
        asked_by=_asker(refund),
        key=key,
        parts=tuple(
            LegPart(
                words=account_words(entry.account, names), amount_minor=entry.amount_minor, currency=entry.currency
            )
            for entry in entries
            if not entry.account.startswith("stripe:")
        ),
    )


def _asker(refund: Refund) -> str:
    """Who, in a word: hosts see that it was one of them, or Obole."""
    if refund.asked_by.startswith("staff:"):
        return "by Obole's finance team"
    if refund.asked_by.startswith("user:"):
        return "by the host"
    return "in Stripe's dashboard" if refund.asked_by == "stripe" else "by itself"
