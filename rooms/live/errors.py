"""Why somebody gets no grant. `code` is stable, the message says what the person can do."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from rooms.access import WORDS, Reason
from rooms.errors import RoomsError


class NoGrantError(RoomsError):
    """No grant is given. `status` is the answer's, `members` join the problem document."""

    status: ClassVar[int] = HTTPStatus.CONFLICT

    @property
    def members(self) -> dict[str, Any]:
        """What the page may want to show."""
        return {}


class LiveAudioOffError(NoGrantError):
    """No relay is set up."""

    code = "live-audio-off"
    status = HTTPStatus.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("Live audio is not set up on this site.")


class MayNotHearError(NoGrantError):
    """Access was decided against this person."""

    code = "may-not-hear"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, *, reason: Reason) -> None:
        self.reason = reason
        super().__init__(WORDS[reason])

    @property
    def members(self) -> dict[str, Any]:
        """The reason, as `rooms.access` names it."""
        return {"reason": self.reason.value}


class MayNotSpeakError(NoGrantError):
    """This person hears, and was not brought on stage."""

    code = "may-not-speak"
    status = HTTPStatus.FORBIDDEN

    def __init__(self) -> None:
        super().__init__("You may listen to this room. Ask the host to bring you on stage.")


class RoomNotOpenError(NoGrantError):
    """It is too early."""

    code = "room-not-open"

    def __init__(self, *, opens_at: datetime) -> None:
        self.opens_at = opens_at
        super().__init__("The room is not open yet. Come back shortly before it starts.")

    @property
    def members(self) -> dict[str, Any]:
        """When to come back."""
        return {"opens_at": self.opens_at.isoformat()}


class RoomOverError(NoGrantError):
    """It is too late."""

    code = "room-over"

    def __init__(self) -> None:
        super().__init__("This room has ended.")
