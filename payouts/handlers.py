"""Whom payouts tells about what Stripe did, and asks: other apps fill this registry when they start.

Handlers are called with keyword arguments, inside the transaction of the event and with its sale locked. They must be
safe in any order and any number of times, and accept arguments that they do not know. A handler may have a sibling
that takes `sale_ids`, many at once, to the same end.

| name | tells | arguments |
|---|---|---|
| sale.paid | the payment succeeded: give access now | sale_id, now |
| sale.declined | its saved card was refused: finish it on the card page now, or it expires | sale_id, now |
| sale.expired | Stripe confirmed that nobody can pay any more | sale_id, now |
| sale.late | the payment came after sale.expired: its money goes to suspense, and back to the buyer | sale_id, now |
| sale.returned | the money of a late sale is on its way back to the buyer | sale_id, now |
| sale.return_failed | the refund of a late sale failed: a person must see to it | sale_id, now |
| sale.refunded | a refund was made at Stripe; `full`: nothing of the charge is left | sale_id, refund_id, full, now |
| sale.refund_failed | refused, or not taken by the card; `full`: others give all | sale_id, refund_id, full, now |
| sale.posted | the sale is in the ledger, with the real fee | sale_id, now |
| sale.released | the payees' shares are free to be paid out | sale_id, now |
| customer.ready | somebody who pays has a customer at Stripe now | customer_id, now |
| dispute.opened | a chargeback (no inquiry) is open: access ends | sale_id, dispute_id, now |
| dispute.closed | a chargeback is decided; `won` gives access back | sale_id, dispute_id, won, now |
| price.ready | a price a month can be subscribed to | price_id, now |
| subscription.updated | a subscription began, changed or is over | subscription_id, now |
| subscription.trial_will_end | its trial ends in three days, and then it is charged | subscription_id, now |
| invoice.paid | a month, or a change of plan, was paid | invoice_id, now |
| invoice.failed | an attempt to charge an invoice failed | invoice_id, now |
| payee.updated | a payee's account at Stripe changed | payee_id, now |
| payout.updated | a payout took a step | payout_id, payee_id, now |

Some are asked first, and answer yes or no. One yes is enough.

| name | asks | arguments |
|---|---|---|
| sale.late | paid after sale.expired: could what was sold be had, and is it kept for the buyer now? | sale_id, now |
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

NAMES = frozenset(
    {
        "sale.paid", "sale.declined", "sale.expired", "sale.late", "sale.returned", "sale.return_failed",
        "sale.refunded", "sale.refund_failed", "sale.posted", "sale.released", "dispute.opened", "dispute.closed",
        "customer.ready", "price.ready", "subscription.updated", "subscription.trial_will_end", "invoice.paid",
        "invoice.failed", "payee.updated", "payout.updated",
    }
)  # fmt: skip
QUESTIONS = frozenset({"sale.late"})

_handlers: dict[str, list[Callable[..., None]]] = defaultdict(list)
_siblings: dict[Callable[..., None], Callable[..., None]] = {}
_answers: dict[str, list[Callable[..., bool]]] = defaultdict(list)
F = TypeVar("F", bound=Callable[..., None])
A = TypeVar("A", bound=Callable[..., bool])


def on(name: str, *, many: Callable[..., None] | None = None) -> Callable[[F], F]:
    """Register a handler once, and its sibling for many sales, if it has one; usable as a decorator.

    Raises:
        ValueError: no such name is ever told.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is never told; one of {', '.join(sorted(NAMES))}")

    def register(handler: F) -> F:
        if handler not in _handlers[name]:
            _handlers[name].append(handler)
        if many is not None:
            _siblings[handler] = many
        return handler

    return register


def tell(name: str, *, now: datetime, **facts: UUID | str | bool) -> None:
    """Call every handler of a name, in the order of registration, in the caller's transaction."""
    for handler in _handlers[name]:
        handler(now=now, **facts)


def tell_of_many(name: str, *, sale_ids: Sequence[UUID], now: datetime) -> None:
    """The same about many sales, in one transaction with all of them locked: handler by handler."""
    for handler in _handlers[name]:
        many = _siblings.get(handler)
        if many is not None:
            many(sale_ids=sale_ids, now=now)
            continue
        for sale_id in sale_ids:
            handler(sale_id=sale_id, now=now)


def answers(name: str) -> Callable[[A], A]:
    """Register who answers a question, once; usable as a decorator.

    Raises:
        ValueError: no such question is ever asked.
    """
    if name not in QUESTIONS:
        raise ValueError(f"{name!r} is never asked; one of {', '.join(sorted(QUESTIONS))}")

    def register(answer: A) -> A:
        if answer not in _answers[name]:
            _answers[name].append(answer)
        return answer

    return register


def ask(name: str, *, now: datetime, **ids: UUID) -> bool:
    """Whether anybody says yes, in the caller's transaction; after the first yes nobody else is asked."""
    return any(answer(now=now, **ids) for answer in _answers[name])
