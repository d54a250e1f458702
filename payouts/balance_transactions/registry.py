"""Which functions take which types of balance transaction.

Source for the types: https://docs.stripe.com/reports/balance-transaction-types
"""

from collections import defaultdict
from collections.abc import Callable
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


T = TypeVar("T", bound=Taker)
_takers: dict[str, list[Taker]] = defaultdict(list)


def takes(*types: str) -> Callable[[T], T]:
    """Decorator: this function is asked about movements of these types, after those that registered before it."""

    def register(taker: T) -> T:
        for movement_type in types:
            if taker not in _takers[movement_type]:
                _takers[movement_type].append(taker)
        return taker

    return register


def takers_of(movement_type: str) -> tuple[Taker, ...]:
    """Whom to ask about a type; nobody for types that nothing here makes."""
    return tuple(_takers.get(movement_type, ()))
