"""What the relay and open pages are told of a decision, after it has committed."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from config import clock
from rooms.events import hints
from rooms.live.revocations import send_after_commit
from rooms.models import Admission
from rooms.relay.control import Control, Demote, Mute

STAGE, HANDS, YOU = "stage", "hands", "you"
"""Kinds of hints: the stage changed for everybody; the queue, for hosts; something of one person, named by `ref`."""


def demote(room_id: UUID, user_id: UUID) -> None:
    """End what the person says, and void the grants to speak from before."""
    _for_each(room_id, user_id, _demotion)


def mute(room_id: UUID, user_id: UUID, *, muted: bool) -> None:
    """Drop what the person says at the relay's door, or let it through again."""
    _for_each(room_id, user_id, partial(_mute, muted=muted))


def tell(room_id: UUID, kind: str, *, about: UUID | None = None) -> None:
    """Hint to the room's pages."""
    hints.tell_room(room_id=room_id, kind=kind, ref="" if about is None else str(about))


def _for_each(room_id: UUID, user_id: UUID, message: Callable[[str, str], Control]) -> None:
    """For every identity under which the person was let in: one as a rule."""
    admissions = Admission.objects.filter(room_id=room_id, user_id=user_id, revoked_at__isnull=True)
    for identity in admissions.order_by("id").values_list("identity", flat=True):
        send_after_commit(partial(message, str(room_id), identity))


def _demotion(room: str, identity: str) -> Demote:
    return Demote(room=room, identity=identity, at_s=clock.real_now().timestamp())


def _mute(room: str, identity: str, *, muted: bool) -> Mute:
    return Mute(room=room, identity=identity, muted=muted, at_s=clock.real_now().timestamp())
