"""What happens to a subscription's access, and what its subscriber is told, when Stripe's word has been processed.

Payouts calls these inside the transaction of the event, with the billing subscription (or the sale) locked, in any
order and any number of times. Letters are keyed by what they tell, so nobody is told twice.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from payouts import handlers
from payouts.disputes.queries import is_charged_back
from payouts.locks import lock_billing_subscription
from payouts.models import BillingInvoice, BillingState, RefundState, Sale
from payouts.refunds.queries import is_kept
from payouts.subscriptions import changing
from payouts.subscriptions.opening import NEVER_PAID
from rooms import locks
from rooms.currencies import money_text
from rooms.events import hints
from rooms.live import revocations
from rooms.mail.letters import Letter
from rooms.mail.operations import write
from rooms.models import Plan, Subscription
from rooms.subscriptions import letters
from rooms.subscriptions.access import access_until, grace


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("subscription.updated")(subscription_updated)
    handlers.on("subscription.trial_will_end")(trial_will_end)
    handlers.on("invoice.paid")(invoice_paid)
    handlers.on("invoice.failed")(invoice_failed)
    handlers.on("sale.refunded")(sale_refunded)
    handlers.on("sale.refund_failed")(sale_refund_failed)
    handlers.on("dispute.opened")(dispute_opened)
    handlers.on("dispute.closed")(dispute_closed)


def subscription_updated(*, subscription_id: UUID, now: datetime, **_: Any) -> None:
    """It began, changed or is over: access follows, and its page looks again."""
    found = locks.lock_subscription_of_billing(subscription_id)
    if found is None:
        return
    before, billing = found.state, found.billing
    found.state = billing.state
    found.plan = Plan.objects.get(id=UUID(billing.price.subject.removeprefix("plan:")))
    set_access(found, access_until(billing), now=now)
    if billing.ends_at is not None:
        _write(found, f"ends:{billing.ends_at:%Y-%m-%d}", letters.ends_later(found), now=now)
    if before == found.state:
        return
    if found.state == BillingState.CANCELLED and found.cut_off_at is None:
        _write(found, "cancelled", letters.cancelled(found), now=now)
    if found.state == BillingState.ENDED and billing.end_reason != NEVER_PAID:
        _write(found, "ended", letters.ended_unpaid(found), now=now)


def trial_will_end(*, subscription_id: UUID, now: datetime, **_: Any) -> None:
    """Three days are left before the first charge."""
    found = locks.lock_subscription_of_billing(subscription_id)
    if found is not None and found.state == BillingState.TRIALING and found.billing.ends_at is None:
        _write(found, "trial_ends", letters.trial_ends(found), now=now)


def invoice_paid(*, invoice_id: UUID, now: datetime, **_: Any) -> None:
    """A receipt. Whoever paid after the end has the time that they paid for."""
    invoice = BillingInvoice.objects.get(id=invoice_id)
    found = locks.lock_subscription_of_billing(invoice.subscription_id)
    if found is None or invoice.sale_id is None:
        return
    if not found.is_open and invoice.paid_at and found.billing.ended_at and invoice.paid_at > found.billing.ended_at:
        found.kept_until = invoice.period_ends_at
        set_access(found, access_until(found.billing), now=now)
    _write(found, f"receipt:{invoice.stripe_invoice_id}", letters.receipt(found, invoice), now=now)
    hints.tell(user_id=found.subscriber_id, kind="subscription", ref=str(found.id))


def invoice_failed(*, invoice_id: UUID, now: datetime, **_: Any) -> None:
    """Say so the first time, and before the last."""
    invoice = BillingInvoice.objects.get(id=invoice_id)
    found = locks.lock_subscription_of_billing(invoice.subscription_id)
    if found is None:
        return
    hints.tell(user_id=found.subscriber_id, kind="subscription", ref=str(found.id))
    if invoice.attempts == 1:
        letter = letters.first_failure(found, invoice, invoice.period_starts_at + grace())
        _write(found, f"failed:{invoice.stripe_invoice_id}", letter, now=now)
    if invoice.attempts == settings.SUBSCRIPTION_RETRIES and invoice.next_attempt_at is not None:
        letter = letters.last_warning(found, invoice)
        _write(found, f"last_attempt:{invoice.stripe_invoice_id}", letter, now=now)


def sale_refunded(*, sale_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """The present month was given back whole: access ends within the second, and no other month is charged."""
    found = _paid_by(sale_id) if full else None
    if found is None or found.cut_off_at is not None:
        return
    cut_off(found, now=now)
    sale = Sale.objects.get(id=sale_id)
    letter = letters.refunded(found, money_text(sale.charge_minor, sale.currency))
    failed = sale.refunds.filter(state=RefundState.FAILED).count()
    _write(found, f"refunded:{sale_id}:{failed}" if failed else f"refunded:{sale_id}", letter, now=now)


def sale_refund_failed(*, sale_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """The card did not take the month back: what is left of it is open until the refund is made again."""
    found = None if full or is_charged_back(sale_id=sale_id) else _paid_by(sale_id)
    if found is not None:
        open_again(found, sale_id=sale_id, now=now)


def dispute_opened(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """A month is taken back by the subscriber's bank: access ends within the second, and no other month is charged."""
    found = _paid_by(sale_id)
    if found is not None:
        cut_off(found, now=now)


