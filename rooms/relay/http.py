"""The HTTP face: WHIP (RFC 9725), WHEP (draft-ietf-wish-whep), the state page, health and metrics. A Starlette app."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rooms.relay import metrics
from rooms.relay.joins import Joins, Welcome
from rooms.relay.problems import CONTENT_TYPE, BodyTooLarge, NoSuchSession, Refusal, Unauthorised, WrongMediaType
from rooms.relay.sdp import MAX_OFFER
from rooms.relay.session import HttpsSession, RtcSession
from rooms.relay.stage import SLOTS
from rooms.relay.webm_face import open_stream

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
EXPOSED = ("Location", "ETag", "Link", "Retry-After", "Resume-Token")

Gauges = Callable[[], dict[str, float]]


class Face:
    """Turns requests into use cases and their results into answers."""

    def __init__(self, joins: Joins, gauges: Gauges, ice_servers: Sequence[str]) -> None:
        self._joins = joins
        self._gauges = gauges
        self._links = [f'<{server}>; rel="ice-server"' for server in ice_servers]

    async def whip(self, request: Request) -> Response:
        """POST a speaker's offer."""
        body = await _body(request, SDP)
        room = request.path_params["room"]
        return self._created(await self._joins.publish(token=_bearer(request), room=room, body=body))

    async def whep(self, request: Request) -> Response:
        """POST a listener's offer."""
        body = await _body(request, SDP)
        room = request.path_params["room"]
        return self._created(await self._joins.listen(token=_bearer(request), room=room, body=body))

    async def webm(self, request: Request) -> Response:
        """POST to listen over HTTPS; the answer's Location, followed by /0 to /3, streams a slot each."""
        room = request.path_params["room"]
        welcome = await self._joins.listen_over_https(token=_bearer(request), room=room)
        return Response(status_code=201, headers=_session_headers(welcome))

    async def stream(self, request: Request) -> Response:
        """GET one slot of a session that listens over HTTPS, as WebM without end."""
        session = self._joins.session(request.path_params["session"])
        slot = request.path_params["slot"]
        if not isinstance(session, HttpsSession) or not 0 <= slot < SLOTS:
            raise NoSuchSession
        chunks: AsyncIterator[bytes] = open_stream(self._joins.relay, session, slot)
        return StreamingResponse(
            chunks, media_type="audio/webm", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )

    async def patch(self, request: Request) -> Response:
        """PATCH: trickle (204) or ICE restart (200)."""
        body = await _body(request, FRAGMENT)
        session, fragment = self._joins.restart_or_trickle(
            session_id=request.path_params["session"], if_match=request.headers.get("if-match", ""), body=body
        )
        if not fragment:
            return Response(status_code=204)
        return Response(fragment, media_type=FRAGMENT, headers={"ETag": session.etag})

    async def delete(self, request: Request) -> Response:
        """DELETE: leave."""
        self._joins.end(session_id=request.path_params["session"])
        return Response(status_code=200)

    async def state(self, request: Request) -> Response:
        """GET: what the page asks when it hears nothing."""
        state = await self._joins.state(session_id=request.path_params["session"])
        return JSONResponse(state, headers={"Cache-Control": "no-store"})

    async def options(self, _request: Request) -> Response:
        """OPTIONS on an endpoint: what it takes (RFC 9725 section 4.2)."""
        return Response(status_code=204, headers={"Accept-Post": SDP})

    async def healthz(self, _request: Request) -> Response:
        """200 while the event loop turns."""
        return JSONResponse({"status": "ok"})

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text. Keep it away from the public in the reverse proxy."""
        text = self._joins.relay.outlet.metrics.text(self._gauges())
        return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE})

    def _created(self, welcome: Welcome) -> Response:
        headers = _session_headers(welcome)
        if isinstance(welcome.session, RtcSession):
            headers["ETag"] = welcome.session.etag
        response = Response(welcome.answer, status_code=201, media_type=SDP, headers=headers)
        for link in self._links:
            response.headers.append("Link", link)
        return response

    async def refused(self, _request: Request, error: Exception) -> Response:
        """A Refusal as problem+json."""
        if not isinstance(error, Refusal):
            raise error
        self._joins.relay.outlet.metrics.counters.joins_refused += 1
        return JSONResponse(
            error.document(), status_code=int(error.status), headers=error.headers(), media_type=CONTENT_TYPE
        )


def _session_headers(welcome: Welcome) -> dict[str, str]:
    return {
        "Location": f"/relay/sessions/{welcome.session.id}",
        "Resume-Token": welcome.resume,
        "Cache-Control": "no-store",
    }


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised
    return token.strip()


async def _body(request: Request, media_type: str) -> bytes:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise WrongMediaType(f"Send {media_type}.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_OFFER:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


Handler = Callable[[Request], Awaitable[Response]]


def make_app(joins: Joins, gauges: Gauges, *, origins: Sequence[str], ice_servers: Sequence[str] = ()) -> Starlette:
    """The application. `origins` are the sites whose pages may call it."""
    face = Face(joins, gauges, ice_servers)
    endpoints: list[tuple[str, Handler]] = [("whip", face.whip), ("whep", face.whep), ("webm", face.webm)]
    routes: list[Any] = [
        Route(f"/relay/rooms/{{room}}/{name}", handler, methods=["POST"]) for name, handler in endpoints
    ]
    routes += [Route(f"/relay/rooms/{{room}}/{name}", face.options, methods=["OPTIONS"]) for name, _ in endpoints]
    routes += [
        Route("/relay/sessions/{session}", face.patch, methods=["PATCH"]),
        Route("/relay/sessions/{session}", face.delete, methods=["DELETE"]),
        Route("/relay/sessions/{session}/state", face.state, methods=["GET"]),
        Route("/relay/sessions/{session}/{slot:int}", face.stream, methods=["GET"]),
        Route("/healthz", face.healthz, methods=["GET"]),
        Route("/metrics", face.metrics, methods=["GET"]),
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-Match"],
        expose_headers=list(EXPOSED),
        max_age=600,
    )
    return Starlette(routes=routes, middleware=[cors], exception_handlers={Refusal: face.refused})
