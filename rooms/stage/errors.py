"""What cannot be done on a stage. `code` is stable, the message says what the person can do instead."""

from http import HTTPStatus
from typing import ClassVar

from rooms.errors import RoomsError


class StageError(RoomsError):
    """Base; `status` is the answer's."""

    status: ClassVar[int] = HTTPStatus.CONFLICT


class NotModeratorError(StageError):
    """The person neither hosts nor co-hosts."""

    code = "not-moderator"
    status = HTTPStatus.FORBIDDEN

    def __init__(self) -> None:
        super().__init__("Only the host and co-hosts of this room can do that.")


class NotHostError(StageError):
    """Co-hosts may not do this."""

    code = "not-host"
    status = HTTPStatus.FORBIDDEN

    def __init__(self) -> None:
        super().__init__("Only the host of this room can do that.")


class PersonNotHereError(StageError):
    """Nobody with this id may hear the room."""

    code = "no-such-person"
    status = HTTPStatus.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("This person is not in the room.")


class HostsStageError(StageError):
    """Hosts and co-hosts are on stage by their role."""

    code = "on-stage-by-role"

    def __init__(self, *, who: str) -> None:
        super().__init__(f"{who} hosts this room, so that cannot be done.")


class StageFullError(StageError):
    """The stage holds no more speakers."""

    code = "stage-full"

    def __init__(self, *, most: int) -> None:
        self.most = most
        super().__init__(f"{most} people are on stage already. Somebody has to leave the stage first.")


class NotAskedError(StageError):
    """Only those who were asked may speak here."""

    code = "not-asked-to-speak"

    def __init__(self) -> None:
        super().__init__("You have not been asked to speak. Raise your hand, and the host sees it.")


class MutedByHostError(StageError):
    """The speaker may not take this mute back."""

    code = "muted-by-host"

    def __init__(self) -> None:
        super().__init__("The host has muted you, and only the host can take that back.")


class GuestsFullError(StageError):
    """No more guests."""

    code = "guests-full"

    def __init__(self, *, most: int) -> None:
        super().__init__(f"A room has at most {most} guests. Withdraw an invitation first.")
