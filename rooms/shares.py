"""Who shares in what a room sells: the host, and the co-hosts who accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from payouts.models import Payee
from payouts.sales.operations import ShareSpec
from rooms.errors import PayeeNotReadyError
from rooms.models import Creator, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharer:
    """A creator on stage and the weight of their share."""

    creator: Creator
    weight: int


def sharers_of(room: Room) -> list[Sharer]:
    """Host first, then co-hosts in their order.

    Reads `room.creator.payee` and `room.cohosts` with their creators' payees: fetch them with the room
    (`rooms.queries.with_people`).
    """
    cohosts = [
        Sharer(creator=cohost.creator, weight=cohost.weight)
        for cohost in room.cohosts.all()
        if cohost.accepted_at is not None
    ]
    return [Sharer(creator=room.creator, weight=room.host_weight), *cohosts]


def specs_of(room: Room, sharers: Sequence[Sharer]) -> list[ShareSpec]:
    """The shares as payouts takes them.

    Raises:
        PayeeNotReadyError: somebody cannot receive transfers yet, so nothing may be sold that they would be owed.
    """
    specs, waiting = [], []
    for sharer in sharers:
        if sharer.creator.payee is not None and is_ready(sharer.creator):
            specs.append(ShareSpec(payee_id=sharer.creator.payee.id, weight=sharer.weight))
        else:
            waiting.append(sharer.creator.display_name)
    if waiting:
        raise PayeeNotReadyError(room_id=room.id, names=waiting)
    return specs


def is_ready(creator: Creator) -> bool:
    """Whether what the creator earns can reach them."""
    return creator.payee is not None and creator.payee.transfers_state == Payee.TransfersState.ACTIVE
