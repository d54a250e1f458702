"""Take one webhook: verify, store, and say what to answer. Knows neither Django's requests nor ASGI's."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings

from payouts.errors import ForgedEventError
from payouts.inbox.operations import receive
from payouts.webhooks import verifying

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status; for a refusal its code and reason; for news the event that a worker should be woken for."""

    status: int
    code: str = ""
    reason: str = ""
    new_event_id: str = ""


TOO_BIG = Answer(status=413, code="webhook-too-big", reason="No event of Stripe's is that big.")


def snapshot(*, raw: bytes, signature: str) -> Answer:
    """Events about v1 objects, of the platform and, where one endpoint hears of both, of connected accounts."""
    return _take(verifying.snapshot_event, settings.STRIPE_WEBHOOK_SECRETS, raw, signature)


def connect(*, raw: bytes, signature: str) -> Answer:
    """Events about v1 objects of connected accounts alone: its secrets vouch for nothing of the platform's."""
    return _take(verifying.connect_event, settings.STRIPE_CONNECT_WEBHOOK_SECRETS, raw, signature)


def thin(*, raw: bytes, signature: str) -> Answer:
    """Thin notifications about v2 accounts."""
    return _take(verifying.thin_event, settings.STRIPE_WEBHOOK_SECRETS, raw, signature)


def _take(verify: verifying.Verify, secrets: Sequence[str], raw: bytes, signature: str) -> Answer:
    try:
        event = verify(raw=raw, signature=signature, secrets=secrets, livemode=settings.STRIPE_LIVEMODE)
    except ForgedEventError as error:
        log.warning("webhook.refused", code=error.code, reason=error.reason)
        return Answer(status=400, code=error.code, reason=error.reason)
    new = receive(event=event)
    log.info("webhook.received", stripe_event_id=event.id, type=event.type, object_id=event.object_id, new=new)
    return Answer(status=200, new_event_id=event.id if new else "")
