"""What Stripe's events do to sales. Safe in any order and any number of times."""

from collections.abc import Sequence
from datetime import datetime

from payouts.balance_transactions.waiting import object_known
from payouts.gateway.events import charge_in, checkout_session_in
from payouts.inbox.registry import handles, handles_many
from payouts.models import StripeEvent
from payouts.sales import many, payments
from payouts.sales.operations import expire
from payouts.subscriptions import learning
from payouts.wake import wake_after_commit


@handles("checkout.session.completed", "checkout.session.async_payment_succeeded")
def session_completed(*, event: StripeEvent, now: datetime) -> None:
    """The buyer went through Checkout; when the money is certain, access begins."""
    session = checkout_session_in(bytes(event.raw))
    if session.subscription_id:
        learning.take_session(session=session, now=now)
    else:
        payments.take_session(session=session, now=now)


@handles("checkout.session.expired", "checkout.session.async_payment_failed")
def session_expired(*, event: StripeEvent, now: datetime) -> None:
    """Nobody can pay on that page any more."""
    session = checkout_session_in(bytes(event.raw))
    if session.subscription_id:
        learning.take_session(session=session, now=now)
        return
    sale = payments.take_session(session=session, now=now)
    if sale is not None and session.payment_status != "paid":
        expire(sale=sale, now=now)


@handles("charge.succeeded")
def charge_succeeded(*, event: StripeEvent, now: datetime) -> None:
    """A card was charged."""
    charge = charge_in(bytes(event.raw))
    if payments.take_charge(charge=charge, now=now) is not None:
        object_known(charge.id, now=now)
        wake_after_commit("payouts.tasks.import_balance_transactions")


@handles_many("checkout.session.completed", "charge.succeeded")
def payments_succeeded(*, events: Sequence[StripeEvent], now: datetime) -> set[str]:
    """Many payments at once: those of open sales, as they were asked for."""
    proofs = {event.id: _proof_in(event) for event in events}
    sales = many.lock_sales(proofs.values())
    taken = {
        event_id: proof
        for event_id, proof in proofs.items()
        if proof is not None and proof.sale_id in sales and many.take(proof, sales[proof.sale_id])
    }
    many.pay((sales[sale_id] for sale_id in {proof.sale_id for proof in taken.values()}), now=now)
    charges = [proof.ids["charge_id"] for proof in taken.values() if "charge_id" in proof.ids]
    if charges:
        object_known(*charges, now=now)
        wake_after_commit("payouts.tasks.import_balance_transactions")
    return set(taken)


def _proof_in(event: StripeEvent) -> many.Proof | None:
    if event.type == "charge.succeeded":
        return many.proof_of_charge(charge_in(bytes(event.raw)))
    return many.proof_of_session(checkout_session_in(bytes(event.raw)))


@handles("charge.updated")
def charge_updated(*, event: StripeEvent, now: datetime) -> None:
    """The fee of a charge may be known now: import it. The charge itself tells nothing new."""
    charge = charge_in(bytes(event.raw))
    if charge.balance_transaction_id:
        wake_after_commit("payouts.tasks.import_balance_transactions")
