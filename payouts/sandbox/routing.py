"""The table of endpoints that resources fill, and what a handler gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from payouts.sandbox.errors import invalid, missing
from payouts.sandbox.store import Json

if TYPE_CHECKING:
    from payouts.sandbox.core import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API request: the account it acts in (empty for the platform), its path ids and its checked parameters.

    `path`, `query` and `cursor` (the page token) are for v2 lists.
    """

    sandbox: "Sandbox"
    account: str
    ids: dict[str, str]
    params: Json
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    cursor: str = ""

    @property
    def id(self) -> str:
        """The `{id}` of the path."""
        return self.ids["id"]


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and path, the SDK's type of its parameters, and the function that answers it.

    `connected` endpoints may also change things on behalf of a connected account.
    """

    method: str
    path: str
    params: type | None
    handler: Handler
    connected: bool


SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str, path: str, params: type | None = None, *, connected: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler for `POST /v1/refunds` and the like."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint(method=method, path=path, params=params, handler=handler, connected=connected))
        return handler

    return register


def retrieves(kind: str, path: str, params: type | None = None) -> None:
    """Register the plain `GET {path}/{id}` of a kind."""

    @endpoint("GET", f"{path}/{{id}}", params)
    def retrieve(call: Call) -> Json:
        return call.sandbox.get(kind, call.id, account=call.account)


def lists(kind: str, path: str, params: type | None = None, **filters: str) -> None:
    """Register the plain list of a kind; `filters` maps parameters to the fields that they must equal."""

    @endpoint("GET", path, params)
    def list_(call: Call) -> Json:
        return page(call, kind, path, filters)


def page(call: Call, kind: str, url: str, filters: dict[str, str], *fixed: tuple[str, Any]) -> Json:
    """One page, newest first, by cursor (https://docs.stripe.com/api/pagination); `fixed` adds SQL conditions."""
    params = call.params
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        bound = "less than or equal to 100" if limit > 100 else "greater than or equal to 1"
        raise invalid(
            f"This value must be {bound} (it currently is '{limit}').",
            param="limit",
            code="parameter_invalid_integer",
        )
    where = [*fixed, *_created(params)]
    for name, direction in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            where.append((f"seq {direction} ?", _position(call, kind, params[name], name)))
    backwards = "ending_before" in params
    found = call.sandbox.store.select(
        kind, account=call.account, equal={field: params[name] for name, field in filters.items() if name in params},
        where=where, newest_first=not backwards, limit=limit + 1,
    )  # fmt: skip
    data = found[:limit][::-1] if backwards else found[:limit]
    return {
        "object": "list",
        "data": [call.sandbox.present(obj) for obj in data],
        "has_more": len(found) > limit,
        "url": url,
    }


def _created(params: Json) -> list[tuple[str, Any]]:
    bounds = params.get("created")
    if bounds is None:
        return []
    if not isinstance(bounds, dict):
        return [("created = ?", bounds)]
    return [(f"created {SIGNS[name]} ?", int(value)) for name, value in bounds.items()]


def _position(call: Call, kind: str, object_id: str, param: str) -> int:
    row = call.sandbox.store.row(
        "SELECT seq FROM objects WHERE id = ? AND kind = ? AND account = ?", object_id, kind, call.account
    )
    if row is None:
        raise missing(kind, object_id, param=param)
    return int(row["seq"])


def page_v2(call: Call, kind: str, where: list[tuple[str, Any]]) -> Json:
    """One page of a v2 list: newest first, the next page by its address (https://docs.stripe.com/api-v2-overview)."""
    limit = call.params.get("limit", 20)
    if not 1 <= limit <= 100:
        raise invalid("limit must be between 1 and 100.", param="limit")
    if call.cursor:
        if not call.cursor.isdigit():
            raise invalid("Invalid page token.", param="page")
        where = [*where, ("seq < ?", int(call.cursor))]
    found = call.sandbox.store.select(kind, where=where, limit=limit + 1)
    following = None
    if len(found) > limit:
        query = [(name, value) for name, value in call.query if name != "page"]
        following = (
            f"{call.path}?{urlencode([*query, ('page', _position(call, kind, found[limit - 1]['id'], 'page'))])}"
        )
    return {"data": found[:limit], "next_page_url": following, "previous_page_url": None}
