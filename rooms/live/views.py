"""`POST /rooms/<slug>/live/grant/`: a page asks for a grant each time it joins."""

from dataclasses import asdict
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config import clock, problems
from rooms.live import grants
from rooms.live.errors import NoGrantError
from rooms.models import Room
from rooms.purchases.context import whereabouts_of
from rooms.purchases.operations import record_entry


@require_POST
@never_cache
def grant(request: HttpRequest, slug: str) -> JsonResponse:
    """A grant for the visitor, or a problem document that says why there is none. At most twelve queries."""
    room = Room.objects.select_related("creator").filter(slug=slug).first()
    if room is None:
        return problems.response(status=404, code="not-found", detail="There is no such room.")
    try:
        speaks = request.POST.get("kind") == "speak"
        issued = grants.grant(room=room, user=request.user, now=clock.now(), real_now=clock.real_now(), speaks=speaks)
    except NoGrantError as refusal:
        return problems.response(status=refusal.status, code=refusal.code, detail=str(refusal), **refusal.members)
    record_entry(
        room_id=room.id, user_id=UUID(str(request.user.pk)), whereabouts=whereabouts_of(request), now=clock.now()
    )
    return JsonResponse(asdict(issued))
