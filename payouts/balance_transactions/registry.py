"""Which functions take which types of balance transaction.

Source for the types: https://docs.stripe.com/reports/balance-transaction-types
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from payouts.models import BalanceTransaction


class Taker(Protocol):
    """Called outside any transaction, any number of times, by several workers at once."""

    def __call__(self, *, movement: BalanceTransaction, now: datetime) -> bool:
        """Post the movement or recognise it as posted, in a transaction that marks it. False: it is not mine (yet).

        Raises:
            UnknownObjectError: it is mine, but what it is about is not known here yet: ask again later.
            ContradictionError: it differs from what we did: a person must look.
        """


class BulkTaker(Protocol):
    """Called with many movements of its types before they are asked about one by one, outside any transaction."""

    def __call__(self, *, movements: Sequence[BalanceTransaction], now: datetime) -> set[str]:
        """Take those that are plain, and answer their ids. Whatever it raises, they are asked about one by one."""


T = TypeVar("T", bound=Taker)
B = TypeVar("B", bound=BulkTaker)
_bulk_takers: dict[str, BulkTaker] = {}
_takers: dict[str, list[Taker]] = defaultdict(list)


def takes(*types: str) -> Callable[[T], T]:
    """Decorator: this function is asked about movements of these types, after those that registered before it."""

    def register(taker: T) -> T:
        for movement_type in types:
            if taker not in _takers[movement_type]:
                _takers[movement_type].append(taker)
        return taker

    return register


def takes_many(*types: str) -> Callable[[B], B]:
    """Decorator: this function takes many movements of these types at once, where they are plain."""

    def register(taker: B) -> B:
        for movement_type in types:
            _bulk_takers[movement_type] = taker
        return taker

    return register


def bulk_taker_of(movement_type: str) -> BulkTaker | None:
    """Who takes many of a type at once, if anybody does."""
    return _bulk_takers.get(movement_type)


def takers_of(movement_type: str) -> tuple[Taker, ...]:
    """Whom to ask about a type; nobody for types that nothing here makes."""
    return tuple(_takers.get(movement_type, ()))
