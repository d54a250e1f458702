"""What can go wrong in rooms. Each error carries its data; `rooms.api.problems` and the pages map it to an answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from rooms.wording import listed


class RoomsError(Exception):
    """Base of every refusal in rooms. `code` is stable, the message says what the person can do."""

    code: ClassVar[str] = "rooms-error"


class InvalidFieldsError(RoomsError):
    """Values that cannot be taken, by field: {"price_minor": ["..."]}."""

    code = "invalid"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {field: list(messages) for field, messages in errors.items()}
        super().__init__("; ".join(f"{field}: {' '.join(messages)}" for field, messages in self.errors.items()))


class AlreadyCreatorError(RoomsError):
    """This person already has a creator page."""

    code = "already-creator"

    def __init__(self, *, handle: str) -> None:
        self.handle = handle
        super().__init__(f"You already host as @{handle}.")


class CoHostNotFoundError(RoomsError):
    """This creator was not invited to this room."""

    code = "not-invited"

    def __init__(self, *, room_id: UUID, creator_id: UUID) -> None:
        self.room_id, self.creator_id = room_id, creator_id
        super().__init__("You were not invited to co-host this room.")


class SoldOutError(RoomsError):
    """Every seat is sold or held."""

    code = "sold-out"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("Every seat is taken. Nothing was charged. Held seats that are not paid for come back.")


class OwnRoomError(RoomsError):
    """Hosts and co-hosts are in already."""

    code = "own-room"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("You are on stage in this room, so you need no ticket.")


class SalesClosedError(RoomsError):
    """The room was cancelled or is over."""

    code = "sales-closed"

    def __init__(self, *, room_id: UUID, since: datetime, cancelled: bool) -> None:
        self.room_id, self.since, self.cancelled = room_id, since, cancelled
        super().__init__(
            "This room was cancelled; no tickets are sold." if cancelled else "This room is over; no tickets are sold."
        )


class SubscribersOnlyError(RoomsError):
    """No tickets are sold for this room: it is for its host's subscribers."""

    code = "subscribers-only"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("This room is for subscribers of its host. Subscribe on the host's page to come in.")


class PayeeNotReadyError(RoomsError):
    """Somebody who shares in the price cannot be paid yet."""

    code = "payee-not-ready"

    def __init__(self, *, room_id: UUID, names: Sequence[str]) -> None:
        self.room_id, self.names = room_id, list(names)
        super().__init__(
            f"{listed(self.names)} cannot be paid yet, so tickets are not on sale. Nothing was charged. "
            "They go on sale as soon as payouts are set up in the studio."
        )


class TicketNotFoundError(RoomsError):
    """No ticket of this person has this id."""

    code = "not-found"

    def __init__(self, *, ticket_id: UUID) -> None:
        self.ticket_id = ticket_id
        super().__init__("There is no such ticket among yours.")


class NotCancellableError(RoomsError):
    """Only a seat that is held and not paid for can be given back by a press of a button."""

    code = "not-cancellable"

    def __init__(self, *, ticket_id: UUID, state: str) -> None:
        self.ticket_id, self.state = ticket_id, state
        super().__init__(f"This ticket is {state}; only a held seat that is not paid for can be given back.")


class PlanNotFoundError(RoomsError):
    """No plan of this creator's on sale has this id."""

    code = "not-found"

    def __init__(self, *, plan_id: UUID) -> None:
        self.plan_id = plan_id
        super().__init__("There is no such plan on sale among yours.")


class OwnPlanError(RoomsError):
    """Creators do not subscribe to themselves."""

    code = "own-plan"

    def __init__(self, *, plan_id: UUID) -> None:
        self.plan_id = plan_id
        super().__init__("This is your own plan, so you cannot subscribe to it.")


