"""Buying a pack of Stars, and giving Stars."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from payouts.cards.charges import open_card_sale
from payouts.errors import NotEnoughStarsError, WalletFrozenError
from payouts.models import Sale
from payouts.sales.operations import open_sale
from payouts.wallets.operations import spend
from rooms.errors import InvalidFieldsError, StarsFrozenError, StarsMissingError
from rooms.models import StarOrder, StarTip, User
from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_purchase
from rooms.purchases.telling import tell_room
from rooms.stars.packs import POLICY, STARS_AT_ONCE_MAX, Pack, pack_for, pack_of, packs
from rooms.tips import targets
from rooms.tips.targets import Target


def buy_pack(
    *,
    buyer_id: UUID,
    stars: int,
    payment_method_id: str = "",
    context: PurchaseContext | None = None,
    now: datetime,
) -> StarOrder:
    """Write an order of a pack and the sale that pays for it, in one transaction.

    The caller goes on with `rooms.purchases.checkout.go_on` after its commit. The Stars are in the wallet once the
    sale is in the ledger, seconds after the payment.

    Raises:
        InvalidFieldsError: no such pack is on sale.
        UnknownCardError: no such saved card.
    """
    pack = pack_of(stars)
    if pack is None:
        offered = ", ".join(f"{each.stars:,}" for each in packs())
        raise InvalidFieldsError({"stars": [f"Stars come in packs of {offered}."]})
    with transaction.atomic():
        buyer = User.objects.get(id=buyer_id)
        order = StarOrder(id=uuid4(), buyer=buyer, stars=pack.stars, opened_at=now)
        order.sale = _sale(order, pack, payment_method_id=payment_method_id, now=now)
        order.save(force_insert=True)
        record_purchase(sale_id=order.sale_id, context=context, now=now)
    return order


def _sale(order: StarOrder, pack: Pack, *, payment_method_id: str, now: datetime) -> Sale:
    subject, title = f"stars:{order.id}", f"{pack.stars:,} Stars"
    page = settings.PUBLIC_URL + order.get_absolute_url()
    if payment_method_id:
        return open_card_sale(
            product="stars",
            subject=subject,
            title=title,
            buyer_id=order.buyer.id,
            buyer_email=order.buyer.email,
            price_minor=pack.price_minor,
            currency=pack.currency,
            shares=(),
            policy_slug=POLICY,
            hold_until=now,
            payment_method_id=payment_method_id,
            wallet_minor=pack.stars,
            now=now,
        )
    return open_sale(
        product="stars",
        subject=subject,
        title=title,
        buyer_id=order.buyer.id,
        buyer_email=order.buyer.email,
        price_minor=pack.price_minor,
        currency=pack.currency,
        shares=(),
        policy_slug=POLICY,
        hold_until=now,
        seat_hold_until=now,
        return_url=f"{page}?from=checkout",
        cancel_url=f"{page}?from=back",
        wallet_minor=pack.stars,
        now=now,
    )


def give_stars(
    *,
    target: Target,
    payer_id: UUID,
    stars: int,
    message: str = "",
    public_name: str = "",
    now: datetime,
) -> StarTip:
    """Give Stars of the payer's wallet: done when this returns, without a card and without Stripe.

    Raises:
        InvalidFieldsError: stars, message or public_name cannot be taken.
        TipsOffError, TipsClosedError, OwnTipError: nothing is given.
        StarsMissingError, StarsFrozenError: the wallet has too few, or is frozen.
    """
    message, public_name = message.strip(), public_name.strip()
    _check_fields(stars, message=message, public_name=public_name)
    with transaction.atomic():
        payer = User.objects.get(id=payer_id)
        specs = targets.check(target, payer=payer, now=now)
        tip = StarTip(
            id=uuid4(),
            giver=payer,
            creator=target.creator,
            room=target.room,
            message=message,
            public_name=public_name,
            given_at=now,
        )
        try:
            tip.spend = spend(
                user_id=payer_id,
                stars=stars,
                subject=f"tip:{tip.id}",
                title=f"{stars:,} Stars for {target.name}",
                shares=specs,
                hold_until=now + timedelta(seconds=settings.PAYOUT_HOLD_S),
                now=now,
            )
        except NotEnoughStarsError as refusal:
            pack = pack_for(stars - refusal.balance)
            raise StarsMissingError(balance=refusal.balance, wanted=stars, pack=pack.stars) from refusal
        except WalletFrozenError as refusal:
            raise StarsFrozenError from refusal
        tip.save(force_insert=True)
        if target.room is not None:
            tell_room(target.room.id)
    return tip


def _check_fields(stars: int, *, message: str, public_name: str) -> None:
    errors: dict[str, list[str]] = {}
    if not 1 <= stars <= STARS_AT_ONCE_MAX:
        errors["stars"] = [f"Give 1 to {STARS_AT_ONCE_MAX:,} Stars at once."]
    if len(message) > MESSAGE_MAX:
        errors["message"] = [f"Use at most {MESSAGE_MAX} characters; these are {len(message)}."]
    if len(public_name) > NAME_MAX:
        errors["public_name"] = [f"Use at most {NAME_MAX} characters; these are {len(public_name)}."]
    if errors:
        raise InvalidFieldsError(errors)
