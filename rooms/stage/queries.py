"""What a room's page shows of its stage, read from PostgreSQL: the same for everybody, more for hosts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rooms.access import Access
from rooms.live import hours
from rooms.models import HEARING, Admission, Attendance, CoHost, Guest, Place, Room, Standing, User, Way
from rooms.relay.sources import source_of

LISTENERS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody by name. `role` is host, cohost, speaker or listener; `since` when they asked or were asked."""

    id: UUID
    name: str
    role: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStage(Person):
    """Somebody on stage. `sources` are the numbers by which packets name them; `is_here` while their line is up."""

    sources: tuple[int, ...]
    is_here: bool
    is_muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class You:
    """The visitor. `place` is a `Place`, or the role of those who host."""

    id: UUID
    role: str
    place: str
    may_speak: bool
    may_take_stage: bool
    is_muted: bool
    may_unmute: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForHosts:
    """What hosts see beside it."""

    hands: tuple[Person, ...]
    invited: tuple[Person, ...]
    listeners: tuple[Person, ...]
    removed: tuple[Person, ...]
    guests: tuple[Guest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The stage of a room, as one visitor sees it."""

    is_over: bool
    who_may_speak: str
    speakers_may_unmute: bool
    people: tuple[OnStage, ...]
    audience: int
    you: You
    for_hosts: ForHosts | None


def stage_of(*, room: Room, access: Access, user: User, now: datetime) -> Stage:
    """The stage for somebody who may hear the room. Four queries, six for hosts; select `creator` with the room."""
    cohosts = list(CoHost.objects.filter(room=room, accepted_at__isnull=False).select_related("creator__user"))
    standings = list(Standing.objects.filter(room=room).select_related("user").order_by("since", "id"))
    present = list(
        Attendance.objects.filter(room=room, ended_at__isnull=True).values_list("user_id", "way").distinct()
    )
    speaking = {user_id for user_id, way in present if way == Way.PUBLISH}
    hearing = {user_id for user_id, way in present if way in HEARING}
    people = _people(room, cohosts, standings, speaking)
    return Stage(
        is_over=hours.is_over(room, now=now) or room.cancelled_at is not None,
        who_may_speak=room.who_may_speak,
        speakers_may_unmute=room.speakers_may_unmute,
        people=people,
        audience=len(hearing - {person.id for person in people}),
        you=_you(room, access, user),
        for_hosts=_for_hosts(room, standings, hearing - {p.id for p in people}) if access.moderates else None,
    )


def _people(
    room: Room, cohosts: Sequence[CoHost], standings: Sequence[Standing], speaking: set[UUID]
) -> tuple[OnStage, ...]:
    named = [(room.creator.user_id, room.creator.display_name, "host")]
    named += [(cohost.creator.user_id, cohost.creator.display_name, "cohost") for cohost in cohosts]
    roles = {user_id for user_id, _, _ in named}
    named += [
        (standing.user_id, standing.user.display_name, "speaker")
        for standing in standings
        if standing.place == Place.SPEAKER and standing.user_id not in roles
    ]
    sources = _sources(room, [user_id for user_id, _, _ in named])
    muted = {standing.user_id for standing in standings if standing.muted_at is not None}
    return tuple(
        OnStage(
            id=user_id,
            name=name,
            role=role,
            sources=tuple(sorted(sources[user_id])),
            is_here=user_id in speaking,
            is_muted=user_id in muted,
        )
        for user_id, name, role in named
    )


def _sources(room: Room, user_ids: Iterable[UUID]) -> Mapping[UUID, set[int]]:
    sources: dict[UUID, set[int]] = defaultdict(set)
    admissions = Admission.objects.filter(room=room, user__in=list(user_ids), revoked_at__isnull=True)
    for user_id, identity in admissions.values_list("user_id", "identity"):
        sources[user_id].add(source_of(identity))
    return sources


def _you(room: Room, access: Access, user: User) -> You:
    standing = access.standing
    muted = standing is not None and standing.muted_at is not None
    return You(
        id=user.id,
        role=access.reason.value if access.moderates else "listener",
        place=access.reason.value if access.moderates else (standing.place if standing else Place.AUDIENCE),
        may_speak=access.may_publish,
        may_take_stage=_may_take_stage(room, access),
        is_muted=muted,
        may_unmute=muted and room.speakers_may_unmute,
    )


def _may_take_stage(room: Room, access: Access) -> bool:
    if access.may_publish:
        return True
    if access.standing is not None and access.standing.place == Place.INVITED:
        return True
    taken_off = access.standing is not None and access.standing.taken_off_at is not None
    return room.who_may_speak == "everyone" and not taken_off


def _for_hosts(room: Room, standings: Sequence[Standing], hearing: set[UUID]) -> ForHosts:
    asked = {standing.user_id for standing in standings if standing.place in {Place.HAND, Place.INVITED}}
    listeners = User.objects.filter(id__in=hearing - asked).order_by("display_name", "id")[:LISTENERS_SHOWN]
    return ForHosts(
        hands=_standing_at(standings, Place.HAND),
        invited=_standing_at(standings, Place.INVITED),
        listeners=tuple(Person(id=one.id, name=one.display_name, role="listener") for one in listeners),
        removed=tuple(
            Person(id=standing.user_id, name=standing.user.display_name, role="listener", since=standing.banned_at)
            for standing in standings
            if standing.banned_at is not None
        ),
        guests=tuple(Guest.objects.filter(room=room, withdrawn_at__isnull=True).order_by("invited_at")),
    )


def _standing_at(standings: Sequence[Standing], place: Place) -> tuple[Person, ...]:
    return tuple(
        Person(id=standing.user_id, name=standing.user.display_name, role="listener", since=standing.since)
        for standing in standings
        if standing.place == place
    )
