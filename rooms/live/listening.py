"""Reads what the relay tells (`relay:events`) into attendance: each event once, in any order, across restarts.

The position in the stream moves in the transaction that stores what was read. Sessions of a relay that was killed are
closed at the moment at which it last told of them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F

from rooms import locks
from rooms.events import hints
from rooms.live import stream, watching
from rooms.models import Admission, Attendance, StreamPosition, Ticket
from rooms.models.live import LOST
from rooms.relay.events import STREAM, Event, EventError, Here, Joined, Left, decode

log = structlog.get_logger(__name__)

AT_ONCE: Final = 1000
SILENT_FOR: Final = timedelta(seconds=90)
"""Leases are renewed every 10 s and run out after 60: a session that nobody tells of for longer is gone."""

SEEN: Final = """
    UPDATE rooms_attendance AS here
    SET last_seen_at = greatest(here.last_seen_at, seen.at),
        ended_at = CASE WHEN here.end_reason = %s THEN NULL ELSE here.ended_at END,
        end_reason = CASE WHEN here.end_reason = %s THEN '' ELSE here.end_reason END
    FROM unnest(%s::text[], %s::timestamptz[]) AS seen (session_key, at)
    WHERE here.session_key = seen.session_key
"""


def listen(*, now: datetime, real_now: datetime) -> set[UUID]:
    """Store what the relay has told since the last time; the rooms in which somebody came or went.

    `now` is Obole's time, for check-ins; sessions are kept by real time. When another process reads already, nothing
    is done.
    """
    changed: set[UUID] = set()
    while True:
        told, count = _listen_once(now=now)
        changed |= told
        if count < AT_ONCE:
            break
    changed |= _close_silent(real_now=real_now)
    for room_id in changed:
        hints.tell_room(room_id=room_id, kind="presence")
    return changed


def session_key(session: str) -> str:
    """The digest under which a session of the relay is kept."""
    return hashlib.sha256(session.encode()).hexdigest()


def _listen_once(*, now: datetime) -> tuple[set[UUID], int]:
    with transaction.atomic():
        StreamPosition.objects.get_or_create(stream=STREAM)
        position = StreamPosition.objects.select_for_update(skip_locked=True).filter(stream=STREAM).first()
        if position is None:
            return set(), 0
        entries = stream.read(STREAM, after=position.last_id, count=AT_ONCE)
        if not entries:
            return set(), 0
        changed = store([event for _, fields in entries if (event := _decoded(fields))], now=now)
        position.last_id = entries[-1][0]
        position.save(update_fields=["last_id"])
    stream.forget(STREAM, until=position.last_id)  # committed: Valkey's memory is for what was not read yet
    return changed, len(entries)


def _decoded(fields: dict[str, str]) -> Event | None:
    try:
        return decode(fields)
    except EventError as error:
        log.warning("relay_event.refused", part=str(error))
        return None


def store(events: Sequence[Event], *, now: datetime) -> set[UUID]:
    """Eight queries at most, however many events."""
    watching.note(events)
    joined = [event for event in events if isinstance(event, Joined)]
    left = [event for event in events if isinstance(event, Left)]
    known = _admissions([*joined, *left])
    begun = [_begun(event, known[key]) for event in joined if (key := (event.room, event.identity)) in known]
    ended = {
        event.session: _ended(event, known[key]) for event in left if (key := (event.room, event.identity)) in known
    }
    Attendance.objects.bulk_create(begun, ignore_conflicts=True)
    _see([event for event in events if isinstance(event, Here)])
    Attendance.objects.bulk_create(
        ended.values(),
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["began_at", "last_seen_at", "ended_at", "end_reason"],
    )
    _check_in(
        [known[event.room, event.identity] for event in joined if (event.room, event.identity) in known], now=now
    )
    return {row.room_id for row in [*begun, *ended.values()]}


def _admissions(events: Iterable[Joined | Left]) -> dict[tuple[str, str], Admission]:
    """Who stands behind the identities, by room and identity. Grants were given for all; others are logged."""
    wanted = {(event.room, event.identity) for event in events}
    rows = Admission.objects.filter(identity__in={identity for _, identity in wanted}) if wanted else []
    known = {(str(row.room_id), row.identity): row for row in rows}
    for room, identity in wanted - known.keys():
        log.warning("relay_event.unknown_identity", room=room, identity=identity)
    return known


def _begun(event: Joined, admission: Admission) -> Attendance:
    at = _moment(event.at_s)
    return _row(event, admission, began_at=at, last_seen_at=at)


def _ended(event: Left, admission: Admission) -> Attendance:
    """The whole session: its length is of the relay's monotonic clock, so a corrected wall clock does not bend it."""
    at = _moment(event.at_s)
    began_at = at - timedelta(seconds=max(0.0, event.seconds))
    return _row(event, admission, began_at=began_at, last_seen_at=at, ended_at=at, end_reason=event.reason[:40])


def _row(event: Joined | Left, admission: Admission, **times: Any) -> Attendance:
    return Attendance(
        session_key=session_key(event.session),
        room_id=admission.room_id,
        user_id=admission.user_id,
        identity=event.identity,
        way=event.way,
        **times,
    )


def _see(events: Sequence[Here]) -> None:
    seen = {session_key(session): _moment(event.at_s) for event in events for session in event.sessions}
    if seen:
        with connection.cursor() as cursor:
            cursor.execute(SEEN, [LOST, LOST, list(seen), list(seen.values())])


def _check_in(admissions: Iterable[Admission], *, now: datetime) -> None:
    """The first time that a ticket is used is when its buyer came."""
    ids = {admission.ticket_id for admission in admissions if admission.ticket_id is not None}
    if ids:
        fresh = [ticket.id for ticket in locks.lock_tickets(ids) if ticket.checked_in_at is None]
        Ticket.objects.filter(id__in=fresh).update(checked_in_at=now)


def _close_silent(*, real_now: datetime) -> set[UUID]:
    silent = Attendance.objects.filter(ended_at__isnull=True, last_seen_at__lt=real_now - SILENT_FOR)
    rooms = set(silent.order_by().values_list("room_id", flat=True).distinct())
    if rooms:
        silent.update(ended_at=F("last_seen_at"), end_reason=LOST)
    return rooms


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
