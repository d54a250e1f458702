"""What a change of price costs now, and what the next invoice is, before its payer confirms it.

Stripe works it out for a given second, and the change then names that second, so what is charged is what was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payouts.errors import StripeUnavailableError, SubscriptionChangeError, UnknownSubscriptionError
from payouts.gateway import billing_previews
from payouts.gateway.billing_previews import PreviewedInvoice, PreviewedLine
from payouts.models import BillingPrice, BillingState, BillingSubscription
from payouts.subscriptions import credit
from payouts.subscriptions.changing import check_change, check_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreview:
    """What a change costs. `lines` are those of the invoice that it makes now, or else of the next one."""

    due_now_minor: int
    next_due_minor: int
    next_at: datetime
    currency: str
    prorated_at: datetime
    lines: tuple[PreviewedLine, ...]


def preview_change(
    *, subscription_id: UUID, price_id: UUID, prorated_at: datetime | None, now: datetime
) -> ChangePreview:
    """Ask Stripe what the change would cost as of a moment, now unless told otherwise. Outside any transaction.

    Raises:
        UnknownSubscriptionError: there is no such subscription.
        SubscriptionChangeError: it cannot be made, or Stripe cannot be reached; its reason says what to do.
    """
    found = BillingSubscription.objects.select_related("price").filter(id=subscription_id).first()
    if found is None:
        raise UnknownSubscriptionError(subscription_id)
    price = BillingPrice.objects.get(id=price_id)
    at = (prorated_at or now).replace(microsecond=0)
    check_change(found, price)
    check_moment(found, at, now=now)
    try:
        return _asked(found, price, at)
    except StripeUnavailableError as error:
        raise SubscriptionChangeError("Stripe cannot be reached just now. Try again in a minute.") from error


def _asked(found: BillingSubscription, price: BillingPrice, at: datetime) -> ChangePreview:
    item, stripe_id = found.stripe_item_id, found.stripe_subscription_id
    if found.state == BillingState.ACTIVE and price.amount_minor > found.price.amount_minor:
        made = billing_previews.change_now(
            subscription_id=stripe_id, item_id=item, price_id=price.stripe_price_id, at=at
        )
        return _preview(found, made, made.due_minor, max(0, price.amount_minor + made.carried_minor), at)
    made = billing_previews.next_after_change(
        subscription_id=stripe_id, item_id=item, price_id=price.stripe_price_id, at=at
    )
    if made.carried_minor < 0:
        raise SubscriptionChangeError(_too_much_credit(found, price, made.lines))
    return _preview(found, made, 0, made.due_minor, at)


def _preview(
    found: BillingSubscription, made: PreviewedInvoice, due_now_minor: int, next_due_minor: int, at: datetime
) -> ChangePreview:
    if found.period_ends_at is None:
        raise SubscriptionChangeError("This subscription has not begun yet. Try again in a minute.")
    return ChangePreview(
        due_now_minor=due_now_minor,
        next_due_minor=next_due_minor,
        next_at=found.period_ends_at,
        currency=made.currency,
        prorated_at=at,
        lines=made.lines,
    )


def _too_much_credit(found: BillingSubscription, price: BillingPrice, lines: Sequence[PreviewedLine]) -> str:
    """What would be left over after the next invoice would pay other creators' invoices with this one's money."""
    words = f"What is left of this month is worth more than a month of {price.title}."
    later = f"cancel at the end of the month and take {price.title} then"
    credits_alone = sum(line.is_proration for line in lines) == 2
    day = credit.fits_from(subscription=found, price=price) if credits_alone else None
    if day is not None:
        return f"{words} Change from {day:%-d %B} on, or {later}."
    return f"{words[:-1]}: {later}."
