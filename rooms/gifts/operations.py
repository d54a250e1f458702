"""Giving months to somebody, and claiming them."""

import secrets
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from payouts.models import LIVE_STATES
from payouts.sales.operations import open_sale
from payouts.sales.shares import ShareSpec
from rooms import locks, shares
from rooms.errors import (
    AlreadySubscribedError,
    GiftNotClaimableError,
    InvalidFieldsError,
    OwnPlanError,
    PlanNotSoldError,
)
from rooms.models import Gift, Plan, Subscription, User
from rooms.models.oneoff import MESSAGE_MAX
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_purchase

MONTHS: Final = (1, 3, 6, 12)
TOKEN_BYTES: Final = 24
DECIDES_FOR: Final = timedelta(minutes=30)


def give(
    *,
    plan_id: UUID,
    giver_id: UUID,
    months: int,
    recipient_email: str,
    message: str = "",
    context: PurchaseContext | None = None,
    now: datetime,
) -> Gift:
    """Write a gift and the sale that pays for it, in one transaction.

    One sale for all its months, like any other: the creator's share is free after the usual hold, not month by month.
    The caller goes on with `rooms.purchases.checkout.go_on` after its commit.

    Raises:
        InvalidFieldsError: months, recipient_email or message cannot be taken.
        PlanNotSoldError: nothing is charged.
    """
    recipient_email, message = recipient_email.strip().lower(), message.strip()
    _check(months=months, recipient_email=recipient_email, message=message)
    with transaction.atomic():
        plan = Plan.objects.select_related("creator__payee", "billing").get(id=plan_id)
        payee = plan.creator.payee
        if plan.retired_at is not None or payee is None or not shares.is_ready(plan.creator):
            raise PlanNotSoldError(plan_id=plan_id, retired=plan.retired_at is not None)
        giver = User.objects.get(id=giver_id)
        gift = Gift(
            id=uuid4(), buyer=giver, creator=plan.creator, plan=plan, months=months, message=message,
            recipient_email=recipient_email, token=secrets.token_urlsafe(TOKEN_BYTES), opened_at=now,
        )  # fmt: skip
        page = settings.PUBLIC_URL + reverse("gift", kwargs={"purchase_id": gift.id})
        gift.sale = open_sale(
            product="gift",
            subject=f"gift:{gift.id}",
            title=f"Gift: {months} month{'s' if months > 1 else ''} of {plan.creator.display_name}, {plan.name}",
            buyer_id=giver.id,
            buyer_email=giver.email,
            price_minor=plan.price_minor * months,
            currency=plan.currency,
            shares=[ShareSpec(payee_id=payee.id)],
            policy_slug=plan.billing.policy_slug,
            hold_until=now + timedelta(seconds=settings.PAYOUT_HOLD_S),
            seat_hold_until=now + DECIDES_FOR,
            return_url=f"{page}?from=checkout",
            cancel_url=f"{page}?from=back",
            now=now,
        )
        gift.save(force_insert=True)
        record_purchase(sale_id=gift.sale_id, context=context, now=now)
    return gift


def claim(*, token: str, user_id: UUID, now: datetime) -> Gift:
    """Take a gift: its time begins now, or after another gift of the same creator's. A second time does nothing.

    Raises:
        GiftNotClaimableError: no such gift, not paid, taken back, or claimed by somebody else.
        OwnPlanError: creators are in their own rooms already.
        AlreadySubscribedError: the person pays for a subscription now; the link stays good until that is over.
    """
    with transaction.atomic():
        user = locks.lock_buyer(user_id)
        gift = locks.lock_gift(token)
        if gift is None:
            raise GiftNotClaimableError(why="There is no gift at this address. Check that the link is whole.")
        if gift.claimed_by_id == user.id:
            return gift
        _check_claim(gift, user)
        last = Gift.objects.filter(creator=gift.creator, claimed_by=user, cut_off_at__isnull=True, ends_at__gt=now)
        gift.starts_at = last.order_by("-ends_at").values_list("ends_at", flat=True).first() or now
        gift.ends_at = months_after(gift.starts_at, gift.months)
        gift.claimed_by, gift.claimed_at = user, now
        gift.save()
    return gift


def _check_claim(gift: Gift, user: User) -> None:
    if gift.claimed_by_id is not None:
        raise GiftNotClaimableError(why="This gift was claimed already, by somebody else.")
    if gift.cut_off_at is not None:
        raise GiftNotClaimableError(why="This gift was taken back, so it cannot be claimed any more.")
    if gift.paid_at is None:
        raise GiftNotClaimableError(why="This gift is not paid for yet. Try again in a few minutes.")
    if gift.creator.user_id == user.id:
        raise OwnPlanError(plan_id=gift.plan_id)
    running = Subscription.objects.filter(creator=gift.creator, subscriber=user, state__in=LIVE_STATES).first()
    if running is not None:
        raise AlreadySubscribedError(subscription_id=running.id, state=running.state)


def months_after(start: datetime, months: int) -> datetime:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _check(*, months: int, recipient_email: str, message: str) -> None:
    errors: dict[str, list[str]] = {}
    if months not in MONTHS:
        errors["months"] = [f"Give {', '.join(map(str, MONTHS[:-1]))} or {MONTHS[-1]} months."]
    try:
        validate_email(recipient_email)
    except ValidationError:
        errors["recipient_email"] = ["Give the e-mail address of the person whom it is for."]
    if len(message) > MESSAGE_MAX:
        errors["message"] = [f"Use at most {MESSAGE_MAX} characters; these are {len(message)}."]
    if errors:
        raise InvalidFieldsError(errors)
