"""Subscriptions on the clock: trial, renewal, failed renewal, plan change, cancellation
(https://docs.stripe.com/billing/subscriptions/overview)."""

from typing import Any

from stripe.params import (
    SubscriptionCancelParams,
    SubscriptionCreateParams,
    SubscriptionListParams,
    SubscriptionRetrieveParams,
    SubscriptionUpdateParams,
)

from payouts.sandbox import invoicing, prorations, subscribing
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import payment_intents
from payouts.sandbox.routing import Call, endpoint, page, retrieves
from payouts.sandbox.store import Json

retrieves("subscription", "/v1/subscriptions", SubscriptionRetrieveParams)


@endpoint("GET", "/v1/subscriptions", SubscriptionListParams)
def list_(call: Call) -> Json:
    """Newest first; without a status the cancelled ones are left out, `all` shows everything."""
    params = dict(call.params)
    status = params.pop("status", None)
    fixed: list[tuple[str, Any]] = []
    if status is None:
        fixed.append(("body->>'$.status' <> ?", "canceled"))
    elif status == "ended":
        fixed.append(("body->>'$.ended_at' > ?", 0))
    elif status != "all":
        fixed.append(("body->>'$.status' = ?", status))
    return page(call, "subscription", "/v1/subscriptions", {"customer": "customer"}, *fixed)


@endpoint("POST", "/v1/subscriptions", SubscriptionCreateParams)
def create(call: Call) -> Json:
    """Start a subscription: a trial, or a first invoice that is paid at once.

    `payment_behavior` decides what a refused card does: allow_incomplete (default),
    default_incomplete (nothing is tried)
    or error_if_incomplete (https://docs.stripe.com/api/subscriptions/create).
    """
    params, sandbox = call.params, call.sandbox
    sandbox.get("customer", params["customer"], param="customer")
    behaviour = params.get("payment_behavior", "allow_incomplete")
    subscription = subscribing.start(
        sandbox, customer=params["customer"], items=params.get("items") or [], data=params
    )
    invoice = sandbox.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open" and behaviour != "default_incomplete":
        intent = invoicing.pay(sandbox, invoice, off_session=bool(params.get("off_session")))
        if behaviour == "error_if_incomplete" and intent and intent["status"] != "succeeded":
            raise payment_intents.card_error(intent)
    subscribing.settle_status(sandbox, subscription["latest_invoice"])
    return sandbox.get("subscription", subscription["id"])


@endpoint("POST", "/v1/subscriptions/{id}", SubscriptionUpdateParams)
def update(call: Call) -> Json:
    """Change plan or quantity (with proration), card, end, trial or metadata.

    With `payment_behavior=error_if_incomplete` a refused card changes nothing
    (https://docs.stripe.com/api/subscriptions/update).
    """
    sandbox, params = call.sandbox, call.params
    subscription = sandbox.get("subscription", call.id)
    if subscription["status"] == "canceled":
        raise StripeError("A canceled subscription can only update its cancellation_details and metadata.")
    previous = {name: subscription[name] for name in ("status", "cancel_at_period_end", "metadata", "items")}
    if "items" in params:
        prorations.change(sandbox, subscription, params["items"], params.get("proration_behavior"),
                          params.get("proration_date"))  # fmt: skip
        if params.get("payment_behavior") == "error_if_incomplete":
            _require_paid(sandbox, subscription)
    _change_end(sandbox, subscription, params)
    if params.get("default_payment_method"):
        subscription["default_payment_method"] = params["default_payment_method"]
    if "metadata" in params:
        subscription["metadata"] = merge_metadata(subscription["metadata"], params["metadata"])
    sandbox.save(subscription, description=params.get("description", subscription["description"]))
    if params.get("trial_end") == "now" and subscription["status"] == "trialing":
        subscribing.renew(sandbox, subscription["id"])
    changed = sandbox.get("subscription", call.id)
    sandbox.emit("customer.subscription.updated", changed,
                 previous={name: value for name, value in previous.items() if changed[name] != value})  # fmt: skip
    return changed


@endpoint("DELETE", "/v1/subscriptions/{id}", SubscriptionCancelParams)
def cancel_(call: Call) -> Json:
    """Cancel now; `prorate` credits the unused time (https://docs.stripe.com/billing/subscriptions/cancel)."""
    sandbox = call.sandbox
    subscription = sandbox.get("subscription", call.id)
    if subscription["status"] == "canceled":
        raise invalid(f"No such subscription: '{call.id}'", param="id", code="resource_missing")
    if call.params.get("prorate"):
        prorations.credit_rest(sandbox, subscription)
        if call.params.get("invoice_now"):
            prorations.invoice_pending(sandbox, subscription)
    details = {"reason": "cancellation_requested"} | (call.params.get("cancellation_details") or {})
    return subscribing.cancel(sandbox, subscription, details)


def _require_paid(sandbox: Sandbox, subscription: Json) -> None:
    invoice = sandbox.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open" and invoice["billing_reason"] == "subscription_update":
        intent = sandbox.get("payment_intent", sandbox.store.hidden(invoice["id"])["payment_intent"])
        raise payment_intents.card_error(intent, commit=False)


def _change_end(sandbox: Sandbox, subscription: Json, params: Json) -> None:
    if "cancel_at_period_end" in params:
        ending = params["cancel_at_period_end"]
        end = subscription["items"]["data"][0]["current_period_end"]
        subscription["cancel_at_period_end"] = ending
        subscription["cancel_at"] = end if ending else None
        subscription["canceled_at"] = sandbox.clock.now() if ending else None
        subscription["cancellation_details"]["reason"] = "cancellation_requested" if ending else None
    if "cancel_at" in params:
        sandbox.clock.cancel("subscription.cancel_at", subscription["id"])
        subscription["cancel_at"] = params["cancel_at"] or None
        if params["cancel_at"]:
            sandbox.clock.schedule(int(params["cancel_at"]), "subscription.cancel_at", subscription["id"])