class PlanNotSoldError(RoomsError):
    """The plan was retired, or is not on sale yet."""

    code = "plan-not-sold"

    def __init__(self, *, plan_id: UUID, retired: bool) -> None:
        self.plan_id, self.retired = plan_id, retired
        super().__init__(
            "This plan is no longer sold. Nothing was charged; choose another one."
            if retired
            else "This plan is not on sale yet. Nothing was charged; try again in a minute."
        )


class AlreadySubscribedError(RoomsError):
    """There is a subscription to this creator; its plan can be changed instead."""

    code = "already-subscribed"

    def __init__(self, *, subscription_id: UUID, state: str) -> None:
        self.subscription_id, self.state = subscription_id, state
        super().__init__(
            "The card page that you opened before is still being closed. Nothing was charged; try again in a minute."
            if state == "incomplete"
            else "You subscribe to this creator already. Change the plan of your subscription instead."
        )


class GiftNotClaimableError(RoomsError):
    """No such gift, or it is not to be had; the message says why."""

    code = "gift-not-claimable"

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


class SubscriptionNotFoundError(RoomsError):
    """No subscription of this person has this id."""

    code = "not-found"

    def __init__(self, *, subscription_id: UUID) -> None:
        self.subscription_id = subscription_id
        super().__init__("There is no such subscription among yours.")


class SubscriptionNotChangedError(RoomsError):
    """Stripe refused, or cannot be reached; `reason` says what to do."""

    code = "subscription-not-changed"

    def __init__(self, *, subscription_id: UUID, reason: str) -> None:
        self.subscription_id, self.reason = subscription_id, reason
        super().__init__(f"{reason.rstrip('.')}. Your subscription was not changed.")


class KeyReusedError(RoomsError):
    """An idempotency key came back with another request."""

    code = "idempotency-key-reused"

    def __init__(self, *, key: str) -> None:
        self.key = key
        super().__init__("This Idempotency-Key was used for another request. Send a new key for a new request.")


class KeyMissingError(RoomsError):
    """The request must carry an idempotency key."""

    code = "idempotency-key-missing"

    def __init__(self, *, longest: int) -> None:
        self.longest = longest
        super().__init__(
            f"Send an Idempotency-Key header of 1 to {longest} characters, one for each purchase you mean."
        )


class TipsOffError(RoomsError):
    """This creator has not switched tips on, or somebody on stage cannot be paid yet."""

    code = "tips-off"

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"{name} does not take tips at the moment. Nothing was charged.")


class TipsClosedError(RoomsError):
    """The room was cancelled or is over."""

    code = "tips-closed"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("This room is over, so it takes no more tips. Nothing was charged.")


class OwnTipError(RoomsError):
    """Those who would get the tip cannot give it."""

    code = "own-tip"

    def __init__(self) -> None:
        super().__init__("You would get this tip yourself, so it cannot be given.")


class CardNotFoundError(RoomsError):
    """No saved card of this person has this id."""

    code = "card-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such card among yours; choose another, or pay on the card page.")


class StarsMissingError(RoomsError):
    """The wallet has fewer Stars than were to be given; `pack` would make up for it."""

    code = "not-enough-stars"

    def __init__(self, *, balance: int, wanted: int, pack: int) -> None:
        self.balance, self.wanted, self.pack = balance, wanted, pack
        super().__init__(
            f"You have {balance:,} Stars, and this takes {wanted:,}. Nothing was given; a pack of {pack:,} helps."
        )


class StarsFrozenError(RoomsError):
    """A payment for Stars of this wallet is disputed."""

    code = "stars-frozen"

    def __init__(self) -> None:
        super().__init__(
            "Your Stars are frozen while a payment for them is disputed at your bank. Nothing was given; they are "
            "free again when that is over."
        )


class DonationsClosedError(RoomsError):
    """The room has no charity that can be paid, or is over."""

    code = "donations-closed"

    def __init__(self, *, room_id: UUID) -> None:
        self.room_id = room_id
        super().__init__("This room takes no donations at the moment. Nothing was charged.")


class CardPageUnavailableError(RoomsError):
    """Stripe has not made the page that saves a card."""

    code = "stripe-unavailable"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
