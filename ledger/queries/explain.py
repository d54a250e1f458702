"""Explain this cent: a figure opened into its transactions, entries, policy and formula."""

import json
from dataclasses import dataclass, field
from typing import Any

from ledger.currencies import major
from ledger.queries.rows import rows
from ledger.queries.transactions import TransactionLine, transactions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of an explanation, with what it is made of below it."""

    label: str
    amount_minor: int | None = None
    currency: str | None = None
    detail: str = ""
    children: tuple["Node", ...] = field(default_factory=tuple)

    def as_data(self) -> dict[str, Any]:
        """The tree as JSON."""
        return {
            "label": self.label,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "detail": self.detail,
            "children": [child.as_data() for child in self.children],
        }


def explain(*, subject: str, account: str | None = None) -> Node:
    """All that was posted about a business object as a tree: transactions, their entries, policy and formula.

    With `account`, only transactions that touch it, and the root's amount is what they come to there. Two queries,
    whatever the history: subjects are indexed.
    """
    lines = transactions_of(subject=subject)
    metadata = dict(rows("SELECT t.id, t.metadata FROM ledger_transaction t WHERE t.subject = %s", [subject]))
    by_transaction: dict[int, list[TransactionLine]] = {}
    for line in lines:
        by_transaction.setdefault(line.transaction_id, []).append(line)
    kept = {
        number: legs
        for number, legs in by_transaction.items()
        if account is None or any(leg.account == account for leg in legs)
    }
    mine = [leg for legs in kept.values() for leg in legs if leg.account == account]
    return Node(
        label=subject if account is None else f"{subject} on {account}",
        amount_minor=sum(leg.amount_minor for leg in mine) if mine else None,
        currency=mine[0].currency if mine else None,
        children=tuple(_transaction(legs, _loaded(metadata[number])) for number, legs in kept.items()),
    )


def _transaction(legs: list[TransactionLine], metadata: dict[str, Any]) -> Node:
    head = legs[0]
    entries = tuple(
        Node(
            label=leg.account,
            amount_minor=leg.amount_minor,
            currency=leg.currency,
            detail=_side(leg),
        )
        for leg in legs
    )
    reasons = tuple(
        Node(label=str(name), detail=_text(value), children=_formula(value))
        for name, value in sorted(metadata.items())
    )
    return Node(label=f"{head.kind} {head.key}", detail=head.description, children=entries + reasons)


def _side(leg: TransactionLine) -> str:
    side = "Dr" if leg.amount_minor > 0 else "Cr"
    return f"{side} {major(abs(leg.amount_minor), leg.currency)} {leg.memo}".strip()


def _formula(value: Any) -> tuple[Node, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        Node(
            label=str(line.get("label", "")),
            amount_minor=line.get("amount_minor"),
            detail=str(line.get("formula", "")),
        )
        for line in value
        if isinstance(line, dict)
    )


def _text(value: Any) -> str:
    return "" if isinstance(value, list | dict) else str(value)


def _loaded(metadata: Any) -> dict[str, Any]:
    loaded = json.loads(metadata) if isinstance(metadata, str) else metadata
    return dict(loaded)
