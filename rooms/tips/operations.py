"""Giving a tip by card, and switching tips on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from payouts.cards.charges import open_card_sale
from payouts.models import Sale
from payouts.sales.operations import open_sale
from payouts.sales.shares import ShareSpec
from rooms.errors import InvalidFieldsError
from rooms.models import Creator, Tip, User
from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_purchase
from rooms.tips import targets
from rooms.tips.targets import Target


def give_tip(
    *,
    target: Target,
    payer_id: UUID,
    amount_minor: int,
    currency: str,
    message: str = "",
    public_name: str = "",
    payment_method_id: str = "",
    context: PurchaseContext | None = None,
    now: datetime,
) -> Tip:
    """Write a tip and the sale that pays for it, in one transaction.

    With `payment_method_id` a saved card of the payer's is charged at once, else they go to the card page: the caller
    goes on with `rooms.purchases.checkout.go_on` after its commit.

    Raises:
        InvalidFieldsError: amount, currency, message or public_name cannot be taken.
        TipsOffError, TipsClosedError, OwnTipError: nothing is charged.
        UnknownCardError: no such saved card.
    """
    message, public_name = message.strip(), public_name.strip()
    check_fields(target, amount_minor=amount_minor, currency=currency, message=message, public_name=public_name)
    with transaction.atomic():
        payer = User.objects.get(id=payer_id)
        specs = targets.check(target, payer=payer, now=now)
        tip = Tip(
            id=uuid4(),
            buyer=payer,
            creator=target.creator,
            room=target.room,
            message=message,
            public_name=public_name,
            opened_at=now,
        )
        tip.sale = _sale(
            tip,
            specs=specs,
            amount_minor=amount_minor,
            currency=currency,
            payment_method_id=payment_method_id,
            now=now,
        )
        tip.save(force_insert=True)
        record_purchase(sale_id=tip.sale_id, context=context, now=now)
    return tip


def switch_tips(*, creator_id: UUID, on: bool) -> None:
    """Whether a creator takes tips, in rooms that they host and on their page."""
    Creator.objects.filter(id=creator_id).update(takes_tips=on)


def check_fields(target: Target, *, amount_minor: int, currency: str, message: str, public_name: str) -> None:
    """Refuse what cannot be taken, all at once.

    Raises:
        InvalidFieldsError: by field.
    """
    errors: dict[str, list[str]] = {}
    wanted = (target.currency,) if target.currency else settings.CURRENCIES
    if currency not in wanted:
        errors["currency"] = [f"Tips here are given in {', '.join(wanted)}."]
    elif faults := targets.LIMITS.faults(amount_minor, currency):
        errors["amount"] = faults
    if len(message) > MESSAGE_MAX:
        errors["message"] = [f"Use at most {MESSAGE_MAX} characters; these are {len(message)}."]
    if len(public_name) > NAME_MAX:
        errors["public_name"] = [f"Use at most {NAME_MAX} characters; these are {len(public_name)}."]
    if errors:
        raise InvalidFieldsError(errors)


def _sale(
    tip: Tip, *, specs: Sequence[ShareSpec], amount_minor: int, currency: str, payment_method_id: str, now: datetime
) -> Sale:
    where = tip.room.title if tip.room else tip.creator.display_name
    title = f"Tip: {where}" if tip.room else f"Tip for {where}"
    hold_until = now + timedelta(seconds=settings.PAYOUT_HOLD_S)
    page = settings.PUBLIC_URL + reverse("tip", kwargs={"purchase_id": tip.id})
    if payment_method_id:
        return open_card_sale(
            product="tip",
            subject=f"tip:{tip.id}",
            title=title,
            buyer_id=tip.buyer.id,
            buyer_email=tip.buyer.email,
            price_minor=amount_minor,
            currency=currency,
            shares=specs,
            policy_slug=targets.POLICY,
            hold_until=hold_until,
            payment_method_id=payment_method_id,
            now=now,
        )
    return open_sale(
        product="tip",
        subject=f"tip:{tip.id}",
        title=title,
        buyer_id=tip.buyer.id,
        buyer_email=tip.buyer.email,
        price_minor=amount_minor,
        currency=currency,
        shares=specs,
        policy_slug=targets.POLICY,
        hold_until=hold_until,
        seat_hold_until=now,
        return_url=f"{page}?from=checkout",
        cancel_url=f"{page}?from=back",
        now=now,
    )
