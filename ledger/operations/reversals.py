"""Taking back: exact mirrors, parts, corrections. Nothing is ever changed; what was wrong is posted the other way."""

from datetime import datetime

from django.db import transaction

from ledger.errors import InvalidPostingError
from ledger.fees.apportion import refund_parts
from ledger.operations.calls import call
from ledger.operations.posting import Posted, post
from ledger.postings import Leg, Posting
from ledger.queries.rows import rows

LEGS = """
SELECT a.code, e.currency, e.memo, e.amount_minor FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
WHERE e.transaction_id = %s ORDER BY e.position
"""
REVERSED = """
SELECT coalesce(sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0)::bigint
FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id WHERE t.reverses_id = %s AND t.key <> %s
"""


@transaction.atomic
def reverse(
    *,
    key: str,
    original: str,
    effective_at: datetime,
    amount_minor: int | None = None,
    kind: str = "reversal",
    actor: str = "system",
    description: str = "",
) -> Posted:
    """Take back the transaction `original` (its key): whole, or so much of its debits, or all that is left of it.

    Each leg goes back by its share of the total taken back so far (Sainte-Laguë), so parts never drift; a reversal
    without `amount_minor` mirrors what is left. A posting of several currencies can be taken back whole only.
    Raises InvalidPostingError for an unknown original, a part below one, a part of several currencies, nothing left;
    ReversalExceedsError beyond what is left, at the end of the database transaction.
    """
    number = call("ledger_lock_key", {"key": original})["transaction_id"]
    if number is None:
        raise InvalidPostingError(f"there is no transaction {original} to reverse", key=key, original=original)
    legs = [
        Leg(account=code, currency=currency, memo=memo, amount_minor=amount)
        for code, currency, memo, amount in rows(LEGS, [number])
    ]
    before = int(rows(REVERSED, [number, key])[0][0])
    parts = mirror(legs, reversed_minor=before, amount_minor=amount_minor)
    if not parts:
        raise InvalidPostingError(f"nothing of {original} is left to reverse", key=key, original=original)
    return post(
        posting=Posting(
            key=key,
            kind=kind,
            legs=tuple(parts),
            effective_at=effective_at,
            subject=_subject(number),
            actor=actor,
            description=description or f"Reversal of {original}",
            reverses=number,
        )
    )


@transaction.atomic
def correct(*, original: str, key: str, replacement: Posting, actor: str = "system") -> tuple[Posted, Posted]:
    """Take back what is left of `original` and post `replacement` instead, both at the replacement's effective date.

    So a closed month is corrected in the open one. Raises what `reverse` and `post` raise.
    """
    taken_back = reverse(
        key=key,
        original=original,
        effective_at=replacement.effective_at,
        kind="correction",
        actor=actor,
        description=f"Correction of {original}",
    )
    return taken_back, post(posting=replacement)


def mirror(legs: list[Leg], *, reversed_minor: int, amount_minor: int | None) -> list[Leg]:
    """The legs that take back `amount_minor` of the debits (None: all that is left) after `reversed_minor` went back.

    Raises InvalidPostingError for a part of a posting in several currencies, or out of range.
    """
    total = sum(leg.amount_minor for leg in legs if leg.amount_minor > 0)
    part = total - reversed_minor if amount_minor is None else amount_minor
    if len({leg.currency for leg in legs}) > 1 and (reversed_minor, part) != (0, total):
        raise InvalidPostingError("a posting of several currencies can be reversed whole only", amount_minor=part)
    if part < 0 or amount_minor == 0 or reversed_minor + part > total:
        raise InvalidPostingError(f"{part} is not left of {total} after {reversed_minor}", amount_minor=part)
    if (reversed_minor, part) == (0, total):
        back = [-leg.amount_minor for leg in legs]
    else:
        debited = iter(refund_parts([leg.amount_minor for leg in legs if leg.amount_minor > 0], reversed_minor, part))
        credited = iter(
            refund_parts([-leg.amount_minor for leg in legs if leg.amount_minor < 0], reversed_minor, part)
        )
        back = [-next(debited) if leg.amount_minor > 0 else next(credited) for leg in legs]
    return [
        Leg(account=leg.account, currency=leg.currency, memo=leg.memo, amount_minor=amount)
        for leg, amount in zip(legs, back, strict=True)
        if amount
    ]


def _subject(number: int) -> str:
    return str(rows("SELECT t.subject FROM ledger_transaction t WHERE t.id = %s", [number])[0][0])
