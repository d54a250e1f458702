"""What Stripe's events do to sales. Safe in any order and any number of times."""

from datetime import datetime

from payouts.balance_transactions.waiting import object_known
from payouts.gateway.events import charge_in, checkout_session_in
from payouts.inbox.registry import handles
from payouts.models import StripeEvent
from payouts.sales import payments
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


@handles("charge.updated")
def charge_updated(*, event: StripeEvent, now: datetime) -> None:
    """The fee of a charge may be known now: import it. The charge itself tells nothing new."""
    charge = charge_in(bytes(event.raw))
    if charge.balance_transaction_id:
        wake_after_commit("payouts.tasks.import_balance_transactions")
