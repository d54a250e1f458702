"""Customers (https://docs.stripe.com/api/customers)."""

from typing import Any

from stripe.params import CustomerCreateParams, CustomerListParams, CustomerRetrieveParams, CustomerUpdateParams

from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

_PLAIN = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")

retrieves("customer", "/v1/customers", CustomerRetrieveParams)
lists("customer", "/v1/customers", CustomerListParams, email="email")


@endpoint("POST", "/v1/customers", CustomerCreateParams)
def create(call: Call) -> Json:
    """Create a customer."""
    values = {name: call.params[name] for name in _PLAIN if name in call.params}
    return new(call.sandbox, metadata=merge_metadata({}, call.params.get("metadata")), **values)


@endpoint("POST", "/v1/customers/{id}", CustomerUpdateParams)
def update(call: Call) -> Json:
    """Change a customer, also its default payment method for invoices."""
    customer = call.sandbox.get("customer", call.id, account=call.account)
    changes = {name: call.params[name] or None for name in _PLAIN if name in call.params}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(customer["metadata"], call.params["metadata"])
    if "invoice_settings" in call.params:
        changes["invoice_settings"] = customer["invoice_settings"] | call.params["invoice_settings"]
    previous = {name: customer[name] for name in changes}
    call.sandbox.save(customer, **changes)
    call.sandbox.emit("customer.updated", customer, previous=previous)
    return customer


@endpoint("DELETE", "/v1/customers/{id}")
def delete(call: Call) -> Json:
    """Delete a customer; its payments stay."""
    customer = call.sandbox.get("customer", call.id, account=call.account)
    call.sandbox.emit("customer.deleted", customer)
    call.sandbox.store.run("DELETE FROM objects WHERE id = ?", customer["id"])
    return {"id": customer["id"], "object": "customer", "deleted": True}


def new(sandbox: Sandbox, **values: Any) -> Json:
    """A customer with the defaults that Stripe gives it."""
    invoicing = {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }
    customer = sandbox.create(
        "customer", "cus",
        {"balance": 0, "delinquent": False, "invoice_prefix": new_id("x", 8)[2:].upper(),
           "invoice_settings": invoicing, "next_invoice_sequence": 1, "preferred_locales": [],
           "tax_exempt": "none"}, values, length=14,
    )  # fmt: skip
    sandbox.emit("customer.created", customer)
    return customer
