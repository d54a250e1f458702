"""Which function handles which type of event."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from payouts.models import StripeEvent


class EventHandler(Protocol):
    """Called in the event's transaction, with the event and its Stripe object locked."""

    def __call__(self, *, event: StripeEvent, now: datetime) -> None:
        """Bring our state in step with what the event says, whatever came before it.

        Raises:
            UnknownObjectError: wait for the object.
            ContradictionError: a person must look.
            StripeUnavailableError: Stripe was asked and did not answer.
        """


class BulkHandler(Protocol):
    """Called in one transaction with many events of its types, they and their objects locked."""

    def __call__(self, *, events: Sequence[StripeEvent], now: datetime) -> set[str]:
        """Handle those that are plain, and answer their ids; the others go to the handler, one by one."""


H = TypeVar("H", bound=EventHandler)
B = TypeVar("B", bound=BulkHandler)
_handlers: dict[str, EventHandler] = {}
_bulk_handlers: dict[str, BulkHandler] = {}


def handles(*types: str) -> Callable[[H], H]:
    """Decorator: this function handles events of these types."""

    def register(handler: H) -> H:
        for event_type in types:
            _handlers[event_type] = handler
        return handler

    return register


def handles_many(*types: str) -> Callable[[B], B]:
    """Decorator: this function handles many events of these types at once, where they are plain."""

    def register(handler: B) -> B:
        for event_type in types:
            _bulk_handlers[event_type] = handler
        return handler

    return register


def bulk_handler_of(event_type: str) -> BulkHandler | None:
    """The bulk handler of a type, if it has one."""
    return _bulk_handlers.get(event_type)


def handler_of(event_type: str) -> EventHandler | None:
    """The handler of a type; None for the many types that change nothing here."""
    return _handlers.get(event_type)
