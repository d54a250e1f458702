"""Payment methods: cards saved to a customer (https://docs.stripe.com/api/payment_methods)."""

from stripe.params import (
    CustomerPaymentMethodListParams,
    PaymentMethodAttachParams,
    PaymentMethodCreateParams,
    PaymentMethodDetachParams,
    PaymentMethodListParams,
    PaymentMethodRetrieveParams,
)

from payouts.sandbox import cards, payments
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.routing import Call, endpoint, lists, page, retrieves
from payouts.sandbox.store import Json

retrieves("payment_method", "/v1/payment_methods", PaymentMethodRetrieveParams)
lists("payment_method", "/v1/payment_methods", PaymentMethodListParams, customer="customer", type="type")


@endpoint("POST", "/v1/payment_methods", PaymentMethodCreateParams)
def create(call: Call) -> Json:
    """Create one from a raw test card number or a test token."""
    card = call.params.get("card") or {}
    number = cards.clean(card.get("number", "")) or cards.BY_ALIAS.get(
        card.get("token", "").replace("tok_", "pm_card_")
    )
    if number not in cards.BY_NUMBER:
        raise unknown_card()
    billing = call.params.get("billing_details") or {}
    method = payments.new_card(
        call.sandbox, number, exp_month=card.get("exp_month", 12), exp_year=card.get("exp_year", 2034),
        name=billing.get("name"), email=billing.get("email"),
    )  # fmt: skip
    return call.sandbox.save(method, metadata=merge_metadata({}, call.params.get("metadata")))


@endpoint("POST", "/v1/payment_methods/{id}/attach", PaymentMethodAttachParams)
def attach_(call: Call) -> Json:
    """Save a card to a customer; some test cards refuse."""
    if "customer" not in call.params:
        raise invalid("Missing required param: customer.", param="customer", code="parameter_missing")
    return attach(call.sandbox, find(call.sandbox, call.id, param="id"), call.params["customer"])


@endpoint("POST", "/v1/payment_methods/{id}/detach", PaymentMethodDetachParams)
def detach(call: Call) -> Json:
    """Take a card from its customer; it cannot be used again."""
    method = call.sandbox.get("payment_method", call.id)
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    previous = {"customer": method["customer"]}
    call.sandbox.save(method, customer=None)
    call.sandbox.emit("payment_method.detached", method, previous=previous)
    return method


@endpoint("GET", "/v1/customers/{customer}/payment_methods", CustomerPaymentMethodListParams)
def of_customer(call: Call) -> Json:
    """The cards of a customer."""
    customer = call.sandbox.get("customer", call.ids["customer"], param="customer")
    url = f"/v1/customers/{customer['id']}/payment_methods"
    return page(call, "payment_method", url, {}, ("body->>'$.customer' = ?", customer["id"]))


def find(sandbox: Sandbox, name: str, *, param: str = "payment_method") -> Json:
    """A payment method by id, or a new one of a test alias such as pm_card_visa."""
    if name in cards.BY_ALIAS:
        return payments.new_card(sandbox, cards.BY_ALIAS[name])
    return sandbox.get("payment_method", name, param=param)


def attach(sandbox: Sandbox, method: Json, customer: str) -> Json:
    """Save a card to a customer."""
    sandbox.get("customer", customer, param="customer")
    card = payments.card_of(sandbox, method)
    if card.decline is not None and not card.attaches:
        code, decline_code, message = card.decline
        raise StripeError(message, status=402, kind="card_error", code=code, decline_code=decline_code)
    if method["customer"] != customer:
        sandbox.save(method, customer=customer)
        sandbox.emit("payment_method.attached", method)
    return method


def unknown_card() -> StripeError:
    """A number that is not a test card."""
    return StripeError(
        "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test "
        "cards, visit: https://stripe.com/docs/testing.", status=402, kind="card_error", code="card_declined",
        decline_code="test_mode_live_card",
    )  # fmt: skip
