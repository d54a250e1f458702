"""Who gets a tip, and whether they take any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from payouts.sales.shares import ShareSpec
from rooms import shares
from rooms.errors import OwnTipError, TipsClosedError, TipsOffError
from rooms.limits import Limits
from rooms.models import Creator, Room, User
from rooms.shares import Sharer
from rooms.wording import listed

POLICY: Final = "clubhouse"
"""Nothing for the platform; the payer pays processing on top (E2)."""
LIMITS: Final = Limits(what="A tip is", lowest=1, highest=500)
PRESETS: Final = (2, 5, 10, 25)
"""Amounts to choose from, in the currency's units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody's tip jar: `room` where it is given in one; `currency` is fixed by the room."""

    creator: Creator
    room: Room | None
    sharers: tuple[Sharer, ...]
    currency: str | None

    @property
    def name(self) -> str:
        """Who gets it, in words."""
        return listed([sharer.creator.display_name for sharer in self.sharers])


def of_room(room: Room) -> Target:
    """Everybody on stage, as the room's split says. Reads what `shares.sharers_of` reads."""
    return Target(creator=room.creator, room=room, sharers=tuple(shares.sharers_of(room)), currency=room.currency)


def of_creator(creator: Creator) -> Target:
    """One creator, whatever they do. Reads `creator.payee`."""
    return Target(creator=creator, room=None, sharers=(Sharer(creator=creator, weight=1),), currency=None)


def takes_tips(target: Target, *, now: datetime) -> bool:
    """Whether its pages offer tips at all."""
    if target.room is not None and (target.room.cancelled_at is not None or target.room.ends_at <= now):
        return False
    return target.creator.takes_tips and all(shares.is_ready(sharer.creator) for sharer in target.sharers)


def is_own(target: Target, visitor: object) -> bool:
    """Whether this visitor would share in it: nobody tips their own stage."""
    return any(sharer.creator.user_id == getattr(visitor, "id", None) for sharer in target.sharers)


def check(target: Target, *, payer: User, now: datetime) -> Sequence[ShareSpec]:
    """Who shares in a tip that this person gives now.

    Raises:
        TipsOffError, TipsClosedError, OwnTipError: nothing is charged.
    """
    room = target.room
    if room is not None and (room.cancelled_at is not None or room.ends_at <= now):
        raise TipsClosedError(room_id=room.id)
    if is_own(target, payer):
        raise OwnTipError
    waiting = [each.creator.display_name for each in target.sharers if not shares.is_ready(each.creator)]
    if not target.creator.takes_tips or waiting:
        raise TipsOffError(name=waiting[0] if waiting else target.creator.display_name)
    return [
        ShareSpec(payee_id=sharer.creator.payee.id, weight=sharer.weight)
        for sharer in target.sharers
        if sharer.creator.payee is not None
    ]
