"""Scheduling a room with its seats and co-hosts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.text import slugify

from rooms.errors import CoHostNotFoundError
from rooms.models import CoHost, Creator, Room, Seat
from rooms.scheduling.validation import CoHostSpec, Draft, check

__all__ = ["CoHostSpec", "accept_cohosting", "schedule_room"]
SLUG_STEM_MAX = 70


def schedule_room(
    *,
    creator_id: UUID,
    title: str,
    description: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    price_minor: int,
    currency: str,
    now: datetime,
    host_weight: int = 1,
    cohosts: Sequence[CoHostSpec] = (),
    sells_tickets: bool = True,
    open_to_subscribers: bool = False,
) -> Room:
    """Schedule a room: its row, its numbered seats and its invitations to co-hosts.

    Co-hosts share in what is sold from the moment that they accept. Subscribers of the host come in without a ticket
    where `open_to_subscribers` says so; without `sells_tickets` nobody else does.

    Raises:
        InvalidFieldsError: by field: title, description, starts_at, ends_at, capacity, price, cohosts, host_weight,
            ways_in.
    """
    draft = Draft(
        creator_id=creator_id,
        title=title.strip(),
        description=description.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        price_minor=price_minor,
        currency=currency,
        host_weight=host_weight,
        cohosts=tuple(cohosts),
        sells_tickets=sells_tickets,
        open_to_subscribers=open_to_subscribers,
    )
    check(draft, now=now)
    with transaction.atomic():
        room = _insert_room(draft, now=now)
        Seat.objects.bulk_create(
            (Seat(room=room, number=number) for number in range(1, room.capacity + 1)), batch_size=5000
        )
        CoHost.objects.bulk_create(
            CoHost(room=room, creator_id=spec.creator_id, weight=spec.weight, position=position)
            for position, spec in enumerate(draft.cohosts, start=1)
        )
    return room


def accept_cohosting(*, room_id: UUID, creator_id: UUID, now: datetime) -> CoHost:
    """Accept to co-host: from now on the co-host shares in each ticket sold.

    Raises:
        CoHostNotFoundError: this creator was not invited to this room.
    """
    with transaction.atomic():
        invitation = (
            CoHost.objects.select_for_update(of=("self",)).filter(room_id=room_id, creator_id=creator_id).first()
        )
        if invitation is None:
            raise CoHostNotFoundError(room_id=room_id, creator_id=creator_id)
        if invitation.accepted_at is None:
            invitation.accepted_at = now
            invitation.save(update_fields=["accepted_at"])
    return invitation


def _insert_room(draft: Draft, *, now: datetime) -> Room:
    room_id = uuid4()
    stem = slugify(draft.title)[:SLUG_STEM_MAX].strip("-") or "room"
    return Room.objects.create(
        id=room_id,
        creator=Creator.objects.get(id=draft.creator_id),
        slug=f"{stem}-{room_id.hex[:6]}",
        title=draft.title,
        description=draft.description,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        capacity=draft.capacity,
        price_minor=draft.price_minor,
        currency=draft.currency,
        host_weight=draft.host_weight,
        sells_tickets=draft.sells_tickets,
        open_to_subscribers=draft.open_to_subscribers,
        created_at=now,
    )
