"""Events: v1 snapshots (https://docs.stripe.com/api/events) and v2 (https://docs.stripe.com/api/v2/core/events)."""

from stripe.params import EventListParams, EventRetrieveParams
from stripe.params.v2.core import EventListParams as EventListParamsV2
from stripe.params.v2.core import EventRetrieveParams as EventRetrieveParamsV2

from payouts.sandbox.routing import SIGNS, Call, endpoint, page, page_v2, retrieves
from payouts.sandbox.store import Json

retrieves("event", "/v1/events", EventRetrieveParams)


@endpoint("GET", "/v1/events", EventListParams)
def list_(call: Call) -> Json:
    """Newest first; by type (`charge.*` too), several types, creation and success of delivery."""
    fixed: list[tuple[str, object]] = []
    if "type" in call.params:
        fixed.append(("body->>'$.type' GLOB ?", call.params["type"]))
    if call.params.get("types"):
        listed = ",".join(call.params["types"])
        fixed.append(("instr(',' || ? || ',', ',' || (body->>'$.type') || ',') > 0", listed))
    if "delivery_success" in call.params:
        sign = "=" if call.params["delivery_success"] else ">"
        fixed.append((f"body->>'$.pending_webhooks' {sign} ?", 0))
    return page(call, "event", "/v1/events", {}, *fixed)


@endpoint("GET", "/v2/core/events/{id}", EventRetrieveParamsV2)
def retrieve_v2(call: Call) -> Json:
    """A thin event with its data."""
    return _with_data(call, call.sandbox.get("v2.core.event", call.id))


@endpoint("GET", "/v2/core/events", EventListParamsV2)
def list_v2(call: Call) -> Json:
    """Thin events, newest first, by object and type."""
    where: list[tuple[str, object]] = []
    if "object_id" in call.params:
        where.append(("body->>'$.related_object.id' = ?", call.params["object_id"]))
    if call.params.get("types"):
        where.append(("instr(',' || ? || ',', ',' || (body->>'$.type') || ',') > 0", ",".join(call.params["types"])))
    for name, value in (call.params.get("created") or {}).items():
        where.append((f"body->>'$.created' {SIGNS[name]} ?", value))
    listed = page_v2(call, "v2.core.event", where)
    return listed | {"data": [_with_data(call, event) for event in listed["data"]]}


def _with_data(call: Call, event: Json) -> Json:
    data = call.sandbox.store.hidden(event["id"]).get("data")
    return event | ({"data": data} if data else {}) | {"changes": None}