def dispute_closed(*, sale_id: UUID, won: bool, now: datetime, **_: Any) -> None:
    """Won: what is left of the paid time is open again, unless all of it was given back since."""
    found = _paid_by(sale_id) if won else None
    if found is not None and is_kept(sale_id=sale_id):
        open_again(found, sale_id=sale_id, now=now)
    elif found is not None:
        cut_off(found, now=now)


def cut_off(found: Subscription, *, now: datetime) -> None:
    """The locked subscription's money went back: it opens nothing from now on, and is ended at Stripe."""
    if found.cut_off_at is None:
        found.cut_off_at = now
        set_access(found, found.access_until, now=now)
    changing.end_subscription(subscription_id=found.billing_id, at_period_end=False, now=now)


def open_again(found: Subscription, *, sale_id: UUID, now: datetime) -> None:
    """The month's money is ours after all: the locked subscription opens it again, though no other one follows."""
    if found.cut_off_at is not None:
        month = BillingInvoice.objects.get(sale_id=sale_id)
        found.cut_off_at, found.kept_until = None, month.period_ends_at
        set_access(found, access_until(found.billing), now=now)


def _paid_by(sale_id: UUID) -> Subscription | None:
    """The subscription whose present month a sale paid, locked; None for months that are over, and other sales."""
    invoice = BillingInvoice.objects.filter(sale_id=sale_id).first()
    if invoice is None:
        return None
    later = BillingInvoice.objects.filter(
        subscription_id=invoice.subscription_id, period_ends_at__gt=invoice.period_ends_at, sale__isnull=False
    )
    if later.exists():
        return None
    lock_billing_subscription(invoice.subscription_id)
    return locks.lock_subscription_of_billing(invoice.subscription_id)


def set_access(found: Subscription, until: datetime | None, *, now: datetime) -> None:
    """Keep until when the locked subscription opens its creator's rooms; where it opens none, the sound ends.

    That is `until`, or the end of a month that is kept beyond it.
    """
    found.access_until = max((each for each in (until, found.kept_until) if each is not None), default=None)
    if found.gives_access(now=now):
        found.lapsed_at = None
    found.save()
    hints.tell(user_id=found.subscriber_id, kind="subscription", ref=str(found.id))
    if found.access_until is not None and not found.gives_access(now=now):
        lapse(found, now=now)


def lapse(found: Subscription, *, now: datetime) -> None:
    """The locked subscription opens nothing any more: told to the relay once, within the second."""
    if found.lapsed_at is None:
        found.lapsed_at = now
        found.save(update_fields=["lapsed_at"])
        revocations.recheck(user_id=found.subscriber_id, now=now)


def _write(found: Subscription, about: str, letter: Letter, *, now: datetime) -> None:
    write(
        key=f"subscription:{found.id}:{about}",
        to_address=found.subscriber.email,
        person_id=found.subscriber_id,
        letter=letter,
        now=now,
    )
