"""The objects inside stored snapshot events. Signatures were checked when the events came in."""

from typing import TypeVar, cast

import stripe

from payouts.errors import ContradictionError
from payouts.gateway import facts, plain, reading
from payouts.gateway.client import client

T = TypeVar("T", bound=stripe.StripeObject)


def inside(raw: bytes, kind: type[T]) -> T:
    """The object of a stored event, which must be of that kind.

    Raises:
        ContradictionError: the event carries something else.
    """
    event = client().construct_event_without_verification(raw)
    found = cast("stripe.StripeObject", event.data.object)
    if not isinstance(found, kind):
        raise ContradictionError(f"{event.type} carries a {type(found).__name__}", object_id=event.id)
    return found


def checkout_session_in(raw: bytes) -> facts.CheckoutSession:
    """The session of a `checkout.session.*` event.

    Raises:
        ContradictionError: the event carries something else.
    """
    return plain.checkout_session(plain.inside(raw, "checkout.session"))


def charge_in(raw: bytes) -> facts.Charge:
    """The charge of a `charge.*` event. Raises ContradictionError as above."""
    return plain.charge(plain.inside(raw, "charge"))


def refund_in(raw: bytes) -> facts.Refund:
    """The refund of a `refund.*` event. Raises ContradictionError as above."""
    return reading.refund(inside(raw, stripe.Refund))


def bank_payout_in(raw: bytes) -> facts.BankPayout:
    """The payout of a `payout.*` event. Raises ContradictionError as above."""
    return reading.bank_payout(inside(raw, stripe.Payout))
