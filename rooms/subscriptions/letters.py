"""What subscribers are told by mail. Words only: each letter is written with the decision that it tells."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from payouts.models import BillingInvoice
from rooms.currencies import money_text
from rooms.mail.letters import Button, Letter
from rooms.models import Subscription

NO_REFUND: Final = "Nothing more is charged. Months that have begun are not refunded."


def day(moment: datetime | None) -> str:
    """A day for people, in UTC."""
    return f"{moment.astimezone(UTC):%-d %B %Y}" if moment else ""


def receipt_path(subscription: Subscription, invoice_id: UUID) -> str:
    """Where who got what of a payment is shown."""
    return reverse("subscription-receipt", kwargs={"subscription_id": subscription.id, "invoice_id": invoice_id})


def receipt(subscription: Subscription, invoice: BillingInvoice) -> Letter:
    """A month, or a change of plan, was paid."""
    creator, paid = subscription.creator, money_text(invoice.paid_minor, invoice.currency)
    return Letter(
        kind="subscription-receipt",
        subject=f"Your receipt: {paid} to {creator.display_name}",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(f"Thank you. Your payment for {subscription.plan.name} by {creator.display_name} went through.",),
        facts=(
            ("Plan", f"{creator.display_name}: {subscription.plan.name}"),
            ("Paid", paid),
            ("On", day(invoice.paid_at)),
            ("For the time until", day(invoice.period_ends_at)),
            ("Invoice", invoice.stripe_invoice_id),
        ),
        button=Button(label="See who got what", url=settings.PUBLIC_URL + receipt_path(subscription, invoice.id)),
        after=(
            ("It goes on month by month until you cancel, which you can do under “My subscriptions” at any time."),
        ),
    )


def trial_ends(subscription: Subscription) -> Letter:
    """In three days the trial is over and the card is charged."""
    plan = subscription.plan
    price = subscription.billing.price
    ends = day(subscription.billing.trial_ends_at)
    return Letter(
        kind="trial-ends",
        subject=f"Your trial of {subscription.creator.display_name} ends on {ends}",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(
            (
                f"On {ends} your free trial of {plan.name} ends, and "
                f"{money_text(price.amount_minor, price.currency)} a month are charged to your card from then on."
            ),
            "Cancel before that day and you are not charged.",
        ),
        button=_page(subscription, "Keep it or cancel"),
    )


def first_failure(subscription: Subscription, invoice: BillingInvoice, access_until: datetime) -> Letter:
    """The first attempt to charge a renewal failed."""
    owed = money_text(invoice.due_minor, invoice.currency)
    again = f" We try again on {day(invoice.next_attempt_at)}." if invoice.next_attempt_at else ""
    return Letter(
        kind="payment-failed",
        subject=f"Your payment to {subscription.creator.display_name} did not go through",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(
            f"Your card was not charged for {subscription.plan.name}: {owed} are open.{again}",
            (
                f"You keep your access until {day(access_until)}. Pay before that, or give us another card, and "
                "nothing changes. If your bank wants you to confirm the payment, the page leads you there."
            ),
        ),
        facts=(("Open", owed), ("Access until", day(access_until))),
        button=_page(subscription, "Pay or change the card"),
    )


def last_warning(subscription: Subscription, invoice: BillingInvoice) -> Letter:
    """One attempt is left, then the subscription ends."""
    owed = money_text(invoice.due_minor, invoice.currency)
    return Letter(
        kind="payment-last-attempt",
        subject=f"Last attempt: your subscription to {subscription.creator.display_name}",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(
            (
                f"We could not charge your card for {subscription.plan.name} several times now. The last attempt is "
                f"on {day(invoice.next_attempt_at)}; if it fails too, your subscription ends."
            ),
        ),
        facts=(("Open", owed), ("Last attempt", day(invoice.next_attempt_at))),
        button=_page(subscription, "Pay or change the card"),
    )


def ended_unpaid(subscription: Subscription) -> Letter:
    """Nobody paid, so it is over."""
    creator = subscription.creator
    return Letter(
        kind="subscription-ended",
        subject=f"Your subscription to {creator.display_name} has ended",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(
            (
                f"The last attempt to charge your card for {subscription.plan.name} failed, so your subscription has "
                "ended. You owe nothing: what was open has been cancelled."
            ),
            "You can subscribe again whenever you like.",
        ),
        button=Button(
            label=f"See {creator.display_name}'s plans", url=settings.PUBLIC_URL + creator.get_absolute_url()
        ),
    )


def cancelled(subscription: Subscription) -> Letter:
    """It is over because its subscriber, or a refund, said so."""
    creator = subscription.creator
    return Letter(
        kind="subscription-cancelled",
        subject=f"Your subscription to {creator.display_name} is cancelled",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(f"{subscription.plan.name} ended on {day(subscription.billing.ended_at)}. {NO_REFUND}",),
        button=Button(label=f"See {creator.display_name}", url=settings.PUBLIC_URL + creator.get_absolute_url()),
    )


def ends_later(subscription: Subscription) -> Letter:
    """Its end is decided, and access goes on until then."""
    ends = day(subscription.billing.ends_at)
    return Letter(
        kind="subscription-ends-later",
        subject=f"Your subscription to {subscription.creator.display_name} ends on {ends}",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(f"You keep {subscription.plan.name} until {ends}. {NO_REFUND}", "You can still change your mind."),
        button=_page(subscription, "Keep my subscription"),
    )


def refunded(subscription: Subscription, amount: str) -> Letter:
    """The month was given back, and the subscription is over."""
    return Letter(
        kind="subscription-refunded",
        subject=f"{amount} are on the way back to your card",
        name=subscription.subscriber.get_short_name(),
        paragraphs=(
            (
                f"Your payment for {subscription.plan.name} by {subscription.creator.display_name} was refunded. It "
                "takes 5 to 10 days to show on your card."
            ),
            "Your subscription has ended with it, and nothing more is charged.",
        ),
        facts=(("Refunded", amount),),
        button=_page(subscription, "See your subscription"),
    )


def _page(subscription: Subscription, label: str) -> Button:
    return Button(label=label, url=settings.PUBLIC_URL + subscription.get_absolute_url())
