"""Becoming a creator, and becoming one who can be paid."""

import re
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from payouts.payees import operations as payees
from rooms.errors import AlreadyCreatorError, InvalidFieldsError
from rooms.models import Creator, User
from rooms.models.creator import HANDLE_PATTERN

DISPLAY_NAME_MAX = 80
BIO_MAX = 600
# Handles are part of addresses and of what people trust.
RESERVED_HANDLES = frozenset({"admin", "api", "help", "obole", "stripe", "studio", "support"})


def become_creator(*, user_id: UUID, handle: str, display_name: str, bio: str = "", now: datetime) -> Creator:
    """Give a person a creator page.

    Raises:
        InvalidFieldsError: handle (form, reserved, taken), display_name or bio cannot be taken.
        AlreadyCreatorError: the person has one.
    """
    handle, display_name, bio = handle.strip().lower().removeprefix("@"), display_name.strip(), bio.strip()
    _check_fields(handle=handle, display_name=display_name, bio=bio)
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(id=user_id)
        present = Creator.objects.filter(user=user).first()
        if present:
            raise AlreadyCreatorError(handle=present.handle)
        creator = Creator(user=user, handle=handle, display_name=display_name, bio=bio, created_at=now)
        _insert(creator)
    return creator


def open_payee_account(*, creator_id: UUID, country: str, now: datetime) -> Creator:
    """Make the creator a payee (once); the account at Stripe follows through the outbox.

    `country` is ISO 3166 alpha-2. The caller sends the person to `payouts.payees.operations.onboarding_url` next.
    """
    with transaction.atomic():
        creator = Creator.objects.select_for_update(of=("self",)).select_related("user").get(id=creator_id)
        if creator.payee_id is None:
            creator.payee = payees.open_payee(
                user_id=creator.user_id,
                display_name=creator.display_name,
                email=creator.user.email,
                country=country,
                now=now,
            )
            creator.save(update_fields=["payee"])
    return creator


def _check_fields(*, handle: str, display_name: str, bio: str) -> None:
    errors: dict[str, list[str]] = {}
    if not re.match(HANDLE_PATTERN, handle):
        errors["handle"] = ["Use 3 to 30 small letters, digits and underscores, starting and ending without one."]
    elif handle in RESERVED_HANDLES:
        errors["handle"] = ["This handle is reserved; choose another."]
    if not 1 <= len(display_name) <= DISPLAY_NAME_MAX:
        errors["display_name"] = [f"Give a name of 1 to {DISPLAY_NAME_MAX} characters."]
    if len(bio) > BIO_MAX:
        errors["bio"] = [f"Use at most {BIO_MAX} characters; these are {len(bio)}."]
    if errors:
        raise InvalidFieldsError(errors)


def _insert(creator: Creator) -> None:
    try:
        with transaction.atomic():
            creator.save(force_insert=True)
    except IntegrityError as error:
        if "creator_handle_unique" in str(error):
            raise InvalidFieldsError({"handle": [f"@{creator.handle} is taken; choose another."]}) from error
        raise
