"""Whom payouts tells about what Stripe did: other apps fill this registry when they start.

Handlers are called with keyword arguments, inside the transaction of the event and with its sale locked. They must be
safe in any order and any number of times, and accept arguments that they do not know.

| name | tells | arguments |
|---|---|---|
| sale.paid | the payment succeeded: give access now | sale_id, now |
| sale.expired | Stripe confirmed that nobody can pay any more | sale_id, now |
| sale.late | the payment came after sale.expired: its money goes to suspense | sale_id, now |
| sale.posted | the sale is in the ledger, with the real fee | sale_id, now |
| sale.released | the payees' shares are free to be paid out | sale_id, now |
| payee.updated | a payee's account at Stripe changed | payee_id, now |
| payout.updated | a payout took a step | payout_id, payee_id, now |
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

NAMES = frozenset(
    {"sale.paid", "sale.expired", "sale.late", "sale.posted", "sale.released", "payee.updated", "payout.updated"}
)


_handlers: dict[str, list[Callable[..., None]]] = defaultdict(list)
F = TypeVar("F", bound=Callable[..., None])


def on(name: str) -> Callable[[F], F]:
    """Register a handler once; usable as a decorator.

    Raises:
        ValueError: no such name is ever told.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is never told; one of {', '.join(sorted(NAMES))}")

    def register(handler: F) -> F:
        if handler not in _handlers[name]:
            _handlers[name].append(handler)
        return handler

    return register


def tell(name: str, *, now: datetime, **ids: UUID) -> None:
    """Call every handler of a name, in the order of registration, in the caller's transaction."""
    for handler in _handlers[name]:
        handler(now=now, **ids)
