"""Posting, one or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, named
from ledger.operations.calls import call
from ledger.postings import Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The transaction that carries the posting's key; `replayed` when it was there already."""

    transaction_id: int
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingError:
    """A posting of a batch that was refused, the others standing."""

    key: str
    error: LedgerError


def post(*, posting: Posting) -> Posted:
    """Write one posting, or find it written before.

    Alone it is one statement in autocommit; inside `atomic()` it becomes part of the caller's transaction, which an
    error breaks, as any database error does (use a savepoint to go on). Raises the errors of `ledger.errors`.
    """
    return Posted(**call("ledger_post", posting.request()))


def post_many(*, postings: Sequence[Posting], atomic: bool = True) -> list[Posted | PostingError]:
    """Write several postings in one round trip, answered in their order.

    `atomic`: all or nothing, raising the first error found. Otherwise each stands for itself, and a refused one has a
    PostingError in its place.
    """
    answers = call("ledger_post" if atomic else "ledger_post_each", [posting.request() for posting in postings])
    return [_answer(answer) for answer in answers]


def _answer(answer: dict[str, Any]) -> Posted | PostingError:
    if "sqlstate" not in answer:
        return Posted(**answer)
    refusal = named(**{field: answer[field] for field in ("sqlstate", "message", "detail", "constraint")})
    return PostingError(key=answer["key"], error=refusal or LedgerError(answer["message"], **answer))
