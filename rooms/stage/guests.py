"""Guests of the host: people who hear a room without a ticket."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rooms import locks
from rooms.errors import InvalidFieldsError
from rooms.live import revocations
from rooms.mail import operations as mail
from rooms.mail.letters import Button, Letter
from rooms.models import Guest, Room, User
from rooms.stage import roles
from rooms.stage.errors import GuestsFullError

GUESTS_MAX: Final = 20


def invite_guest(*, room_id: UUID, by_id: UUID, email: str, now: datetime) -> Guest:
    """Let somebody in without a ticket. The same answer whether or not the address has an account.

    Raises:
        InvalidFieldsError: email.
        NotHostError, GuestsFullError, RoomOverError.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidFieldsError({"email": ["Enter an e-mail address such as name@example.org."]}) from error
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_host(room, by_id)
        roles.check_to_come(room, now=now)
        guests = Guest.objects.filter(room=room, withdrawn_at__isnull=True)
        present = guests.filter(email__iexact=address).first()
        if present:
            return present
        if guests.count() >= GUESTS_MAX:
            raise GuestsFullError(most=GUESTS_MAX)
        guest = Guest.objects.create(room=room, email=address, invited_by_id=by_id, invited_at=now)
        mail.write(key=f"guest:{guest.id}", to_address=address, person_id=None, letter=_letter(room), now=now)
    return guest


def withdraw_guest(*, room_id: UUID, by_id: UUID, guest_id: int, now: datetime) -> None:
    """Take an invitation back: who came in by it alone is out within the second. Raises NotHostError."""
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_host(room, by_id)
        guest = Guest.objects.filter(id=guest_id, room=room, withdrawn_at__isnull=True).first()
        if guest is None:
            return
        guest.withdrawn_at = now
        guest.save(update_fields=["withdrawn_at"])
        user = User.objects.filter(email__iexact=guest.email).first()
        if user is not None:
            revocations.recheck(user_id=user.id, rooms=[room_id], now=now)


def _letter(room: Room) -> Letter:
    return Letter(
        kind="guest",
        subject=f"You are invited: {room.title}",
        name="",
        paragraphs=(
            f"{room.creator.display_name} invites you to a live room as a guest. You need no ticket.",
            "Sign in with this e-mail address, or make an account with it, and the room's page lets you in.",
        ),
        facts=(("When", f"{room.starts_at:%A %-d %B %Y, %H:%M} UTC"),),
        button=Button(label="Open the room", url=settings.PUBLIC_URL + room.get_absolute_url()),
    )
