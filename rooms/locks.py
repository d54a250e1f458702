"""Row locks of rooms, by name.

Order within a transaction: room, sale, then billing subscription (payouts), then creator or buyer, then subscription,
then ticket, then seat, then standing, then admission. A webhook holds what is payouts' when it tells us, so who
starts here takes that first too.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from rooms.models import Admission, Creator, Gift, Room, Seat, Standing, Subscription, Ticket, User


def lock_room(room_id: UUID) -> Room | None:
    """The room with its host, for as long as no purchase in it is being written."""
    return Room.objects.select_for_update(of=("self",)).select_related("creator").filter(id=room_id).first()


def lock_buyer(user_id: UUID) -> User:
    """Hold off this person's other purchases; rows that refer to the person can still be made."""
    return User.objects.select_for_update(no_key=True).get(id=user_id)


def lock_ticket_of_sale(sale_id: UUID) -> Ticket | None:
    """The ticket that a sale pays for, or None when the sale is of something else."""
    return Ticket.objects.select_for_update(of=("self",)).select_related("room").filter(sale_id=sale_id).first()


def lock_tickets_of_sales(sale_ids: Iterable[UUID]) -> list[Ticket]:
    """The tickets that these sales, which are locked, pay for."""
    tickets = Ticket.objects.select_for_update(of=("self",)).select_related("room").filter(sale_id__in=list(sale_ids))
    return list(tickets.order_by("id"))


def lock_ticket_and_buyer_of_sale(sale_id: UUID) -> Ticket | None:
    """The same with its buyer, who is locked first, so that they buy nothing else meanwhile."""
    buyer_id = Ticket.objects.filter(sale_id=sale_id).values_list("buyer_id", flat=True).first()
    if buyer_id is None:
        return None
    lock_buyer(buyer_id)
    return lock_ticket_of_sale(sale_id)


def lock_tickets(ids: Iterable[UUID]) -> list[Ticket]:
    """These tickets, by id. For what is done to tickets without their sales; take no lock of another kind after it."""
    return list(Ticket.objects.select_for_update(no_key=True).filter(id__in=list(ids)).order_by("id"))


def lock_stage(room_id: UUID) -> Room:
    """The room with its host: hold off others who decide about it, or how many are on its stage."""
    return Room.objects.select_for_update(of=("self",), no_key=True).select_related("creator").get(id=room_id)


def lock_standing(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A person's standing in a room, made if there is none."""
    Standing.objects.bulk_create([Standing(room_id=room_id, user_id=user_id, since=now)], ignore_conflicts=True)
    return Standing.objects.select_for_update(no_key=True).get(room_id=room_id, user_id=user_id)


def lock_admissions(*, room_id: UUID, user_id: UUID) -> list[Admission]:
    """A person's admissions to a room: taken by whoever grants and by whoever revokes."""
    mine = Admission.objects.select_for_update(no_key=True).filter(room_id=room_id, user_id=user_id)
    return list(mine.order_by("id"))


def lock_gift(token: str) -> Gift | None:
    """The gift of a claim link; the person who claims it is locked before it."""
    return Gift.objects.select_for_update(of=("self",)).select_related("creator", "plan").filter(token=token).first()


def lock_creator(creator_id: UUID) -> Creator:
    """Hold off other changes of what a creator sells; their payee comes along unlocked."""
    creators = Creator.objects.select_for_update(of=("self",), no_key=True).select_related("payee")
    return creators.get(id=creator_id)


def lock_subscription(subscription_id: UUID) -> Subscription | None:
    """The subscription, with what is read of it: creator, plan, subscriber, billing and its price."""
    return _subscriptions().filter(id=subscription_id).first()


def lock_subscription_of_billing(billing_id: UUID) -> Subscription | None:
    """The subscription that a billing subscription, which is locked before it, pays for."""
    return _subscriptions().filter(billing_id=billing_id).first()


def _subscriptions() -> QuerySet[Subscription]:
    rows = Subscription.objects.select_for_update(of=("self",))
    return rows.select_related("creator", "plan", "subscriber", "billing__price")


def lock_seat_if_free(seat_id: int) -> Seat | None:
    """This seat, or None when somebody has it or is taking it."""
    return _first_not_locked(Seat.objects.filter(id=seat_id, taken=False))


def lock_free_seat(room_id: UUID) -> Seat | None:
    """A free seat of the room, or None when there is none.

    Buyers skip the rows that others are taking, so they do not queue. Only when every free row is being taken does a
    buyer wait, because a purchase that fails gives its seat back: nobody is told "sold out" while a seat may be left.
    """
    free = Seat.objects.filter(room_id=room_id, taken=False).order_by("number")
    return _first_not_locked(free) or free.select_for_update().first()


def _first_not_locked(seats: QuerySet[Seat]) -> Seat | None:
    """The first of the seats that nobody is taking.

    A row that was taken since the query began is locked by PostgreSQL before it fails its recheck, and stays locked.
    The savepoint gives such rows back: whoever waits next must hold none that is out of order, or two would deadlock.
    """
    with transaction.atomic():
        seat = seats.select_for_update(skip_locked=True).first()
        if seat is None:
            transaction.set_rollback(True)
    return seat
