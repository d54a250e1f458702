"""Checkout Sessions (https://docs.stripe.com/api/checkout/sessions): an amount, a hosted page, and what paying it does."""

from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionLineItemListParams,
    SessionListParams,
    SessionRetrieveParams,
    SessionUpdateParams,
)

from payouts.sandbox import money, payments
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import customers, payment_intents, payment_methods
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

KIND = "checkout.session"
MIN_LIFE_S = 30 * 60
MAX_LIFE_S = 24 * 3600
_PLAIN = ("after_expiration", "allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id",
          "consent_collection", "customer", "customer_email", "locale", "submit_type", "success_url")  # fmt: skip

retrieves(KIND, "/v1/checkout/sessions", SessionRetrieveParams)
lists(KIND, "/v1/checkout/sessions", SessionListParams, customer="customer", payment_intent="payment_intent",
      status="status", subscription="subscription")  # fmt: skip


@endpoint("POST", "/v1/checkout/sessions", SessionCreateParams)
def create(call: Call) -> Json:
    """Open a session with its hosted page."""
    params, sandbox = call.params, call.sandbox
    _check(sandbox, params)
    items = [_line(sandbox, item) for item in params.get("line_items") or []]
    total = sum(item["amount_total"] for item in items)
    currency = _currency(items, params)
    if params["mode"] == "payment":
        money.check_minimum(total, currency, sandbox.knobs, param="line_items")
    session_id = new_id("cs_test", 58)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    session = sandbox.create(
        KIND, "cs_test",
        **{name: params.get(name) for name in _PLAIN} | {
            "id": session_id,
            "amount_subtotal": total,
            "amount_total": total,
            "created": sandbox.clock.now(),
            "currency": currency,
            "customer_creation": None if params.get("customer") else params.get("customer_creation", "if_required"),
            "expires_at": _expiry(sandbox, params),
            "metadata": merge_metadata({}, params.get("metadata")),
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
    if session["payment_intent"]:
        intent = sandbox.get("payment_intent", session["payment_intent"])
        payment_intents.cancel(sandbox, intent, "automatic")
    sandbox.emit("checkout.session.expired", session)
    return session


def attempt(sandbox: Sandbox, session: Json, method: Json, *, email: str, name: str) -> Json:
    """The payer pressed Pay on a session of mode payment: the intent, with its status telling what happened."""
    hidden = sandbox.store.hidden(session["id"])
    details = {"address": method["billing_details"]["address"], "business_name": None, "email": email,
               "individual_name": None, "name": name or None, "phone": None, "tax_exempt": "none", "tax_ids": []}  # fmt: skip
    sandbox.store.hide(session["id"], customer_details=details)
    if session["payment_intent"]:
        intent = sandbox.get("payment_intent", session["payment_intent"])
    else:
        data = {"description": None} | hidden["payment_intent_data"] | {"customer": session["customer"]}
        intent = payment_intents.new(
            sandbox, amount=session["amount_total"], currency=session["currency"], data=data,
            hidden={"checkout_session": session["id"]},
        )  # fmt: skip
        sandbox.save(session, payment_intent=intent["id"])
    intent["receipt_email"] = intent["receipt_email"] or email
    _ensure_customer(sandbox, session, intent, email=email, name=name)
    return finish(sandbox, payments.pay(sandbox, intent, method))


def finish(sandbox: Sandbox, intent: Json) -> Json:
    """Complete the session of an intent that succeeded (https://docs.stripe.com/payments/checkout/fulfillment)."""
    session_id = sandbox.store.hidden(intent["id"]).get("checkout_session")
    if intent["status"] != "succeeded" or session_id is None:
        return intent
    session = sandbox.get(KIND, session_id)
    if intent["setup_future_usage"] and session["customer"]:
        payment_methods.attach(sandbox, sandbox.get("payment_method", intent["payment_method"]), session["customer"])
    complete(sandbox, session, payment_status="paid")
    return intent


def complete(sandbox: Sandbox, session: Json, **changes: object) -> None:
    """Mark a session complete and tell it."""
    sandbox.clock.cancel("checkout.expire", session["id"])
    details = sandbox.store.hidden(session["id"])["customer_details"]
    sandbox.save(session, status="complete", url=None, customer_details=details, **changes)
    sandbox.emit("checkout.session.completed", session)


def success_address(session: Json) -> str:
    """Where the payer goes after paying (https://docs.stripe.com/payments/checkout/custom-success-page)."""
    return str(session["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session["id"])


def _ensure_customer(sandbox: Sandbox, session: Json, intent: Json, *, email: str, name: str) -> None:
    wanted = session["customer_creation"] == "always" or intent["setup_future_usage"]
    if session["customer"] is None and wanted:
        customer = customers.new(sandbox, email=email, name=name or None)
        sandbox.save(session, customer=customer["id"])
    intent["customer"] = session["customer"]


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


def _line(sandbox: Sandbox, item: Json) -> Json:
    quantity = item.get("quantity", 1)
    price = sandbox.get("price", item["price"], param="line_items[price]") if "price" in item else _inline_price(
        sandbox, item.get("price_data") or {}
    )
    amount = price["unit_amount"] * quantity
    product = price["product"] if isinstance(price["product"], str) else price["product"]["id"]
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": sandbox.get("product", product)["name"],
        "metadata": item.get("metadata") or {},
        "price": price,
        "quantity": quantity,
    }


def _inline_price(sandbox: Sandbox, data: Json) -> Json:
    """A price and product made for one session (https://docs.stripe.com/products-prices/how-products-and-prices-work)."""
    for name in ("currency", "unit_amount"):
        if name not in data:
            param = f"line_items[0][price_data][{name}]"
            raise invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")
    currency = money.known(data["currency"])
    money.check_amount(data["unit_amount"], currency, param="line_items[0][price_data][unit_amount]")
    product = data.get("product")
    if product is None:
        about = data.get("product_data") or {}
        product = sandbox.create(
            "product", "prod", length=14, active=False, default_price=None, type="service",
            description=about.get("description"), images=about.get("images") or [], marketing_features=[],
            metadata=merge_metadata({}, about.get("metadata")), name=about.get("name", "Item"),
            updated=sandbox.clock.now(),
        )["id"]  # fmt: skip
    recurring = data.get("recurring")
    return sandbox.create(
        "price", "price", active=False, billing_scheme="per_unit", currency=currency, product=product,
        recurring={"interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed"} | recurring
        if recurring else None, tax_behavior="unspecified", type="recurring" if recurring else "one_time",
        unit_amount=data["unit_amount"], unit_amount_decimal=str(data["unit_amount"]),
    )  # fmt: skip


def _currency(items: list[Json], params: Json) -> str | None:
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise invalid("All line items must use the same currency.", param="line_items")
    chosen = params.get("currency")
    return currencies.pop() if currencies else money.known(chosen) if chosen else None
