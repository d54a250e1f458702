"""The end of a co-host's role."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.live import revocations
from rooms.models import CoHost
from rooms.stage import orders, roles


def end_cohosting(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> None:
    """The host takes a role away: off the stage within the second, and out, unless something else lets them in.

    Their share of what was sold stays theirs; tickets that are sold from now on are split among those who are left.

    Raises:
        NotHostError: co-hosts take no roles away.
        RoomOverError: there is nothing left to co-host.
    """
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_host(room, by_id)
        roles.check_to_come(room, now=now)
        count, _ = CoHost.objects.filter(room=room, creator__user_id=user_id).delete()
        if count:
            revocations.recheck(user_id=user_id, rooms=[room_id], now=now)
            orders.demote(room_id, user_id)
            orders.tell(room_id, orders.STAGE)
