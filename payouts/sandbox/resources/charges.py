"""Charges (https://docs.stripe.com/api/charges); made by payment intents alone."""

from stripe.params import ChargeListParams, ChargeRetrieveParams, ChargeUpdateParams

from payouts.sandbox.core import merge_metadata
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json

retrieves("charge", "/v1/charges", ChargeRetrieveParams)
lists(
    "charge",
    "/v1/charges",
    ChargeListParams,
    customer="customer",
    payment_intent="payment_intent",
    transfer_group="transfer_group",
)


@endpoint("POST", "/v1/charges/{id}", ChargeUpdateParams)
def update(call: Call) -> Json:
    """Change what is not money: description, metadata, transfer group, receipt address."""
    charge = call.sandbox.get("charge", call.id, account=call.account)
    names = ("description", "transfer_group", "receipt_email", "customer")
    changes = {name: call.params[name] or None for name in names if name in call.params}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(charge["metadata"], call.params["metadata"])
    previous = {name: charge[name] for name in changes}
    call.sandbox.save(charge, **changes)
    call.sandbox.emit("charge.updated", charge, previous=previous)
    return charge
