"""Why a room is not recorded. `code` is stable, the message says what the person can do."""

from rooms.errors import RoomsError


class NotTheHostError(RoomsError):
    """Only the host decides about a room's recordings."""

    code = "not-the-host"

    def __init__(self) -> None:
        super().__init__("Only the room's host can do that.")


class CannotRecordError(RoomsError):
    """There is nothing to record, or nothing to record with."""

    code = "cannot-record"


def not_open() -> CannotRecordError:
    """Outside the room's hours."""
    return CannotRecordError("A room can be recorded from when its doors open until it ends.")


def no_recorder() -> CannotRecordError:
    """No relay, or an engine that does not record."""
    return CannotRecordError("This site's live audio does not record rooms.")
