"""What happens when the payer presses the button of a Checkout Session: pay, save a card, subscribe, complete
(https://docs.stripe.com/payments/checkout/how-checkout-works)."""

from typing import Any

from payouts.sandbox import payments, subscribing
from payouts.sandbox.core import Sandbox
from payouts.sandbox.resources import customers, payment_intents, payment_methods, setup_intents
from payouts.sandbox.resources.checkout_sessions import KIND
from payouts.sandbox.store import Json

CHALLENGE_FAILED = (
    "payment_intent_authentication_failure",
    "authentication_failed",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)


def attempt(sandbox: Sandbox, session: Json, method: Json, *, email: str, name: str) -> Json:
    """The payer pressed the button: the payment or setup intent, with its status telling what happened."""
    details = {"address": method["billing_details"]["address"], "business_name": None, "email": email,
               "individual_name": None, "name": name or None, "phone": None, "tax_exempt": "none",
               "tax_ids": []}  # fmt: skip
    sandbox.store.hide(session["id"], customer_details=details)
    _ensure_customer(sandbox, session, email=email, name=name)
    if session["mode"] == "setup" or session["amount_total"] == 0:
        intent = _setup_intent(sandbox, session)
        return _set_up(sandbox, setup_intents.set_up(sandbox, intent, method))
    intent = _payment_intent(sandbox, session)
    intent["customer"] = session["customer"]
    intent["receipt_email"] = intent["receipt_email"] or email
    return payments.pay(sandbox, intent, method)


def finish_setup(sandbox: Sandbox, intent: Json, *, passed: bool) -> Json:
    """The challenge of a setup intent was answered."""
    method = sandbox.get("payment_method", intent["payment_method"])
    if not passed:
        return setup_intents.fail(sandbox, intent, method, CHALLENGE_FAILED)
    return _set_up(sandbox, setup_intents.set_up(sandbox, intent, method, authenticated=True))


@payments.on_outcome
def _paid(sandbox: Sandbox, intent: Json) -> None:
    """Complete the session of an intent that succeeded (https://docs.stripe.com/payments/checkout/fulfillment)."""
    session_id = sandbox.store.hidden(intent["id"]).get("checkout_session")
    if intent["status"] != "succeeded" or session_id is None:
        return
    session = sandbox.get(KIND, session_id)
    if intent["setup_future_usage"] and session["customer"]:
        payment_methods.attach(sandbox, sandbox.get("payment_method", intent["payment_method"]), session["customer"])
    if session["mode"] == "subscription":
        _subscribe(sandbox, session, intent["payment_method"], intent)
    complete(sandbox, session, payment_status="paid")


def _set_up(sandbox: Sandbox, intent: Json) -> Json:
    session_id = sandbox.store.hidden(intent["id"]).get("checkout_session")
    if intent["status"] != "succeeded" or session_id is None:
        return intent
    session = sandbox.get(KIND, session_id)
    if session["mode"] == "subscription":
        _subscribe(sandbox, session, intent["payment_method"], None)
    complete(sandbox, session, payment_status="no_payment_required")
    return intent


def _subscribe(sandbox: Sandbox, session: Json, method: str, paid_by: Json | None) -> None:
    """The subscription of a session of mode subscription, its first invoice paid
    (https://docs.stripe.com/payments/checkout/build-subscriptions)."""
    hidden = sandbox.store.hidden(session["id"])
    items = [{"price": item["price"]["id"], "quantity": item["quantity"]} for item in hidden["line_items"]["data"]]
    payment_methods.attach(sandbox, sandbox.get("payment_method", method), session["customer"])
    made = subscribing.start(
        sandbox, customer=session["customer"], items=items, paid_by=paid_by,
        data=hidden["subscription_data"] | {"default_payment_method": method},
    )  # fmt: skip
    session |= {"subscription": made["id"], "invoice": made["latest_invoice"]}


def _payment_intent(sandbox: Sandbox, session: Json) -> Json:
    hidden = sandbox.store.hidden(session["id"])
    if "intent" in hidden:
        return sandbox.get("payment_intent", hidden["intent"])
    data = {"description": "Subscription creation" if session["mode"] == "subscription" else None}
    data |= hidden["payment_intent_data"] | {"customer": session["customer"]}
    if session["mode"] == "subscription":
        data["setup_future_usage"] = "off_session"
    intent = payment_intents.new(
        sandbox, amount=session["amount_total"], currency=session["currency"], data=data,
        hidden={"checkout_session": session["id"]},
    )  # fmt: skip
    sandbox.store.hide(session["id"], intent=intent["id"])
    if session["mode"] == "payment":
        sandbox.save(session, payment_intent=intent["id"])
    return intent


def _setup_intent(sandbox: Sandbox, session: Json) -> Json:
    hidden = sandbox.store.hidden(session["id"])
    if session["setup_intent"]:
        return sandbox.get("setup_intent", session["setup_intent"])
    intent = setup_intents.new(
        sandbox,
        customer=session["customer"],
        data=hidden["setup_intent_data"],
        hidden={"checkout_session": session["id"]},
    )
    sandbox.save(session, setup_intent=intent["id"])
    return intent


def complete(sandbox: Sandbox, session: Json, **changes: Any) -> None:
    """Mark a session complete and tell it."""
    sandbox.clock.cancel("checkout.expire", session["id"])
    details = sandbox.store.hidden(session["id"])["customer_details"]
    consent = {"promotions": None, "terms_of_service": "accepted"} if terms_required(session) else None
    sandbox.save(session, status="complete", url=None, customer_details=details, consent=consent, **changes)
    sandbox.emit("checkout.session.completed", session)


def terms_required(session: Json) -> bool:
    """Whether the payer has to tick the terms of service (https://docs.stripe.com/payments/checkout/policies)."""
    return bool((session["consent_collection"] or {}).get("terms_of_service") == "required")


def success_address(session: Json) -> str:
    """Where the payer goes after paying (https://docs.stripe.com/payments/checkout/custom-success-page)."""
    return str(session["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session["id"])


def _ensure_customer(sandbox: Sandbox, session: Json, *, email: str, name: str) -> None:
    data = sandbox.store.hidden(session["id"])["payment_intent_data"]
    wanted = session["customer_creation"] == "always" or data.get("setup_future_usage")
    if session["customer"] is None and (wanted or session["mode"] == "subscription"):
        customer = customers.new(sandbox, email=email, name=name or None)
        sandbox.save(session, customer=customer["id"])
