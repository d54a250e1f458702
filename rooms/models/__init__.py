"""Models of rooms: people, creators, rooms, seats and tickets."""

from rooms.models.cancellation import CancelledBecause, RoomCancellation
from rooms.models.charity import Charity, Donation
from rooms.models.creator import Creator
from rooms.models.gift import Gift
from rooms.models.idempotency import IdempotentRequest
from rooms.models.live import HEARING, Admission, Attendance, EngineEvent, RoomWatch, StreamPosition, Way
from rooms.models.mail import Mail, MailState
from rooms.models.oneoff import Purchase, Tip
from rooms.models.purchase import PurchaseRecord, RoomEntry, SubscriptionRecord
from rooms.models.recording import Recording, Taping
from rooms.models.room import CoHost, Room, WhoMaySpeak
from rooms.models.stage import Guest, Place, Standing
from rooms.models.stars import StarOrder, StarTip
from rooms.models.subscription import Plan, Subscription
from rooms.models.ticket import ACTIVE_STATES, PAID_STATES, EndReason, Seat, Ticket, TicketState
from rooms.models.user import User

__all__ = [
    "ACTIVE_STATES",
    "HEARING",
    "PAID_STATES",
    "Admission",
    "Attendance",
    "CancelledBecause",
    "Charity",
    "CoHost",
    "Creator",
    "Donation",
    "EndReason",
    "EngineEvent",
    "Gift",
    "Guest",
    "IdempotentRequest",
    "Mail",
    "MailState",
    "Place",
    "Plan",
    "Purchase",
    "PurchaseRecord",
    "Recording",
    "Room",
    "RoomCancellation",
    "RoomEntry",
    "RoomWatch",
    "Seat",
    "Standing",
    "StarOrder",
    "StarTip",
    "StreamPosition",
    "Subscription",
    "SubscriptionRecord",
    "Taping",
    "Ticket",
    "TicketState",
    "Tip",
    "User",
    "Way",
    "WhoMaySpeak",
]
