"""What speaks for us when a month of a subscription is disputed, or months that were given."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.conf import settings

from payouts.disputes import evidence
from payouts.models import BillingInvoice, Dispute, InvoiceState
from rooms.disputes.words import day, entries, spell, utc
from rooms.live.attendance import seconds_heard_of
from rooms.models import Creator, Gift, Room, Subscription, SubscriptionRecord
from rooms.purchases import refund_policy


def subscription(dispute: Dispute) -> evidence.Texts:
    """The month that was charged, the months before, and whether the creator's rooms were heard in it."""
    month = BillingInvoice.objects.filter(sale_id=dispute.sale_id).select_related("subscription").first()
    bought = None if month is None else _membership(month)
    if month is None or bought is None:
        return {}
    since, until, user_id = month.period_starts_at, month.period_ends_at, bought.subscriber_id
    heard_s = seconds_heard_of(creator_id=bought.creator_id, user_id=user_id, since=since, until=until)
    whose = f"the subscriber's account was connected to {bought.creator.display_name}'s rooms"
    log = [
        *_earlier(month),
        *_came(bought.creator, user_id, since, until),
        *([f"From {day(since)} to {day(until)} {whose} for {spell(heard_s)}."] if heard_s else []),
    ]
    return {
        "service_date": f"{day(since)} to {day(until)}",
        "product_description": (
            f"One month, from {day(since)} to {day(until)}, of the subscription “{bought.plan.name}” to "
            f"{bought.creator.display_name} at {_page(bought.creator)}. It opens to the subscriber's account the "
            "live-audio rooms that the creator hosts. They are heard in the browser: nothing is shipped. It renews "
            "each month until it is cancelled."
        ),
        "access_activity_log": "\n".join(log),
        "refund_refusal_explanation": (
            f"The service was delivered and used: in the month that was charged {whose} for {spell(heard_s)}."
            if heard_s
            else ""
        ),
        "cancellation_policy_disclosure": _cancelling(bought),
        "cancellation_rebuttal": _not_cancelled(month),
    }


def gift(dispute: Dispute) -> evidence.Texts:
    """The months that were given, that they were claimed, and what was heard. Nothing tells who the recipient is.

    The address is the one that the giver typed in.
    """
    found = Gift.objects.select_related("creator", "plan").filter(sale_id=dispute.sale_id).first()
    if found is None:
        return {}
    months = f"{found.months} month{'s' if found.months > 1 else ''}"
    texts = {
        "product_description": (
            f"A gift of {months} of the subscription “{found.plan.name}” to {found.creator.display_name} at "
            f"{_page(found.creator)}. The link that claims it was sent to {found.recipient_email}, the address that "
            "the buyer gave, and is shown to the buyer. Nothing is shipped, and it does not renew."
        )
    }
    if found.claimed_at is None or found.starts_at is None or found.ends_at is None or found.claimed_by_id is None:
        return texts
    heard_s = seconds_heard_of(
        creator_id=found.creator_id, user_id=found.claimed_by_id, since=found.starts_at, until=found.ends_at
    )
    log = [f"{utc(found.claimed_at)}: the gift was claimed with its link."]
    why = f"The gift was claimed on {utc(found.claimed_at)}"
    if heard_s:
        heard = f"whoever claimed it was connected to {found.creator.display_name}'s rooms for {spell(heard_s)}"
        log.append(f"From {day(found.starts_at)} to {day(found.ends_at)} {heard}.")
        why += f", and {heard}"
    return texts | {
        "service_date": f"{day(found.starts_at)} to {day(found.ends_at)}",
        "access_activity_log": "\n".join(log),
        "refund_refusal_explanation": f"{why}.",
    }


def _membership(month: BillingInvoice) -> Subscription | None:
    found = Subscription.objects.select_related("creator", "plan")
    return found.filter(billing_id=month.subscription_id).first()


def _came(creator: Creator, user_id: UUID, since: datetime, until: datetime) -> Iterator[str]:
    rooms = list(Room.objects.filter(creator=creator, entries__user_id=user_id).distinct())
    yield from entries(rooms, user_id=user_id, since=since, until=until)


def _earlier(month: BillingInvoice) -> Iterator[str]:
    """Months that were paid before, and stand."""
    paid = BillingInvoice.objects.filter(
        subscription_id=month.subscription_id,
        state=InvoiceState.PAID,
        paid_at__lt=month.paid_at,
        sale__reversed_minor=0,
    )
    moments = [moment for moment in paid.order_by("paid_at").values_list("paid_at", flat=True) if moment]
    if moments:
        months = f"{len(moments)} earlier month{'s' if len(moments) > 1 else ''}"
        yield f"Since {utc(moments[0])}: {months} paid with this subscription."


def _cancelling(bought: Subscription) -> str:
    """What was shown and accepted about cancelling; nothing without a record of it."""
    record = SubscriptionRecord.objects.filter(subscription=bought).first()
    policy = refund_policy.version(record.refund_policy) if record else None
    if record is None or policy is None:
        return ""
    return (
        f"Shown beside the button that subscribes, and accepted on {utc(record.recorded_at)}: "
        f"{policy.summary('subscription')}\n\nThe subscription's page, {settings.PUBLIC_URL}"
        f"{bought.get_absolute_url()}, has a button that cancels it; every receipt links to that page."
    )


def _not_cancelled(month: BillingInvoice) -> str:
    """Only what is sure: no end was set, or it came after the month was charged."""
    billing = month.subscription
    ended_before = billing.ended_at is not None and month.paid_at is not None and billing.ended_at <= month.paid_at
    if billing.ends_at is not None or ended_before or month.paid_at is None:
        return ""
    return f"When the month was charged, on {utc(month.paid_at)}, the subscriber had not cancelled."


def _page(creator: Creator) -> str:
    return f"{settings.PUBLIC_URL}{creator.get_absolute_url()}"
