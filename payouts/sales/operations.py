"""Open a sale, and give it up."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from payouts import handlers
from payouts.errors import UnknownSaleError
from payouts.gateway import bodies
from payouts.locks import lock_sale
from payouts.models import Sale, SaleChannel, SaleState, StripeCall
from payouts.outbox.operations import deliver, enqueue, take_back
from payouts.sales.opening import write_sale
from payouts.sales.shares import ShareSpec

__all__ = ["SESSION_LIVES_AT_LEAST", "ShareSpec", "abandon_sale", "open_sale", "rename_sale", "start_checkout"]

SESSION_LIVES_AT_LEAST = timedelta(minutes=30)
"""Source: https://docs.stripe.com/api/checkout/sessions/create, expires_at."""
SENDING_MAY_TAKE = timedelta(minutes=5)
CALLER_DELIVERS_WITHIN_S = 5.0


@transaction.atomic
def open_sale(
    *,
    product: str,
    subject: str,
    title: str,
    buyer_id: UUID | None,
    buyer_email: str,
    price_minor: int,
    currency: str,
    shares: Sequence[ShareSpec],
    policy_slug: str,
    hold_until: datetime,
    seat_hold_until: datetime,
    return_url: str,
    cancel_url: str,
    wallet_minor: int | None = None,
    now: datetime,
) -> Sale:
    """Write a sale and the Checkout Session to be made for it, in one transaction.

    `subject` names what is sold ("ticket:<uuid>") and is unique; the first share is the host's. Amounts are minor
    units. The caller follows its commit with `start_checkout`, else the sweeper does in some seconds; then
    `checkout_url` is known. Money is held until `hold_until`. The session outlives `seat_hold_until`, and at least the
    30 minutes that Stripe asks for: `abandon_sale` ends it earlier.

    Raises:
        UnknownPayeeError: a share is nobody's.
        ValueError: no shares, a weight below 1, or a price that is not positive.
        KeyError: no such policy is in force.
    """
    session_expires_at = max(seat_hold_until, now + SESSION_LIVES_AT_LEAST) + SENDING_MAY_TAKE
    sale = write_sale(
        channel=SaleChannel.CHECKOUT,
        product=product,
        subject=subject,
        title=title,
        buyer_id=buyer_id,
        buyer_email=buyer_email,
        price_minor=price_minor,
        currency=currency,
        shares=shares,
        policy_slug=policy_slug,
        hold_until=hold_until,
        session_expires_at=session_expires_at,
        wallet_minor=wallet_minor,
        now=now,
    )
    ask_for_session(sale=sale, expires_at=session_expires_at, return_url=return_url, cancel_url=cancel_url, now=now)
    return sale


def ask_for_session(*, sale: Sale, expires_at: datetime, return_url: str, cancel_url: str, now: datetime) -> None:
    """Write down that the sale's Checkout Session is to be made; the caller does so itself after its commit."""
    call_id = uuid.uuid4()
    body = bodies.checkout_session(
        outbox_id=call_id,
        sale_id=sale.id,
        title=sale.title,
        price_minor=sale.price_minor,
        charge_minor=sale.charge_minor,
        currency=sale.currency,
        buyer_email=sale.buyer_email,
        expires_at=expires_at,
        return_url=return_url,
        cancel_url=cancel_url,
    )
    enqueue(
        call_id=call_id,
        operation="checkout_session.create",
        subject=sale.ledger_subject,
        body=body,
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )


@transaction.atomic
def abandon_sale(*, sale_id: UUID, now: datetime) -> None:
    """End a sale that nobody should pay any more; a second time does nothing.

    The Checkout Session is expired at Stripe through the outbox, and `sale.expired` is told only when Stripe has
    confirmed it. Should the session turn out to be paid, `sale.paid` is told instead. A session that was never asked
    for needs no confirmation.

    Raises:
        UnknownSaleError: there is no such sale.
    """
    sale = lock_sale(sale_id)
    if sale is None:
        raise UnknownSaleError(sale_id)
    if sale.state != SaleState.OPEN:
        return
    sale.state = SaleState.EXPIRING
    sale.expiring_at = now
    sale.save(update_fields=["state", "expiring_at"])
    if sale.checkout_session_id:
        ask_to_expire(sale=sale, now=now)
    elif take_back(subject=sale.ledger_subject, operation="checkout_session.create", why="the sale was given up"):
        expire(sale=sale, now=now)
    # Else the session is being made at this moment: recording it sees that the sale is expiring.


def ask_to_expire(*, sale: Sale, now: datetime) -> None:
    """Write down that the locked sale's session is to be expired."""
    enqueue(
        call_id=uuid.uuid4(),
        operation="checkout_session.expire",
        subject=sale.ledger_subject,
        target_id=sale.checkout_session_id,
        body=bodies.checkout_session_expiry(),
        now=now,
    )


def expire(*, sale: Sale, now: datetime, failure: str = "") -> None:
    """The locked sale can no longer be paid: tell so, once. A sale that was paid stays paid."""
    if sale.state not in {SaleState.OPEN, SaleState.EXPIRING}:
        return
    sale.state = SaleState.EXPIRED
    sale.expired_at = now
    sale.failure = failure
    sale.save(update_fields=["state", "expired_at", "failure"])
    handlers.tell("sale.expired", sale_id=sale.id, now=now)


def rename_sale(*, sale_id: UUID, title: str) -> None:
    """Call what was sold by another name from now on; the card page keeps the one that it was made with."""
    Sale.objects.filter(id=sale_id).update(title=title)


def start_checkout(*, sale_id: UUID) -> Sale:
    """Make the sale's Checkout Session now, outside any transaction, right after the commit of `open_sale`.

    The sale as it is then: `checkout_url` is empty while Stripe cannot be reached (the sweeper goes on trying), and
    the state is expired when Stripe refused.
    """
    calls = StripeCall.objects.filter(subject=f"sale:{sale_id}", operation="checkout_session.create")
    call_id = calls.values_list("id", flat=True).first()
    if call_id is None:
        raise UnknownSaleError(sale_id)
    deliver(call_id=call_id)
    return Sale.objects.get(id=sale_id)
