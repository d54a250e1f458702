"""Who may be on the stages of open rooms, and who is muted there, as the relay knows people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from rooms.access import Reason
from rooms.models import Admission, CoHost, Place, Standing


@dataclass(frozen=True, slots=True)
class Stage:
    """Identities of a room: of those who may speak, and of those who are muted."""

    speakers: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)


def stages_of(room_ids: Sequence[UUID]) -> dict[UUID, Stage]:
    """Three queries: what the hosts decided, who co-hosts, and as whom all these people were let in."""
    standings = list(Standing.objects.filter(Q(place=Place.SPEAKER) | Q(muted_at__isnull=False), room__in=room_ids))
    speaking = {(standing.room_id, standing.user_id) for standing in standings if standing.place == Place.SPEAKER}
    cohosts = CoHost.objects.filter(room__in=room_ids, accepted_at__isnull=False)
    speaking |= set(cohosts.values_list("room_id", "creator__user_id"))
    muted = {(standing.room_id, standing.user_id) for standing in standings if standing.muted_at is not None}
    people = {user_id for _, user_id in speaking | muted}
    stages = {room_id: Stage() for room_id in room_ids}
    for admission in Admission.objects.filter(Q(user__in=people) | Q(reason=Reason.HOST), room__in=room_ids):
        who = (admission.room_id, admission.user_id)
        if admission.reason == Reason.HOST or who in speaking:
            stages[admission.room_id].speakers.add(admission.identity)
        if who in muted:
            stages[admission.room_id].muted.add(admission.identity)
    return stages
