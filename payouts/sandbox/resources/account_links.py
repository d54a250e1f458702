"""Account links: a single-use address of the hosted onboarding page (https://docs.stripe.com/api/v2/core/account_links)."""

from stripe.params.v2.core import AccountLinkCreateParams

from payouts.sandbox.errors import invalid
from payouts.sandbox.events import iso
from payouts.sandbox.routing import Call, endpoint
from payouts.sandbox.store import Json, new_id

KIND = "v2.core.account_link"
LIFE_S = 600


@endpoint("POST", "/v2/core/account_links", AccountLinkCreateParams)
def create(call: Call) -> Json:
    """A link that works once, for ten minutes of the sandbox's clock."""
    account = call.sandbox.get("v2.core.account", call.params["account"], param="account")
    use_case = call.params["use_case"]
    if use_case.get(use_case["type"]) is None:
        raise invalid(f"use_case.{use_case['type']} is required.", param=f"use_case.{use_case['type']}")
    now = call.sandbox.clock.now_s()
    token = new_id("setup", 24)
    # A link has no id of its own at Stripe; the store needs one.
    link = call.sandbox.create(
        KIND, "setup", id=token, account=account["id"], created=iso(now), expires_at=iso(now + LIFE_S),
        url=f"{call.sandbox.settings.public_url}/setup/{token}", use_case=use_case,
        hidden={"expires_at_s": now + LIFE_S, "used": False},
    )  # fmt: skip
    return {name: value for name, value in link.items() if name != "id"} | {"account": account["id"]}
