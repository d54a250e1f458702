"""What each kind of call does: how it is sent, found again, and what follows from its answer."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from payouts.errors import StripeRefusedError
from payouts.gateway.facts import Fact
from payouts.gateway.requests import Request
from payouts.models import StripeCall

R = TypeVar("R", bound=Fact)


class Operation(ABC, Generic[R]):
    """One kind of call. `done` and `refused` run in the transaction that records the answer, once each call."""

    name: ClassVar[str]

    @abstractmethod
    def send(self, *, call: StripeCall, request: Request) -> R:
        """Make the call, outside any transaction.

        Raises:
            StripeUnavailableError: it is to be tried again.
            StripeRefusedError: it will never succeed.
        """

    @abstractmethod
    def find(self, *, call: StripeCall) -> R | None:
        """What an earlier attempt made, by listing and `metadata.outbox_id`: the key is too old to ask with."""

    @abstractmethod
    def done(self, *, call: StripeCall, result: R, now: datetime) -> None:
        """What follows from success."""

    @abstractmethod
    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """What follows from a definite no."""


# The result type differs by operation; `deliver` hands each its own result back.
_operations: dict[str, Operation[Any]] = {}


def register(operation: type[Operation[R]]) -> type[Operation[R]]:
    """Class decorator: make a kind of call known under its name."""
    _operations[operation.name] = operation()
    return operation


def operation_named(name: str) -> Operation[Any]:
    """The kind of call of that name.

    Raises:
        KeyError: a row was written by a version of the program that this one is not.
    """
    return _operations[name]
