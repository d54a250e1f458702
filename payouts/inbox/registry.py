"""Which function handles which type of event."""

from collections.abc import Callable
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


H = TypeVar("H", bound=EventHandler)
_handlers: dict[str, EventHandler] = {}


def handles(*types: str) -> Callable[[H], H]:
    """Decorator: this function handles events of these types."""

    def register(handler: H) -> H:
        for event_type in types:
            _handlers[event_type] = handler
        return handler

    return register


def handler_of(event_type: str) -> EventHandler | None:
    """The handler of a type; None for the many types that change nothing here."""
    return _handlers.get(event_type)
