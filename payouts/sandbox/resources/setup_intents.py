"""Setup intents: save a card for payments off session (https://docs.stripe.com/payments/save-and-reuse)."""

from stripe.params import (
    SetupIntentCancelParams,
    SetupIntentConfirmParams,
    SetupIntentCreateParams,
    SetupIntentListParams,
    SetupIntentRetrieveParams,
)

from payouts.sandbox import payments
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError
from payouts.sandbox.resources import payment_methods
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

retrieves("setup_intent", "/v1/setup_intents", SetupIntentRetrieveParams)
lists("setup_intent", "/v1/setup_intents", SetupIntentListParams, customer="customer",
      payment_method="payment_method")  # fmt: skip


@endpoint("POST", "/v1/setup_intents", SetupIntentCreateParams)
def create(call: Call) -> Json:
    """Create an intent, and with `confirm` save the card at once."""
    params, sandbox = call.params, call.sandbox
    if params.get("customer"):
        sandbox.get("customer", params["customer"], param="customer")
    intent = new(sandbox, customer=params.get("customer"), data=params)
    return _confirmed(sandbox, intent, params) if params.get("confirm") else intent


@endpoint("POST", "/v1/setup_intents/{id}/confirm", SetupIntentConfirmParams)
def confirm(call: Call) -> Json:
    """Save the card; a refused one answers 402."""
    return _confirmed(call.sandbox, call.sandbox.get("setup_intent", call.id), call.params)


@endpoint("POST", "/v1/setup_intents/{id}/cancel", SetupIntentCancelParams)
def cancel(call: Call) -> Json:
    """Give up."""
    intent = call.sandbox.get("setup_intent", call.id)
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(f"You cannot cancel this SetupIntent because it has a status of {intent['status']}.",
                          code="setup_intent_unexpected_state")  # fmt: skip
    call.sandbox.save(intent, status="canceled", cancellation_reason=call.params.get("cancellation_reason"))
    call.sandbox.emit("setup_intent.canceled", intent)
    return intent


def new(sandbox: Sandbox, *, customer: str | None, data: Json, hidden: Json | None = None) -> Json:
    """An intent that waits for a card."""
    intent_id = new_id("seti")
    intent = sandbox.create(
        "setup_intent", "seti", hidden=hidden or {}, id=intent_id, customer=customer,
        client_secret=f"{intent_id}_secret_{new_id('s')[2:]}", description=data.get("description"),
        metadata=merge_metadata({}, data.get("metadata")), payment_method_types=["card"],
        status="requires_payment_method", usage=data.get("usage") or "off_session",
    )  # fmt: skip
    sandbox.emit("setup_intent.created", intent)
    return intent


def set_up(sandbox: Sandbox, intent: Json, method: Json, *, authenticated: bool = False) -> Json:
    """Try to save a card: challenge, refuse or succeed, as with payments."""
    card = payments.card_of(sandbox, method)
    intent["payment_method"] = method["id"]
    if card.challenge not in ("none", "set_up_already") and not authenticated:
        url = f"{sandbox.settings.public_url}/c/3ds/{intent['id']}"
        back = sandbox.store.hidden(intent["id"]).get("return_url")
        action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": back}}
        sandbox.save(intent, status="requires_action", next_action=action)
        sandbox.emit("setup_intent.requires_action", intent)
        return intent
    if card.decline is not None and not card.attaches:
        return fail(sandbox, intent, method, card.decline)
    sandbox.store.hide(method["id"], set_up=True)
    sandbox.save(intent, status="succeeded", next_action=None, last_setup_error=None)
    if intent["customer"]:
        payment_methods.attach(sandbox, method, intent["customer"])
    sandbox.emit("setup_intent.succeeded", intent)
    return intent


def fail(sandbox: Sandbox, intent: Json, method: Json, decline: tuple[str, str, str]) -> Json:
    """A refused card; the intent waits for another."""
    code, decline_code, message = decline
    error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message,
             "payment_method": method}  # fmt: skip
    sandbox.save(
        intent, status="requires_payment_method", payment_method=None, next_action=None, last_setup_error=error
    )
    sandbox.emit("setup_intent.setup_failed", intent)
    return intent


def _confirmed(sandbox: Sandbox, intent: Json, params: Json) -> Json:
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.",
                          code="setup_intent_unexpected_state")  # fmt: skip
    name = params.get("payment_method") or intent["payment_method"]
    if name is None:
        raise StripeError("You cannot confirm this SetupIntent because it's missing a payment method.",
                          code="setup_intent_unexpected_state")  # fmt: skip
    if params.get("return_url"):
        sandbox.store.hide(intent["id"], return_url=params["return_url"])
    done = set_up(sandbox, intent, payment_methods.find(sandbox, name))
    if done["status"] == "requires_payment_method":
        error = done["last_setup_error"]
        raise StripeError(error["message"], status=402, kind="card_error", code=error["code"], commit=True,
                          decline_code=error["decline_code"], setup_intent=done)  # fmt: skip
    return done
