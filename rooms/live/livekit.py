"""`POST /webhooks/livekit/`: what LiveKit tells of who came and went, each event once."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config import clock, problems
from rooms.live import listening, stream
from rooms.models import Admission, EngineEvent
from rooms.relay.control import Revoke
from rooms.relay.events import Joined
from rooms.relay.grants import RESUME_LIFE_S

if TYPE_CHECKING:
    from rooms.livekit.webhooks import Told

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """200 for what is stored or was before; 401 for what LiveKit did not sign with our key."""
    if settings.RELAY != "livekit":
        raise Http404
    # LiveKit's client takes 40 MB and most of a second to load: only where it is used.
    from rooms.livekit import webhooks  # noqa: PLC0415

    try:
        told = webhooks.read(
            body=request.body,
            authorization=request.headers.get("Authorization", ""),
            key=settings.LIVEKIT_API_KEY,
            secret=settings.LIVEKIT_API_SECRET,
        )
    except webhooks.ForgedWebhookError as error:
        log.warning("livekit_webhook.refused", reason=str(error))
        detail = "This webhook was not signed with LIVEKIT_API_KEY's secret."
        return problems.response(status=HTTPStatus.UNAUTHORIZED, code="webhook-forged", detail=detail)
    store(told, now=clock.now(), real_now=clock.real_now())
    return HttpResponse(status=HTTPStatus.OK)


@transaction.atomic
def store(told: "Told", *, now: datetime, real_now: datetime) -> bool:
    """Take an event into attendance; whether it was new. Who came with a token of before a revocation is put out."""
    event = EngineEvent(event_id=told.id, kind=told.kind, received_at=real_now)
    before = EngineEvent.objects.filter(event_id=told.id).exists()
    EngineEvent.objects.bulk_create([event], ignore_conflicts=True)
    if before or told.event is None:
        return not before
    listening.store([told.event], now=now)
    if isinstance(told.event, Joined):
        _put_out_if_revoked(told.event, granted_at_s=told.granted_at_s, real_now=real_now)
    return True


def forget_events(*, before: datetime) -> int:
    """Forget which events came before a time; LiveKit sends none again after so long."""
    count, _ = EngineEvent.objects.filter(received_at__lt=before).delete()
    return count


def _put_out_if_revoked(event: Joined, *, granted_at_s: float, real_now: datetime) -> None:
    admission = Admission.objects.filter(room_id=UUID(event.room), identity=event.identity).first()
    if admission is None or admission.revoked_at is None or granted_at_s > admission.revoked_at.timestamp():
        return
    message = Revoke(
        room=event.room,
        identity=event.identity,
        until_s=real_now.timestamp() + RESUME_LIFE_S,
        reason=admission.revoked_reason,
        at_s=admission.revoked_at.timestamp(),
    )
    transaction.on_commit(partial(_send, message), robust=True)


def _send(message: Revoke) -> None:
    """The engine looks at every room every ten seconds, whether this arrives or not."""
    try:
        with stream.client().pipeline() as pipe:
            stream.add(pipe, [message])
            pipe.execute()
    except redis.RedisError as error:
        log.warning("revocation.delayed", room=message.room, identity=message.identity, error=str(error))
