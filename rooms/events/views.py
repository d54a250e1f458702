"""`/events/`: the visitor's hints, for as long as the page is open."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from config import problems
from rooms.events.stream import hints_of


@require_safe
async def events(request: HttpRequest) -> HttpResponseBase:
    """Stream the visitor's hints; 403 for who is not signed in (the browser then stops asking)."""
    user = await request.auser()
    if not user.is_authenticated:
        return problems.response(status=403, code="not_authenticated", detail="Sign in to follow your tickets live.")
    # The stream only reads Valkey. An open page that kept its database connection would use up PostgreSQL's.
    await sync_to_async(connections.close_all)()
    return StreamingHttpResponse(
        hints_of(user_id=UUID(str(user.pk)), after=request.headers.get("Last-Event-ID")),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
