"""Payment intents (https://docs.stripe.com/api/payment_intents), on and off session
(https://docs.stripe.com/payments/save-and-reuse)."""

from stripe.params import (
    PaymentIntentCancelParams,
    PaymentIntentConfirmParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    PaymentIntentRetrieveParams,
    PaymentIntentUpdateParams,
)

from payouts.sandbox import money, payments
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError
from payouts.sandbox.resources import payment_methods
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json, new_id

_PLAIN = ("customer", "description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor",
          "statement_descriptor_suffix", "transfer_group", "on_behalf_of")  # fmt: skip
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")

retrieves("payment_intent", "/v1/payment_intents", PaymentIntentRetrieveParams)
lists("payment_intent", "/v1/payment_intents", PaymentIntentListParams, customer="customer")


@endpoint("POST", "/v1/payment_intents", PaymentIntentCreateParams)
def create(call: Call) -> Json:
    """Create an intent, and with `confirm` pay it at once."""
    params, sandbox = call.params, call.sandbox
    currency = money.known(params["currency"])
    money.check_amount(params["amount"], currency)
    money.check_minimum(params["amount"], currency, sandbox.knobs)
    if params.get("customer"):
        sandbox.get("customer", params["customer"], param="customer")
    intent = new(sandbox, amount=params["amount"], currency=currency, data=params)
    if "payment_method" in params:
        method = payment_methods.find(sandbox, params["payment_method"])
        sandbox.save(intent, payment_method=method["id"], status="requires_confirmation")
    return _confirmed(sandbox, intent, params) if params.get("confirm") else intent


@endpoint("POST", "/v1/payment_intents/{id}", PaymentIntentUpdateParams)
def update(call: Call) -> Json:
    """Change an open intent."""
    intent = call.sandbox.get("payment_intent", call.id, account=call.account)
    changes = {name: call.params[name] or None for name in _PLAIN if name in call.params}
    if "amount" in call.params:
        _require_open(intent, "update")
        money.check_amount(call.params["amount"], intent["currency"])
        changes["amount"] = call.params["amount"]
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(intent["metadata"], call.params["metadata"])
    if call.params.get("payment_method"):
        method = payment_methods.find(call.sandbox, call.params["payment_method"])
        changes |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return call.sandbox.save(intent, **changes)


@endpoint("POST", "/v1/payment_intents/{id}/confirm", PaymentIntentConfirmParams)
def confirm(call: Call) -> Json:
    """Pay an intent; a refused card answers 402 with the intent in the error."""
    intent = call.sandbox.get("payment_intent", call.id, account=call.account)
    return _confirmed(call.sandbox, intent, call.params)


@endpoint("POST", "/v1/payment_intents/{id}/cancel", PaymentIntentCancelParams)
def cancel_(call: Call) -> Json:
    """Cancel an open intent."""
    intent = call.sandbox.get("payment_intent", call.id, account=call.account)
    return cancel(call.sandbox, intent, call.params.get("cancellation_reason"))


def new(sandbox: Sandbox, *, amount: int, currency: str, data: Json, hidden: Json | None = None) -> Json:
    """An intent that waits for a payment method; `data` is payment_intent_data or the parameters of create."""
    intent_id = new_id("pi")
    values = {name: data.get(name) for name in _PLAIN}
    intent = sandbox.create(
        "payment_intent", "pi", values,
        {
            "id": intent_id,
            "amount": amount,
            "amount_details": {"tip": {}},
            "automatic_payment_methods": data.get("automatic_payment_methods"),
            "capture_method": data.get("capture_method") or "automatic_async",
            "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
            "confirmation_method": "automatic",
            "currency": currency,
            "metadata": merge_metadata({}, data.get("metadata")),
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        },
        hidden=hidden or {},
    )  # fmt: skip
    sandbox.emit("payment_intent.created", intent)
    return intent


def cancel(sandbox: Sandbox, intent: Json, reason: str | None) -> Json:
    """Cancel an open intent and tell it."""
    _require_open(intent, "cancel")
    sandbox.save(
        intent, status="canceled", canceled_at=sandbox.clock.now(), cancellation_reason=reason, next_action=None
    )
    sandbox.emit("payment_intent.canceled", intent)
    return intent


def _confirmed(sandbox: Sandbox, intent: Json, params: Json) -> Json:
    _require_open(intent, "confirm")
    name = params.get("payment_method") or intent["payment_method"]
    if name is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state", payment_intent=intent,
        )  # fmt: skip
    method = payment_methods.find(sandbox, name)
    if params.get("return_url"):
        sandbox.store.hide(intent["id"], return_url=params["return_url"])
    # Without the payer there is nobody to challenge (https://docs.stripe.com/api/payment_intents/confirm).
    alone = bool(params.get("off_session") or params.get("error_on_requires_action"))
    paid = payments.pay(sandbox, intent, method, off_session=alone)
    if paid["last_payment_error"] is not None and paid["status"] == "requires_payment_method":
        raise card_error(paid)
    if paid["status"] == "succeeded" and paid["setup_future_usage"] and paid["customer"]:
        payment_methods.attach(sandbox, method, paid["customer"])
    return paid


def card_error(intent: Json, *, commit: bool = True) -> StripeError:
    """The 402 of a refused payment, with the intent as it is now (https://docs.stripe.com/error-handling#payment-errors).

    Without `commit` everything that led there is undone.
    """
    error = dict(intent["last_payment_error"])
    message, kind, code = error.pop("message"), error.pop("type"), error.pop("code")
    error.pop("doc_url", None)
    return StripeError(message, status=402, kind=kind, code=code, commit=commit, payment_intent=intent, **error)


def _require_open(intent: Json, what: str) -> None:
    if intent["status"] not in _OPEN:
        raise StripeError(
            f"You cannot {what} this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent "
            f"with one of the following statuses may be {what}ed: {', '.join(_OPEN)}.",
            code="payment_intent_unexpected_state", payment_intent=intent,
        )  # fmt: skip
