"""What Stripe's events about payouts on connected accounts do to ours."""

from datetime import datetime
from uuid import UUID

from payouts.errors import UnknownObjectError
from payouts.gateway import facts
from payouts.gateway.events import bank_payout_in
from payouts.inbox.registry import handles
from payouts.locks import lock_payout
from payouts.models import Payout, PayoutState, StripeEvent
from payouts.runs import steps


@handles("payout.paid")
def payout_paid(*, event: StripeEvent, now: datetime) -> None:
    """The bank has it."""
    told = bank_payout_in(bytes(event.raw))
    payout = _known(told, now=now)
    if payout is not None:
        steps.bank_paid(payout=payout, at=event.created_at, now=now)


@handles("payout.failed", "payout.canceled")
def payout_failed(*, event: StripeEvent, now: datetime) -> None:
    """The bank refused it or sent it back."""
    told = bank_payout_in(bytes(event.raw))
    payout = _known(told, now=now)
    if payout is not None:
        steps.bank_said_no(payout=payout, told=told, at=event.created_at, now=now)


def _known(told: facts.BankPayout, *, now: datetime) -> Payout | None:
    """Our payout, locked; None for one that is not ours.

    An event can be faster than the answer of the call that caused it: then it is the answer.

    Raises:
        UnknownObjectError: its transfer is not recorded yet.
    """
    if not told.payout_id:
        return None
    payout = lock_payout(UUID(told.payout_id))
    if payout is None or payout.state == PayoutState.RESERVED:
        raise UnknownObjectError(told.id)
    steps.bank_payout_made(payout=payout, made=told, now=now)
    return payout
