"""The webhooks' fast way in: an ASGI application that answers Stripe's calls itself and hands all else to Django.

A webhook needs no session, no person and no template, and under ASGI Django opens a database connection for every
request. Here a few threads keep theirs. What is verified, stored and answered is `receiving`'s, as in the views.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from config import problems
from payouts.wake import Waker
from payouts.webhooks import receiving
from payouts.webhooks.receiving import Answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

THREADS = 4
ENDPOINTS: dict[str, Callable[..., Answer]] = {
    "/webhooks/stripe/": receiving.snapshot,
    "/webhooks/stripe/connect/": receiving.connect,
    "/webhooks/stripe/v2/": receiving.thin,
}

log = structlog.get_logger(__name__)


class Front:
    """Wraps Django's application."""

    def __init__(self, django: Application) -> None:
        self.django = django
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self._waker = Waker("payouts.tasks.process_events")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST to one of the endpoints; anything else is Django's."""
        take = ENDPOINTS.get(scope.get("path", "")) if scope["type"] == "http" else None
        if take is None or scope["method"] != "POST":
            await self.django(scope, receive, send)
            return
        raw = await _body(receive)
        if raw is None:
            answer = receiving.TOO_BIG
        else:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._threads, _take, take, raw, _signature(scope))
        if answer.new_event_id:
            self._waker.add(answer.new_event_id)
        await _send(send, answer)


def _take(take: Callable[..., Answer], raw: bytes, signature: str) -> Answer:
    """In a thread that keeps its database connection; a connection that is gone is opened again, once."""
    connection.close_if_unusable_or_obsolete()
    try:
        return take(raw=raw, signature=signature)
    except (OperationalError, InterfaceError):
        connection.close()
    try:
        return take(raw=raw, signature=signature)  # storing is safe to repeat
    except Exception:
        log.exception("webhook.failed")
        return Answer(status=503, code="webhook-not-stored", reason="It could not be stored; send it again.")


async def _body(receive: Receive) -> bytes | None:
    """All of it, or None when it is bigger than any event."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _signature(scope: Scope) -> str:
    found = (value for name, value in scope["headers"] if name == b"stripe-signature")
    return bytes(next(found, b"")).decode("latin-1")


async def _send(send: Send, answer: Answer) -> None:
    body = b""
    headers = [(b"content-type", b"application/json")]
    if answer.code:
        body = json.dumps(problems.body(status=answer.status, code=answer.code, detail=answer.reason)).encode()
        headers = [(b"content-type", b"application/problem+json")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
