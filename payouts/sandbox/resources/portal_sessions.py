"""Customer portal sessions (https://docs.stripe.com/api/customer_portal/sessions): an address of the portal page."""

from stripe.params.billing_portal import SessionCreateParams

from payouts.sandbox.routing import Call, endpoint
from payouts.sandbox.store import Json, new_id


@endpoint("POST", "/v1/billing_portal/sessions", SessionCreateParams)
def create(call: Call) -> Json:
    """A link to the page where a customer changes card and cancels."""
    customer = call.sandbox.get("customer", call.params["customer"], param="customer")
    session_id = new_id("bps")
    return call.sandbox.create(
        "billing_portal.session", "bps", id=session_id, customer=customer["id"], configuration="bpc_sandbox",
        return_url=call.params.get("return_url"), url=f"{call.sandbox.settings.public_url}/p/session/{session_id}",
    )  # fmt: skip
