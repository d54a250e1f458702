"""The fixed cast: Ada hosts, Grace co-hosts, Linus listens. Rows only; money moves in the tests themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

from payouts.models import Payee, TransfersState
from rooms.creators.operations import become_creator
from rooms.models import Creator, Room, User
from rooms.scheduling.operations import schedule_room

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def person(name: str, **fields: Any) -> User:
    """Somebody with an account."""
    return User.objects.create_user(f"{_first(name).lower()}@obole.example", "obole", display_name=name, **fields)


def creator(name: str, *, can_be_paid: bool = True) -> Creator:
    """Somebody who hosts, onboarded at Stripe unless told otherwise."""
    user = person(name)
    made = become_creator(user_id=user.id, handle=_first(name), display_name=name, now=NOW)
    if can_be_paid:
        made.payee = Payee.objects.create(
            user=user,
            display_name=name,
            email=user.email,
            country="US",
            stripe_account_id=f"acct_{made.handle}",
            transfers_state=TransfersState.ACTIVE,
            created_at=NOW,
            updated_at=NOW,
        )
        made.save(update_fields=["payee"])
    return made


def room(host: Creator, **changes: Any) -> Room:
    """A room in a week with three seats at 10.00."""
    facts: dict[str, Any] = {
        "title": "Evening with Ada",
        "description": "",
        "starts_at": NOW + timedelta(days=7),
        "ends_at": NOW + timedelta(days=7, hours=1),
        "capacity": 3,
        "price_minor": 1000,
        "currency": "USD",
        "now": NOW,
    }
    return schedule_room(creator_id=host.id, **(facts | changes))


def _first(name: str) -> str:
    return name.split(maxsplit=1)[0]
