"""Webhook endpoints made through the API (https://docs.stripe.com/api/webhook_endpoints), beside the forwards."""

from stripe.params import (
    WebhookEndpointCreateParams,
    WebhookEndpointDeleteParams,
    WebhookEndpointListParams,
    WebhookEndpointRetrieveParams,
    WebhookEndpointUpdateParams,
)

from payouts.sandbox.core import merge_metadata
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

retrieves("webhook_endpoint", "/v1/webhook_endpoints", WebhookEndpointRetrieveParams)
lists("webhook_endpoint", "/v1/webhook_endpoints", WebhookEndpointListParams)


@endpoint("POST", "/v1/webhook_endpoints", WebhookEndpointCreateParams)
def create(call: Call) -> Json:
    """Create an endpoint; its secret is told once. `connect` receives the events of connected accounts."""
    secret = new_id("whsec", 32)
    made = call.sandbox.create(
        "webhook_endpoint", "we", hidden={"secret": secret, "connect": bool(call.params.get("connect"))},
        api_version=call.params.get("api_version"), description=call.params.get("description"), url=call.params["url"],
        enabled_events=call.params["enabled_events"], metadata=merge_metadata({}, call.params.get("metadata")),
        status="enabled", secret=None,
    )  # fmt: skip
    del made["secret"]
    call.sandbox.save(made)
    return made | {"secret": secret}


@endpoint("POST", "/v1/webhook_endpoints/{id}", WebhookEndpointUpdateParams)
def update(call: Call) -> Json:
    """Change address, events or status."""
    made = call.sandbox.get("webhook_endpoint", call.id)
    params = dict(call.params)
    if "disabled" in params:
        params["status"] = "disabled" if params.pop("disabled") else "enabled"
    if "metadata" in params:
        params["metadata"] = merge_metadata(made["metadata"], params["metadata"])
    return call.sandbox.save(made, **params)


@endpoint("DELETE", "/v1/webhook_endpoints/{id}", WebhookEndpointDeleteParams)
def delete(call: Call) -> Json:
    """Delete an endpoint."""
    made = call.sandbox.get("webhook_endpoint", call.id)
    call.sandbox.store.run("DELETE FROM objects WHERE id = ?", made["id"])
    return {"id": made["id"], "object": "webhook_endpoint", "deleted": True}
