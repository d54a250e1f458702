"""One API request from key to answer: authentication, faults, idempotency, transaction, expansion."""

import asyncio
import base64
import hashlib
import json
import logging
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from payouts.sandbox import faults, limits, params
from payouts.sandbox.core import PLATFORM, Cause, Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.events import API_VERSION
from payouts.sandbox.expand import expand
from payouts.sandbox.idempotency import Answer, Key, in_use, replay
from payouts.sandbox.routing import Call, Endpoint
from payouts.sandbox.store import Json, new_id

logger = logging.getLogger(__name__)


class Silence(Response):
    """No answer: the caller waits so many seconds, or gives up, and then the connection is cut."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut the wire under uvicorn, which has no other way to send nothing."""
        try:
            await asyncio.wait_for(_gone(receive), self._seconds)
        except TimeoutError:
            receive.__self__.transport.abort()  # type: ignore[attr-defined]
            await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def serve(sandbox: Sandbox, endpoint: Endpoint, request: Request) -> Response:
    """Answer one request of an endpoint."""
    request_id = new_id("req", 14)
    fault: faults.Fault | None = None
    try:
        _authenticate(request)
        account = _account(sandbox, request, endpoint)
        values = await _values(request)
        sandbox.clock.play()
        fault = faults.take(sandbox.store, faults.API, f"{request.method} {request.url.path}")
        if fault and fault.kind == "timeout_before":
            return Silence(fault.seconds)
        answer = await _keyed(
            sandbox, endpoint, request, account=account, values=values, request_id=request_id, fault=fault
        )
    except StripeError as error:
        answer = Answer(error.status, json.dumps(error.body()), error.headers)
    except Exception:
        logger.exception("The sandbox itself failed on %s %s", request.method, request.url.path)
        answer = Answer(
            500, json.dumps(StripeError("The sandbox itself failed.", status=500, kind="api_error").body()), {}
        )
    sandbox.clock.play()
    if fault and fault.kind == "timeout_after":
        return Silence(fault.seconds)
    return _response(request, answer, request_id)


def _response(request: Request, answer: Answer, request_id: str) -> Response:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        "Content-Type": "application/json",
    }
    key = request.headers.get("idempotency-key")
    if key:
        headers["Idempotency-Key"] = key
    return Response(answer.body, answer.status, headers=headers | answer.headers)


def _authenticate(request: Request) -> None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        value = base64.b64decode(value).decode().partition(":")[0]
    if "_live_" in value:
        raise _unauthorized("This is the local Stripe sandbox: it refuses live keys. Nothing was done.")
    if not value:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not value.startswith(("sk_test_", "rk_test_")):
        raise _unauthorized(f"Invalid API Key provided: {value[:8]}***")


def _unauthorized(message: str) -> StripeError:
    return StripeError(message, status=401, executed=False)


def _account(sandbox: Sandbox, request: Request, endpoint: Endpoint) -> str:
    """The connected account that the request acts for (https://docs.stripe.com/connect/authentication)."""
    context = request.headers.get("stripe-context", "").rsplit("/", 1)[-1]
    account = request.headers.get("stripe-account") or context
    if account in ("", PLATFORM) or endpoint.path.startswith("/v2/"):
        return ""
    if request.method != "GET" and not endpoint.connected:
        message = f"The sandbox does {request.method} {endpoint.path} on the platform alone: leave Stripe-Account out."
        raise StripeError(message, executed=False)
    if sandbox.store.load(account, kind="v2.core.account") is None:
        raise StripeError(
            f"The provided key does not have access to account '{account}' (or that account does not exist). "
            "Application access may have been revoked.", status=403, code="account_invalid", executed=False,
        )  # fmt: skip
    return account


async def _values(request: Request) -> Json:
    query = parse_qsl(request.url.query, keep_blank_values=True)
    body = await request.body()
    if not body:
        return params.decode_form(query)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            values: Json = json.loads(body)
        except ValueError:
            raise StripeError("Invalid request: the body is not JSON.", executed=False) from None
        return params.decode_form(query) | values
    return params.decode_form([*query, *parse_qsl(body.decode(), keep_blank_values=True)])


async def _keyed(
    sandbox: Sandbox,
    endpoint: Endpoint,
    request: Request,
    *,
    account: str,
    values: Json,
    request_id: str,
    fault: faults.Fault | None,
) -> Answer:
    """Execute once per idempotency key (https://docs.stripe.com/api/idempotent_requests)."""
    cursor = values.pop("page", "") if endpoint.path.startswith("/v2/") and request.method == "GET" else ""
    call = Call(
        sandbox=sandbox, account=account, ids=dict(request.path_params), params=values, path=request.url.path,
        query=tuple(parse_qsl(request.url.query)), cursor=cursor,
    )  # fmt: skip
    name = request.headers.get("idempotency-key") if request.method == "POST" else None
    key: Key | None = None
    if name is not None:
        fingerprint = hashlib.sha256(f"{request.url.path}{json.dumps(values, sort_keys=True)}".encode()).hexdigest()
        key = Key(account, name, fingerprint, request_id)
        replayed = replay(sandbox, key)
        if replayed is not None:
            return replayed
    if fault:
        await _fail(sandbox, fault, key)
    return _execute(endpoint, call, Cause(request_id, name), key)


async def _fail(sandbox: Sandbox, fault: faults.Fault, key: Key | None) -> None:
    """Act out a fault before the call is executed; without one there is no await, so a call never sees another."""
    if fault.kind == "delay":
        resets = sandbox.resets
        if key:
            key.keep(sandbox, None)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            if key:
                key.release(sandbox)
        if sandbox.resets != resets:
            raise StripeError("The sandbox was reset meanwhile.", status=500, kind="api_error", executed=False)
    elif fault.kind == "rate_limit":
        raise StripeError(
            "Request rate limit exceeded.", status=429, code="rate_limit", executed=False,
            headers={"Retry-After": str(max(1, round(fault.seconds)))},
        )  # fmt: skip
    elif fault.kind == "server_error":
        error = StripeError("An unknown error occurred.", status=500, kind="api_error", executed=False)
        if key:
            key.keep(sandbox, Answer(500, json.dumps(error.body()), {}))
        raise error
    elif fault.kind == "conflict":
        raise in_use("fault")


def _execute(endpoint: Endpoint, call: Call, cause: Cause, key: Key | None) -> Answer:
    """Run the handler in one transaction with the record of its answer."""
    sandbox = call.sandbox
    checked = params.check(call.params, endpoint.params)
    limits.refuse(endpoint.method, endpoint.path, checked)
    expansions = checked.pop("expand", None) or []
    sandbox.cause = cause
    try:
        with sandbox.store.transaction():
            answer = _run(endpoint, replace(call, params=checked), expansions)
            if key is not None:
                key.keep(sandbox, answer)
    finally:
        sandbox.cause = Cause()
    return answer


def _run(endpoint: Endpoint, call: Call, expansions: list[str]) -> Answer:
    connection = call.sandbox.store.connection
    connection.execute("SAVEPOINT handler")
    try:
        obj = expand(call.sandbox, endpoint.handler(call), expansions)
    except StripeError as error:
        if not error.commit:
            connection.execute("ROLLBACK TO handler")
        if not error.executed:
            raise
        return Answer(error.status, json.dumps(error.body()), error.headers)
    return Answer(200, json.dumps(obj), {})
