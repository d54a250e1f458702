"""What the room page shows of live audio to somebody who may hear the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from rooms.access import Access
from rooms.live import hours
from rooms.models import Room
from rooms.shares import Sharer
from rooms.stage.reactions import EMOJI


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The panel, or when it comes. `names` are of host and co-hosts; `relay_url` is empty without a relay.

    `engine` is what the setting RELAY names.
    """

    engine: str
    relay_url: str
    is_open: bool
    may_publish: bool
    opens_at: datetime
    opens_in_s: int
    names: tuple[str, ...]
    emoji: tuple[tuple[str, str], ...] = EMOJI


def panel_of(room: Room, access: Access, sharers: Sequence[Sharer], *, now: datetime) -> Panel | None:
    """The panel for somebody who may hear; None for others, and once the room is over. No query."""
    if not access.may_hear or hours.is_over(room, now=now):
        return None
    opens_at = hours.opens_at(room)
    return Panel(
        engine=settings.RELAY,
        relay_url=settings.RELAY_URL,
        is_open=hours.is_open(room, now=now),
        may_publish=access.may_publish,
        opens_at=opens_at,
        opens_in_s=max(0, int((opens_at - now).total_seconds()) + 1),
        names=tuple(sharer.creator.display_name for sharer in sharers),
    )
