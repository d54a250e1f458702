"""What has been posted, in an order that no late commit can disturb: for those who follow the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.queries.rows import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far somebody has followed: the last transaction seen, in the order of database transactions."""

    epoch: int = 0
    xact: int = 0
    transaction_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What one transaction moved on the accounts asked about, together, in one currency."""

    key: str
    currency: str
    amount_minor: int
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Some transactions that moved something, and the place to go on from; `more` when it is worth going on."""

    moved: tuple[Moved, ...]
    place: Place
    more: bool


_NEXT = """
SELECT t.id, t.epoch, t.xact::text::bigint, t.key, t.effective_at
FROM ledger_transaction t, ledger_book b
WHERE (t.epoch, t.xact, t.id) > (%s, %s::text::xid8, %s)
    AND (t.epoch, t.xact) < (b.epoch, pg_snapshot_xmin(pg_current_snapshot()))
    AND t.posted_at < %s
ORDER BY t.epoch, t.xact, t.id
LIMIT %s
"""
_MOVED = """
SELECT t.key, e.currency, sum(e.amount_minor)::bigint, t.effective_at
FROM ledger_transaction t
JOIN ledger_entry e ON e.transaction_id = t.id
JOIN ledger_account a ON a.id = e.account_id AND a.code = ANY(%s)
WHERE {which}
GROUP BY t.id, e.currency
ORDER BY t.id, e.currency
"""
_OF_KEYS = "t.id IN (SELECT transaction_id FROM ledger_key WHERE key = ANY(%s))"


def follow(*, accounts: Sequence[str], after: Place, posted_before: datetime, limit: int) -> Followed:
    """The next transactions, at most `limit` of them, and what they moved on these accounts.

    Reads only below the oldest database transaction that is still open, so that none is ever skipped.
    """
    found = rows(_NEXT, [after.epoch, after.xact, after.transaction_id, posted_before, limit])
    if not found:
        return Followed(moved=(), place=after, more=False)
    last_id, epoch, xact, *_ = found[-1]
    moved = rows(_MOVED.format(which="t.id = ANY(%s)"), [list(accounts), [row[0] for row in found]])
    return Followed(
        moved=tuple(_moved(row) for row in moved),
        place=Place(epoch=epoch, xact=xact, transaction_id=last_id),
        more=len(found) == limit,
    )


def moved_by(*, keys: Sequence[str], accounts: Sequence[str]) -> list[Moved]:
    """What the transactions of these keys moved on these accounts; nothing for those that touch none of them."""
    return [_moved(row) for row in rows(_MOVED.format(which=_OF_KEYS), [list(accounts), list(keys)])]


def known_keys(*, keys: Sequence[str]) -> set[str]:
    """Those of these keys that have been posted."""
    return {key for (key,) in rows("SELECT key FROM ledger_key WHERE key = ANY(%s)", [list(keys)])}


def _moved(row: tuple[str, str, int, datetime]) -> Moved:
    key, currency, amount_minor, effective_at = row
    return Moved(key=key, currency=currency, amount_minor=int(amount_minor), effective_at=effective_at)
