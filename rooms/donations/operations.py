"""Taking a charity on, choosing it for a room, and giving to it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from payouts.cards.charges import open_card_sale
from payouts.models import Sale, TransfersState
from payouts.payees import operations as payees
from payouts.sales.operations import open_sale
from payouts.sales.shares import ShareSpec
from rooms.errors import DonationsClosedError, InvalidFieldsError
from rooms.limits import Limits
from rooms.models import Charity, Donation, Room, User
from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_purchase

LIMITS: Final = Limits(what="A donation is", lowest=1, highest=5_000)
WHOLE: Final = "donation"
COVERED: Final = "donation-fee-covered"


def open_charity(
    *, name: str, email: str, country: str, about: str = "", registration: str = "", now: datetime
) -> Charity:
    """Take a charity on: a payee of its own, whose connected account follows through the outbox.

    `country` is ISO 3166 alpha-2. Somebody of the charity goes through Stripe's onboarding before it can be chosen.

    Raises:
        InvalidFieldsError: the name is empty, or taken.
    """
    name = name.strip()
    if not name:
        raise InvalidFieldsError({"name": ["Give the charity's name."]})
    if Charity.objects.filter(name=name).exists():
        raise InvalidFieldsError({"name": [f"{name} is here already."]})
    with transaction.atomic():
        payee = payees.open_payee(user_id=None, display_name=name, email=email, country=country, now=now)
        return Charity.objects.create(
            name=name, about=about.strip(), registration=registration.strip(), payee=payee, created_at=now
        )


def choose_charity(*, room_id: UUID, creator_id: UUID, charity_id: UUID | None) -> Room:
    """The host's choice of who gets the donations of a room from now on; None takes it away.

    Raises:
        InvalidFieldsError: there is no such charity to choose.
        Room.DoesNotExist: the creator hosts no such room.
    """
    with transaction.atomic():
        room = Room.objects.select_for_update(of=("self",)).get(id=room_id, creator_id=creator_id)
        charity = None if charity_id is None else _chosen(charity_id)
        room.charity = charity
        room.save(update_fields=["charity"])
    return room


def _chosen(charity_id: UUID) -> Charity:
    charity = charities_to_choose().filter(id=charity_id).first()
    if charity is None:
        raise InvalidFieldsError({"charity": ["This charity cannot be chosen; choose one of the list."]})
    return charity


def charities_to_choose() -> QuerySet[Charity]:
    """Those that are active and can be paid."""
    return Charity.objects.filter(is_active=True, payee__transfers_state=TransfersState.ACTIVE)


def takes_donations(room: Room, *, now: datetime) -> bool:
    """Whether the room's page offers them. Reads `room.charity.payee`."""
    if room.charity is None or room.cancelled_at is not None or room.ends_at <= now:
        return False
    return room.charity.is_active and room.charity.payee.transfers_state == TransfersState.ACTIVE


def policy_of(*, covers_processing: bool) -> str:
    """Under which policy a donation is priced: the whole face to the charity under both."""
    return COVERED if covers_processing else WHOLE


def give_donation(
    *,
    room_id: UUID,
    donor_id: UUID,
    amount_minor: int,
    covers_processing: bool,
    message: str = "",
    public_name: str = "",
    payment_method_id: str = "",
    context: PurchaseContext | None = None,
    now: datetime,
) -> Donation:
    """Write a donation to the room's charity, in the room's currency, and the sale that pays for it.

    The caller goes on with `rooms.purchases.checkout.go_on` after its commit.

    Raises:
        InvalidFieldsError: amount, message or public_name cannot be taken.
        DonationsClosedError: the room has no charity, or is over; nothing is charged.
        UnknownCardError: no such saved card.
    """
    message, public_name = message.strip(), public_name.strip()
    with transaction.atomic():
        room = Room.objects.select_related("charity__payee", "creator").get(id=room_id)
        if not takes_donations(room, now=now) or room.charity is None:
            raise DonationsClosedError(room_id=room_id)
        check_fields(room, amount_minor=amount_minor, message=message, public_name=public_name)
        donation = Donation(
            id=uuid4(),
            buyer=User.objects.get(id=donor_id),
            charity=room.charity,
            room=room,
            covers_processing=covers_processing,
            message=message,
            public_name=public_name,
            opened_at=now,
        )
        donation.sale = _sale(donation, amount_minor=amount_minor, payment_method_id=payment_method_id, now=now)
        donation.save(force_insert=True)
        record_purchase(sale_id=donation.sale_id, context=context, now=now)
    return donation


def check_fields(room: Room, *, amount_minor: int, message: str, public_name: str) -> None:
    """Refuse what cannot be taken, all at once.

    Raises:
        InvalidFieldsError: by field.
    """
    errors = {
        "amount": LIMITS.faults(amount_minor, room.currency),
        "message": [f"Use at most {MESSAGE_MAX} characters."] if len(message) > MESSAGE_MAX else [],
        "public_name": [f"Use at most {NAME_MAX} characters."] if len(public_name) > NAME_MAX else [],
    }
    found = {field: messages for field, messages in errors.items() if messages}
    if found:
        raise InvalidFieldsError(found)


def _sale(donation: Donation, *, amount_minor: int, payment_method_id: str, now: datetime) -> Sale:
    subject, title = f"donation:{donation.id}", f"Donation to {donation.charity.name}"
    shares = [ShareSpec(payee_id=donation.charity.payee_id)]
    policy_slug = policy_of(covers_processing=donation.covers_processing)
    hold_until = now + timedelta(seconds=settings.PAYOUT_HOLD_S)
    page = settings.PUBLIC_URL + donation.get_absolute_url()
    if payment_method_id:
        return open_card_sale(
            product="donation",
            subject=subject,
            title=title,
            buyer_id=donation.buyer.id,
            buyer_email=donation.buyer.email,
            price_minor=amount_minor,
            currency=donation.room.currency,
            shares=shares,
            policy_slug=policy_slug,
            hold_until=hold_until,
            payment_method_id=payment_method_id,
            now=now,
        )
    return open_sale(
        product="donation",
        subject=subject,
        title=title,
        buyer_id=donation.buyer.id,
        buyer_email=donation.buyer.email,
        price_minor=amount_minor,
        currency=donation.room.currency,
        shares=shares,
        policy_slug=policy_slug,
        hold_until=hold_until,
        seat_hold_until=now,
        return_url=f"{page}?from=checkout",
        cancel_url=f"{page}?from=back",
        now=now,
    )
