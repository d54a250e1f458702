"""`/events/` and `/rooms/<slug>/live/events/`: hints, for as long as the page is open."""

from collections.abc import AsyncGenerator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from config import clock, problems
from rooms.access import decide
from rooms.events.room_stream import events_of_room
from rooms.events.stream import hints_of
from rooms.models import Room, User


@require_safe
async def events(request: HttpRequest) -> HttpResponseBase:
    """Stream the visitor's hints; 403 for who is not signed in (the browser then stops asking)."""
    user = await request.auser()
    if not user.is_authenticated:
        return problems.response(status=403, code="not_authenticated", detail="Sign in to follow your tickets live.")
    return await _streaming(hints_of(user_id=UUID(str(user.pk)), after=request.headers.get("Last-Event-ID")))


@require_safe
async def room_events(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Stream a room's hints and reactions; 403 for who may not hear the room."""
    room = await Room.objects.select_related("creator").filter(slug=slug).afirst()
    user = await request.auser()
    if room is None:
        return problems.response(status=404, code="not-found", detail="There is no such room.")
    if not isinstance(user, User) or not await sync_to_async(_may_hear)(room, user):
        return problems.response(status=403, code="may-not-hear", detail="You may not hear this room.")
    return await _streaming(events_of_room(room_id=room.id, after=request.headers.get("Last-Event-ID")))


def _may_hear(room: Room, user: User) -> bool:
    return decide(room=room, user=user, now=clock.now()).may_hear


async def _streaming(told: AsyncGenerator[bytes]) -> StreamingHttpResponse:
    """The stream only reads Valkey. An open page that kept its database connection would use up PostgreSQL's."""
    await sync_to_async(connections.close_all)()
    return StreamingHttpResponse(
        told,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
