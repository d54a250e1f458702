"""Checkout Sessions (https://docs.stripe.com/api/checkout/sessions): a hosted page, and what paying does."""

from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionLineItemListParams,
    SessionListParams,
    SessionRetrieveParams,
    SessionUpdateParams,
)

from payouts.sandbox import money
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.defaults import blank
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import payment_intents, products
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

KIND = "checkout.session"
MIN_LIFE_S = 30 * 60
MAX_LIFE_S = 24 * 3600
_PLAIN = ("after_expiration", "allow_promotion_codes", "billing_address_collection", "cancel_url",
          "client_reference_id", "consent_collection", "customer", "customer_email", "locale", "submit_type",
          "success_url")  # fmt: skip

retrieves(KIND, "/v1/checkout/sessions", SessionRetrieveParams)
lists(KIND, "/v1/checkout/sessions", SessionListParams, customer="customer", payment_intent="payment_intent",
      status="status", subscription="subscription")  # fmt: skip


@endpoint("POST", "/v1/checkout/sessions", SessionCreateParams)
def create(call: Call) -> Json:
    """Open a session with its hosted page."""
    params, sandbox = call.params, call.sandbox
    _check(sandbox, params)
    items = [_line(sandbox, item, number) for number, item in enumerate(params.get("line_items") or [])]
    full = sum(item["amount_total"] for item in items)
    total = 0 if _trial_days(params) else full
    currency = _currency(items, params)
    if params["mode"] == "payment" and currency:
        money.check_minimum(total, currency, sandbox.knobs, param="line_items")
    session_id = new_id("cs_test", 58)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    session = sandbox.create(
        KIND, "cs_test",
        {name: params.get(name) for name in _PLAIN},
        {
            "id": session_id,
            "amount_subtotal": total,
            "amount_total": total,
            "created": sandbox.clock.now(),
            "currency": currency,
            "customer_creation": None if params.get("customer") else params.get("customer_creation", "if_required"),
            "expires_at": _expiry(sandbox, params),
            "metadata": merge_metadata({}, params.get("metadata")),
            "custom_text": blank(KIND)["custom_text"] | (params.get("custom_text") or {}),
            "mode": params["mode"],
            "payment_method_collection": "always" if params["mode"] == "subscription" else "if_required",
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "payment_status": "no_payment_required" if params["mode"] == "setup" else "unpaid",
            "phone_number_collection": {"enabled": False},
            "status": "open",
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{sandbox.settings.public_url}/c/pay/{session_id}",
        },
        hidden={
            "line_items": {"object": "list", "data": items, "has_more": False, "url": url},
            "payment_intent_data": params.get("payment_intent_data") or {},
            "subscription_data": params.get("subscription_data") or {},
            "setup_intent_data": params.get("setup_intent_data") or {},
        },
    )  # fmt: skip
    sandbox.clock.schedule(session["expires_at"], "checkout.expire", session_id)
    return session


@endpoint("POST", "/v1/checkout/sessions/{id}", SessionUpdateParams)
def update(call: Call) -> Json:
    """Change metadata."""
    session = call.sandbox.get(KIND, call.id)
    return call.sandbox.save(session, metadata=merge_metadata(session["metadata"], call.params.get("metadata")))


@endpoint("GET", "/v1/checkout/sessions/{id}/line_items", SessionLineItemListParams)
def line_items(call: Call) -> Json:
    """The lines of a session."""
    call.sandbox.get(KIND, call.id)
    found: Json = call.sandbox.store.hidden(call.id)["line_items"]
    return found


@endpoint("POST", "/v1/checkout/sessions/{id}/expire", SessionExpireParams)
def expire_(call: Call) -> Json:
    """Close an open session; a paid one refuses (https://docs.stripe.com/api/checkout/sessions/expire)."""
    session = call.sandbox.get(KIND, call.id)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
    return expire(call.sandbox, session)


@timer("checkout.expire")
def _expire_due(sandbox: Sandbox, session_id: str) -> None:
    session = sandbox.get(KIND, session_id)
    if session["status"] == "open":
        expire(sandbox, session)


def expire(sandbox: Sandbox, session: Json) -> Json:
    """Nobody can pay it any more; an intent that was tried is cancelled."""
    sandbox.clock.cancel("checkout.expire", session["id"])
    sandbox.save(session, status="expired", url=None)
    tried = sandbox.store.hidden(session["id"]).get("intent")
    if tried:
        payment_intents.cancel(sandbox, sandbox.get("payment_intent", tried), "automatic")
    sandbox.emit("checkout.session.expired", session)
    return session


def _check(sandbox: Sandbox, params: Json) -> None:
    if "mode" not in params:
        raise invalid("Missing required param: mode.", param="mode", code="parameter_missing")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The sandbox has hosted pages only.", param="ui_mode")
    if "success_url" not in params:
        raise invalid("Missing required param: success_url.", param="success_url", code="parameter_missing")
    for name in ("success_url", "cancel_url"):
        if name in params and not params[name].startswith(("http://", "https://")):
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    if params["mode"] != "setup" and not params.get("line_items"):
        raise invalid("Missing required param: line_items.", param="line_items", code="parameter_missing")
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", param="customer")
    if params.get("customer"):
        sandbox.get("customer", params["customer"], param="customer")


def _expiry(sandbox: Sandbox, params: Json) -> int:
    now = sandbox.clock.now()
    expires_at = int(params.get("expires_at", now + MAX_LIFE_S))
    if expires_at < now + MIN_LIFE_S:
        raise invalid("The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
                      param="expires_at")  # fmt: skip
    if expires_at > now + MAX_LIFE_S:
        raise invalid("The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
                      param="expires_at")  # fmt: skip
    return expires_at


def _line(sandbox: Sandbox, item: Json, number: int) -> Json:
    price = products.of_item(sandbox, item, param=f"line_items[{number}]")
    quantity = item.get("quantity", 1)
    amount = price["unit_amount"] * quantity
    return blank("item") | {
        "id": new_id("li"),
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": price["currency"],
        "description": sandbox.get("product", price["product"])["name"],
        "price": price,
        "quantity": quantity,
    }


def _currency(items: list[Json], params: Json) -> str | None:
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise invalid("All line items must use the same currency.", param="line_items")
    chosen = params.get("currency")
    return currencies.pop() if currencies else money.known(chosen) if chosen else None


def _trial_days(params: Json) -> int:
    return int((params.get("subscription_data") or {}).get("trial_period_days") or 0)
