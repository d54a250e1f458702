"""`/_sandbox/*`: the clock, faults, knobs and what tests need to steer the sandbox by program."""

import json
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from payouts.sandbox import actions, events, faults
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.settings import SettingsError
from payouts.sandbox.store import Json


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The control routes."""
    control = _Control(sandbox)
    return [
        Route("/_sandbox/health", control.health),
        Route("/_sandbox/reset", control.reset, methods=["POST"]),
        Route("/_sandbox/clock", control.clock),
        Route("/_sandbox/clock", control.move, methods=["POST"]),
        Route("/_sandbox/faults", control.faults),
        Route("/_sandbox/faults", control.add_fault, methods=["POST"]),
        Route("/_sandbox/faults", control.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/settings", control.settings),
        Route("/_sandbox/settings", control.turn, methods=["POST"]),
        Route("/_sandbox/deliveries", control.deliveries),
        Route("/_sandbox/objects/{id}/act", control.act, methods=["POST"]),
        Route("/_sandbox/events", control.send, methods=["POST"]),
        Route("/_sandbox/events/{id}/resend", control.resend, methods=["POST"]),
        Route("/_sandbox/idempotency_keys/expire", control.expire_keys, methods=["POST"]),
    ]


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def reset(self, _request: Request) -> Response:
        """Begin afresh, in the same process: no objects, no faults, real time, the knobs of the environment."""
        self.sandbox.reset()
        return JSONResponse({"reset": True})

    async def clock(self, _request: Request) -> Response:
        clock = self.sandbox.clock
        return JSONResponse({"now": clock.now_s(), "offset_s": clock.offset_s})

    async def move(self, request: Request) -> Response:
        """Forward by `advance_s` or up to `to`; 400 for a move back."""
        body: Json = await _json(request)
        try:
            target = float(body["to"]) if "to" in body else self.sandbox.clock.now_s() + float(body["advance_s"])
            self.sandbox.clock.move_to(target)
        except (KeyError, ValueError, TypeError) as error:
            return JSONResponse({"error": str(error) or "Give advance_s or to."}, 400)
        return await self.clock(request)

    async def faults(self, _request: Request) -> Response:
        rows = self.sandbox.store.rows("SELECT * FROM faults ORDER BY id")
        return JSONResponse({"faults": [dict(row) for row in rows], "kinds": faults.API | faults.EVENT})

    async def add_fault(self, request: Request) -> Response:
        """Switch a fault on: kind, pattern, count, seconds."""
        body = await _json(request)
        try:
            made = faults.add(self.sandbox.store, **body)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"id": made})

    async def clear_faults(self, _request: Request) -> Response:
        faults.clear(self.sandbox.store)
        return JSONResponse({"faults": []})

    async def settings(self, _request: Request) -> Response:
        knobs = self.sandbox.knobs
        return JSONResponse({name: getattr(knobs, name) for name in knobs.__slots__})

    async def turn(self, request: Request) -> Response:
        """Change knobs, such as fee_variation or settlement_currencies."""
        try:
            self.sandbox.turn(await _json(request))
        except (SettingsError, TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return await self.settings(request)

    async def deliveries(self, _request: Request) -> Response:
        """How many deliveries are in each state: a test waits until none is pending."""
        rows = self.sandbox.store.rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        return JSONResponse(
            {"pending": 0, "delivered": 0, "failed": 0, "lost": 0} | {r["state"]: r["n"] for r in rows}
        )

    async def act(self, request: Request) -> Response:
        """What the buttons of an object's page do: {"action": "dispute", "amount": 500}."""
        body = await _json(request)
        try:
            obj = actions.act(self.sandbox, request.path_params["id"], str(body.pop("action", "")), body)
        except StripeError as error:
            return JSONResponse(error.body(), error.status)
        return JSONResponse(obj)

    async def send(self, request: Request) -> Response:
        """Send an event of any type about an object as it is now: {"type": "charge.updated", "object": "ch_1"}."""
        body = await _json(request)
        obj = self.sandbox.store.load(str(body.get("object")))
        if obj is None or not body.get("type"):
            return JSONResponse({"error": "Give type and object."}, 400)
        with self.sandbox.store.transaction():
            event = self.sandbox.emit(str(body["type"]), self.sandbox.present(obj))
        return JSONResponse(event)

    async def resend(self, request: Request) -> Response:
        event = self.sandbox.store.load(request.path_params["id"])
        if event is None or event["object"] not in ("event", "v2.core.event"):
            return JSONResponse({"error": "No such event."}, 404)
        return JSONResponse({"deliveries": events.resend(self.sandbox, event)})

    async def expire_keys(self, _request: Request) -> Response:
        """Age every idempotency key past its 24 hours."""
        self.sandbox.store.run("UPDATE idempotency SET at = ? WHERE status IS NOT NULL", time.time() - 90_000)
        return JSONResponse({"expired": True})


async def _json(request: Request) -> Json:
    body = await request.body()
    values: Json = json.loads(body) if body else {}
    return values
