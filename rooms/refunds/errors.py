"""Why a host cannot refund, or cancel a room."""

from datetime import datetime
from uuid import UUID

from payouts.errors import RefundRefusedError
from rooms.currencies import money_text
from rooms.errors import RoomsError


class NotYourRoomError(RoomsError):
    """Only its host may do this."""

    code = "not-found"

    def __init__(self, *, room_id: UUID | None = None) -> None:
        self.room_id = room_id
        super().__init__("There is no such room among those that you host.")


class RoomAlreadyOverError(RoomsError):
    """It took place, so it cannot be called off."""

    code = "room-over"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("This room is over, so it cannot be cancelled. Refund listeners one by one on their sales.")


class NotCancelledError(RoomsError):
    """There is no cancellation to tell of."""

    code = "not-cancelled"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("This room is not cancelled.")


class SomebodySpokeError(RoomsError):
    """It cannot be cancelled for want of a voice."""

    code = "somebody-spoke"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__(
            "Nobody is refunded: somebody spoke in this room, it is not over yet, or no ticket is left to refund. "
            "Refund listeners one by one on their sales."
        )


class NotYourSaleError(RoomsError):
    """Only the host of what was sold may do this."""

    code = "not-found"

    def __init__(self, *, sale_id: UUID) -> None:
        self.sale_id = sale_id
        super().__init__("There is no such sale among those of rooms that you host.")


class RefundTooLateError(RoomsError):
    """Hosts may refund for some days only."""

    code = "refund-too-late"

    def __init__(self, *, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"You could refund this until {until:%-d %b %Y}. Write to Obole's finance team, who can still do it."
        )


class RefundOverLimitError(RoomsError):
    """A refund takes from its host no more than they have."""

    code = "refund-over-limit"

    def __init__(self, *, cost_minor: int, limit_minor: int, currency: str) -> None:
        self.cost_minor, self.limit_minor, self.currency = cost_minor, limit_minor, currency
        super().__init__(
            f"This refund takes {money_text(cost_minor, currency)} from you, and you have "
            f"{money_text(limit_minor, currency)} for refunds now. Refund a part, wait for your next sales, "
            "or write to Obole's finance team."
        )


class RefundNotPossibleError(RoomsError):
    """The payment cannot go back, or not so much of it; `code` says why."""

    def __init__(self, refusal: RefundRefusedError) -> None:
        self.code = refusal.code  # type: ignore[misc]  # one error for all of payouts' reasons
        self.left_minor = getattr(refusal, "left_minor", None)
        super().__init__(str(refusal))
