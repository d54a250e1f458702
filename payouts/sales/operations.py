"""Open a sale, and give it up."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from config import clock
from ledger import fees
from payouts import handlers
from payouts.errors import UnknownPayeeError, UnknownSaleError
from payouts.gateway import bodies
from payouts.locks import lock_sale
from payouts.models import CallState, Payee, Sale, SaleShare, SaleState, StripeCall
from payouts.outbox.operations import deliver, enqueue
from payouts.sales.pricing import formula_data, predicted
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
    _check(price_minor, shares)
    sale_id, call_id = uuid.uuid4(), uuid.uuid4()
    policy = fees.latest(policy_slug, now.date())
    tie_offset = fees.tie_offset(f"sale:{sale_id}")
    split, fee_minor = predicted(
        policy=policy, price_minor=price_minor, currency=currency, shares=shares, tie_offset=tie_offset
    )
    sale = Sale.objects.create(
        id=sale_id,
        product=product,
        subject=subject,
        title=title,
        buyer_id=buyer_id,
        buyer_email=buyer_email,
        price_minor=price_minor,
        charge_minor=split.charge_minor,
        currency=currency,
        policy_slug=policy.slug,
        policy_version=policy.version,
        tie_offset=tie_offset,
        basis={
            "policy": policy.as_data(),
            "predicted_processing_fee_minor": fee_minor,
            "predicted_formula": formula_data(split),
        },
        hold_until=hold_until,
        session_expires_at=max(seat_hold_until, now + SESSION_LIVES_AT_LEAST) + SENDING_MAY_TAKE,
        opened_at=now,
    )
    SaleShare.objects.bulk_create(
        SaleShare(sale=sale, payee_id=share.payee_id, weight=share.weight, position=position)
        for position, share in enumerate(shares)
    )
    body = bodies.checkout_session(
        outbox_id=call_id,
        sale_id=sale_id,
        title=title,
        price_minor=price_minor,
        charge_minor=split.charge_minor,
        currency=currency,
        buyer_email=buyer_email,
        expires_at=sale.session_expires_at,
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
    return sale


def _check(price_minor: int, shares: Sequence[ShareSpec]) -> None:
    if price_minor <= 0 or not shares or any(share.weight < 1 for share in shares):
        raise ValueError("a sale has a positive price and shares with positive weights")
    wanted = {share.payee_id for share in shares}
    unknown = wanted - set(Payee.objects.filter(id__in=wanted).values_list("id", flat=True))
    if unknown:
        raise UnknownPayeeError(unknown)


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
    elif _never_sent(sale):
        expire(sale=sale, now=now)
    # Else the session is being made at this moment: recording it sees that the sale is expiring.


def _never_sent(sale: Sale) -> bool:
    """Take back the call that would have made the session, if nobody has claimed it yet."""
    unsent = StripeCall.objects.filter(
        subject=sale.ledger_subject, operation="checkout_session.create", state=CallState.PENDING, attempts=0
    )
    taken_back = unsent.update(
        state=CallState.FAILED,
        error="Taken back before it was sent: the sale was given up",
        error_code="taken_back",
        finished_at=clock.real_now(),
    )
    return taken_back == 1


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
