"""What Stripe calls, behind Django's middleware: verify, store with one insert, answer 200, then wake a worker.

`payouts.webhooks.front` answers the same addresses before Django does, where the site runs under ASGI.
"""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config import problems
from payouts.wake import wake
from payouts.webhooks import receiving
from payouts.webhooks.receiving import Answer


@csrf_exempt
@require_POST
def snapshot(request: HttpRequest) -> HttpResponse:
    """Events about v1 objects, of the platform and, where one endpoint hears of both, of connected accounts."""
    return _answer(request, receiving.snapshot)


@csrf_exempt
@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Events about v1 objects of connected accounts alone."""
    return _answer(request, receiving.connect)


@csrf_exempt
@require_POST
def thin(request: HttpRequest) -> HttpResponse:
    """Thin notifications about v2 accounts."""
    return _answer(request, receiving.thin)


def _answer(request: HttpRequest, take: Callable[..., Answer]) -> HttpResponse:
    try:
        answer = take(raw=request.body, signature=request.headers.get("Stripe-Signature", ""))
    except RequestDataTooBig:
        answer = receiving.TOO_BIG
    if answer.code:
        return problems.response(status=answer.status, code=answer.code, detail=answer.reason)
    if answer.new_event_id:
        wake("payouts.tasks.process_event", event_id=answer.new_event_id)
    return HttpResponse(status=answer.status)
