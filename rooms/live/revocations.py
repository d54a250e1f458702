"""Taking the sound from tickets that are no longer valid, within the second."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import redis
import structlog
from django.conf import settings
from django.db import transaction

from config import clock
from rooms.live import hours, stream
from rooms.live.grants import identity_of_ticket
from rooms.models import Ticket, TicketState
from rooms.relay.control import Revoke
from rooms.relay.grants import RESUME_LIFE_S

log = structlog.get_logger(__name__)

REMAINS: Final = timedelta(seconds=RESUME_LIFE_S)
"""A revocation outlives the room by as long as a token of its last second could be used."""


def follow(ticket: Ticket, *, now: datetime) -> None:
    """After this transaction commits, silence a ticket that was paid for and is valid no more.

    Call it whenever a ticket has changed its state. A message that Valkey did not take is sent again with the leases.
    """
    if not settings.RELAY_URL or ticket.paid_at is None or ticket.state == TicketState.VALID:
        return
    if hours.is_open(ticket.room, now=now):  # before, nobody has a grant; after, the room has ended for everybody
        message = revocation(ticket, now=now, real_now=clock.real_now())
        transaction.on_commit(partial(_send, message), robust=True)


def revocation(ticket: Ticket, *, now: datetime, real_now: datetime) -> Revoke:
    """The message that ends a ticket's sessions and refuses its tokens until its room is over. Reads `ticket.room`."""
    until = real_now + (ticket.room.ends_at - now) + REMAINS
    return Revoke(
        room=str(ticket.room_id), identity=identity_of_ticket(ticket), until_s=until.timestamp(), reason="revoked"
    )


def _send(message: Revoke) -> None:
    try:
        with stream.client().pipeline() as pipe:
            stream.add(pipe, [message])
            pipe.execute()
    except redis.RedisError as error:
        log.warning("revocation.delayed", room=message.room, identity=message.identity, error=str(error))
