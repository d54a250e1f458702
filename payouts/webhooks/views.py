"""What Stripe calls: verify, store with one insert, answer 200, then wake a worker if there is one."""

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config import problems
from payouts.errors import ForgedEventError
from payouts.inbox.incoming import IncomingEvent
from payouts.inbox.operations import receive
from payouts.wake import wake
from payouts.webhooks import verifying

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def snapshot(request: HttpRequest) -> HttpResponse:
    """Events about v1 objects, of the platform and, where one endpoint hears of both, of connected accounts."""
    return _take(request, verifying.snapshot_event, settings.STRIPE_WEBHOOK_SECRETS)


@csrf_exempt
@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Events about v1 objects of connected accounts alone: its secrets vouch for nothing of the platform's."""
    return _take(request, verifying.connect_event, settings.STRIPE_CONNECT_WEBHOOK_SECRETS)


@csrf_exempt
@require_POST
def thin(request: HttpRequest) -> HttpResponse:
    """Thin notifications about v2 accounts."""
    return _take(request, verifying.thin_event, settings.STRIPE_WEBHOOK_SECRETS)


def _take(request: HttpRequest, verify: verifying.Verify, secrets: Sequence[str]) -> HttpResponse:
    try:
        event = verify(
            raw=request.body,
            signature=request.headers.get("Stripe-Signature", ""),
            secrets=secrets,
            livemode=settings.STRIPE_LIVEMODE,
        )
    except ForgedEventError as error:
        log.warning("webhook.refused", code=error.code, reason=error.reason)
        return problems.response(status=400, code=error.code, detail=error.reason)
    except RequestDataTooBig:
        return problems.response(status=413, code="webhook-too-big", detail="No event of Stripe's is that big.")
    return _store(event)


def _store(event: IncomingEvent) -> HttpResponse:
    with structlog.contextvars.bound_contextvars(stripe_event_id=event.id):
        new = receive(event=event)
        log.info("webhook.received", type=event.type, object_id=event.object_id, new=new)
        if new:
            wake("payouts.tasks.process_event", event_id=event.id)
    return HttpResponse(status=200)
