"""One-tap sales: a saved card is charged without its owner, through the outbox.

A card whose bank wants to hear from its owner is not charged. Its sale goes on as one by Checkout: a hosted page does
the authentication, so that we need no script of Stripe's on our own pages, and the sale stays the same one.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from payouts import handlers
from payouts.cards import declines
from payouts.errors import UnknownCardError, UnknownSaleError
from payouts.gateway import cards as gateway
from payouts.gateway.cards import Intent
from payouts.models import Sale, SaleChannel, SaleState, SavedCard, StripeCall
from payouts.outbox.operations import deliver, enqueue
from payouts.sales import payments
from payouts.sales.opening import write_sale
from payouts.sales.operations import SENDING_MAY_TAKE, SESSION_LIVES_AT_LEAST, ask_for_session, expire
from payouts.sales.shares import ShareSpec

CALLER_DELIVERS_WITHIN_S = 5.0


@transaction.atomic
def open_card_sale(
    *,
    product: str,
    subject: str,
    title: str,
    buyer_id: UUID,
    buyer_email: str,
    price_minor: int,
    currency: str,
    shares: Sequence[ShareSpec],
    policy_slug: str,
    hold_until: datetime,
    payment_method_id: str,
    wallet_minor: int | None = None,
    now: datetime,
) -> Sale:
    """Write a sale and the charge of the buyer's saved card, in one transaction; `charge_now` follows the commit.

    Raises:
        UnknownCardError: the buyer has no such card.
        And what `write_sale` raises.
    """
    card = (
        SavedCard.objects.select_related("customer")
        .filter(payment_method_id=payment_method_id, customer__user_id=buyer_id, removed_at__isnull=True)
        .first()
    )
    if card is None:
        raise UnknownCardError(payment_method_id)
    sale = write_sale(
        channel=SaleChannel.CARD,
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
        payment_method_id=payment_method_id,
        wallet_minor=wallet_minor,
        now=now,
    )
    call_id = uuid.uuid4()
    enqueue(
        call_id=call_id,
        operation="payment_intent.create",
        subject=sale.ledger_subject,
        body=gateway.intent_body(
            outbox_id=call_id,
            sale_id=sale.id,
            title=title,
            amount_minor=sale.charge_minor,
            currency=currency,
            stripe_customer_id=card.customer.stripe_customer_id,
            payment_method_id=payment_method_id,
            receipt_email=buyer_email,
        ),
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )
    return sale


def charge_now(*, sale_id: UUID) -> Sale:
    """Charge the card now, outside any transaction, right after the commit of `open_card_sale`.

    The sale as it is then: paid, expired with the bank's reason, by Checkout when the bank wants its owner, or still
    open while Stripe cannot be reached (the sweeper goes on trying).

    Raises:
        UnknownSaleError: no saved card pays for such a sale.
    """
    calls = StripeCall.objects.filter(subject=f"sale:{sale_id}", operation="payment_intent.create")
    call_id = calls.values_list("id", flat=True).first()
    if call_id is None:
        raise UnknownSaleError(sale_id)
    deliver(call_id=call_id)
    return Sale.objects.get(id=sale_id)


def take_intent(*, intent: Intent, now: datetime) -> Sale | None:
    """Take the payment that a succeeded intent proves. None when the intent is not ours.

    Raises:
        UnknownObjectError: the sale is not known yet.
        ContradictionError: amount or currency differ, or the sale was paid through another intent.
    """
    if intent.status != "succeeded":
        return None
    return payments.take_payment(
        sale_id=intent.sale_id,
        object_id=intent.id,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        payment_intent_id=intent.id,
        charge_id=intent.charge_id,
        now=now,
    )


def decline(*, sale: Sale, decline_code: str, message: str, now: datetime) -> None:
    """The bank refused the locked sale's saved card: tell so, once.

    Whoever sold it may ask for a card page (`finish_on_card_page`); else the sale is over. A sale that was paid, or is
    on its card page, is left alone: a failure may be told long after the payment that followed it.
    """
    if sale.state != SaleState.OPEN or sale.channel != SaleChannel.CARD:
        return
    sale.decline_code = decline_code[:80]
    sale.failure = declines.words(decline_code, message)
    sale.save(update_fields=["decline_code", "failure"])
    handlers.tell("sale.declined", sale_id=sale.id, now=now)
    sale.refresh_from_db()
    if sale.channel == SaleChannel.CARD:
        expire(sale=sale, now=now, failure=sale.failure)


def finish_on_card_page(*, sale: Sale, return_url: str, cancel_url: str, now: datetime) -> None:
    """The locked, open sale goes on as one by Checkout, for the same amount and under the same split."""
    sale.channel = SaleChannel.CHECKOUT
    sale.session_expires_at = now + SESSION_LIVES_AT_LEAST + SENDING_MAY_TAKE
    sale.save(update_fields=["channel", "session_expires_at"])
    ask_for_session(
        sale=sale, expires_at=sale.session_expires_at, return_url=return_url, cancel_url=cancel_url, now=now
    )
