"""The recording part of a room's page, the replay page, and its sound; all ask `rooms.access`, as the room does."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import clock
from rooms import access
from rooms.live import hours
from rooms.models import Recording, Room
from rooms.recordings import operations, queries, ranges
from rooms.recordings.errors import CannotRecordError, NotTheHostError
from rooms.recordings.timeline import Timeline, timeline

OGG_OPUS = "audio/ogg; codecs=opus"


@require_safe
@never_cache
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether the room is being recorded, and the host's button: a part of the room's page, for htmx."""
    return _part(request, _room(slug))


@require_POST
@login_required
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The host turns recording on."""
    room = _room(slug)
    try:
        operations.start(room_id=room.id, host_id=_id(request), now=clock.now(), real_now=clock.real_now())
    except NotTheHostError as refusal:
        return HttpResponse(str(refusal), status=HTTPStatus.FORBIDDEN)
    except CannotRecordError as refusal:
        return _part(request, room, refused=str(refusal))
    return _part(request, room)


@require_POST
@login_required
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """The host turns it off."""
    room = _room(slug)
    try:
        operations.stop(room_id=room.id, host_id=_id(request), real_now=clock.real_now())
    except NotTheHostError as refusal:
        return HttpResponse(str(refusal), status=HTTPStatus.FORBIDDEN)
    return _part(request, room)


@require_safe
@never_cache
def replay(request: HttpRequest, slug: str) -> HttpResponse:
    """The room again: every voice in its place on one time line, with chapters."""
    room = _room(slug)
    entry = access.decide(room=room, user=request.user, now=clock.now())
    if not entry.may_hear:
        return _refused(request, room, entry)
    found = timeline(queries.recordings_of(room.id)) if hours.is_over(room, now=clock.now()) else None
    context = {
        "room": room,
        "timeline": found,
        "voices": _voices(found),
        "player": _player(room, found),
        "is_open": not hours.is_over(room, now=clock.now()),
        "is_host": entry.reason is access.Reason.HOST,
    }
    return render(request, "rooms/replay.html", context, status=HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)


@require_safe
def sound(request: HttpRequest, slug: str, recording_id: UUID) -> HttpResponseBase:
    """One file, or the part of it that the player asks for. Four queries, session and person included, or fewer."""
    room = _room(slug)
    if not access.decide(room=room, user=request.user, now=clock.now()).may_hear:
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    recording = get_object_or_404(Recording, id=recording_id, room=room, deleted_at__isnull=True)
    if not hours.is_over(room, now=clock.now()):
        raise Http404
    try:
        file = storages[operations.STORAGE].open(recording.file)
    except FileNotFoundError as error:
        raise Http404 from error
    header = request.headers.get("Range", "")
    part = ranges.partial(file, header, size=recording.size_bytes, content_type=OGG_OPUS) if header else None
    if part is not None:
        file.close()
        answer: HttpResponseBase = part
    else:
        answer = FileResponse(file, content_type=OGG_OPUS, headers={"Accept-Ranges": "bytes"})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@login_required
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """The host deletes all that was recorded."""
    room = _room(slug)
    try:
        count = operations.delete(room_id=room.id, host_id=_id(request), real_now=clock.real_now())
    except NotTheHostError as refusal:
        return HttpResponse(str(refusal), status=HTTPStatus.FORBIDDEN)
    if count:
        messages.success(request, "The recording was deleted.")
    return redirect(room)


def _part(request: HttpRequest, room: Room, *, refused: str = "") -> HttpResponse:
    entry = access.decide(room=room, user=request.user, now=clock.now())
    status = queries.status_of(room, entry, now=clock.now())
    return render(request, "rooms/parts/recording.html", {"room": room, "recording": status, "refused": refused})


def _refused(request: HttpRequest, room: Room, entry: access.Access) -> HttpResponse:
    if entry.reason is access.Reason.SIGNED_OUT:
        return redirect_to_login(request.path)
    reason = entry.words
    return render(request, "rooms/replay_refused.html", {"room": room, "reason": reason}, status=HTTPStatus.FORBIDDEN)


def _voices(found: Timeline | None) -> dict[str, list[tuple[int, int]]]:
    """When each person spoke, for the lanes under the player."""
    voices: dict[str, list[tuple[int, int]]] = {}
    for track in found.tracks if found else ():
        voices.setdefault(track.speaker, []).extend((start, end - start) for start, end in track.spoke)
    return voices


def _player(room: Room, found: Timeline | None) -> list[dict[str, object]]:
    """What the script needs of each file."""
    return [
        {
            "url": reverse("replay-sound", kwargs={"slug": room.slug, "recording_id": track.id}),
            "at_s": track.at_ms / 1000,
            "duration_s": track.duration_ms / 1000,
        }
        for track in (found.tracks if found else ())
    ]


def _room(slug: str) -> Room:
    return get_object_or_404(Room.objects.select_related("creator"), slug=slug)


def _id(request: HttpRequest) -> UUID:
    return UUID(str(request.user.pk))
