"""The web application: API endpoints, hosted pages, the sandbox's own page, and the tasks behind them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from payouts.sandbox import api, pages
from payouts.sandbox.core import Sandbox
from payouts.sandbox.delivery import Courier
from payouts.sandbox.routing import ENDPOINTS, Endpoint
from payouts.sandbox.settings import Settings

logger = logging.getLogger(__name__)
_TICK_S = 0.5


def build(settings: Settings) -> Starlette:
    """The application over one store; it keeps its clock ticking and its events flowing while it runs."""
    sandbox = Sandbox(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(Courier(sandbox).run()), asyncio.create_task(_tick(sandbox))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sandbox.store.close()

    routes: list[BaseRoute] = [_route(sandbox, endpoint) for endpoint in _most_specific_first()]
    routes += pages.routes(sandbox)
    routes.append(Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")))
    routes.append(Route("/v1/{rest:path}", _unknown, methods=["GET", "POST", "DELETE"]))
    routes.append(Route("/v2/{rest:path}", _unknown, methods=["GET", "POST", "DELETE"]))
    return Starlette(routes=routes, lifespan=lifespan)


def _most_specific_first() -> list[Endpoint]:
    return sorted(ENDPOINTS, key=lambda endpoint: endpoint.path.count("{"))


def _route(sandbox: Sandbox, endpoint: Endpoint) -> Route:
    async def answer(request: Request) -> Response:
        return await api.serve(sandbox, endpoint, request)

    function: Callable[[Request], Awaitable[Response]] = answer
    return Route(endpoint.path, function, methods=[endpoint.method])


async def _unknown(request: Request) -> Response:
    message = (
        f"Unrecognized request URL ({request.method}: {request.url.path}). The sandbox knows only part of Stripe's "
        "API: see docs/sandbox.md."
    )
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, 404)


async def _tick(sandbox: Sandbox) -> None:
    """Play what falls due as time goes by."""
    while True:
        try:
            sandbox.clock.play()
        except Exception:
            logger.exception("A timer failed")
        await asyncio.sleep(_TICK_S)
