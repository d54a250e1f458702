"""Blank objects: every field of Stripe's own resource types, at the value it has before anything happens."""

import copy
import functools
import inspect
import typing
from typing import Any, Literal, NotRequired, Union

import stripe
from stripe import StripeObject

from payouts.sandbox.store import Json

_CLASSES: dict[str, type[StripeObject]] = {
    str(cls.OBJECT_NAME): cls
    for cls in (
        stripe.Balance, stripe.BalanceSettings, stripe.BalanceTransaction, stripe.BankAccount, stripe.Charge,
        stripe.Coupon, stripe.Customer, stripe.Dispute, stripe.Event, stripe.Invoice, stripe.InvoiceItem,
        stripe.InvoiceLineItem, stripe.LineItem, stripe.Mandate, stripe.PaymentIntent, stripe.PaymentMethod,
        stripe.Payout, stripe.Price, stripe.Product, stripe.Refund, stripe.TransferReversal, stripe.SetupIntent,
        stripe.Subscription, stripe.SubscriptionItem, stripe.Transfer, stripe.WebhookEndpoint, stripe.InvoicePayment,
        stripe.billing_portal.Session, stripe.billing_portal.Configuration, stripe.checkout.Session,
        stripe.radar.EarlyFraudWarning, stripe.v2.core.Account, stripe.v2.core.AccountLink, stripe.v2.core.Event,
    )
}  # fmt: skip

# A field that the published sample objects carry and the SDK's types no longer name.
_ALSO: dict[str, Json] = {"invoice": {"subscription": None}}


def blank(kind: str) -> Json:
    """A fresh object of a kind with all its fields."""
    return copy.deepcopy(_template(kind))


@functools.cache
def _template(kind: str) -> Json:
    obj = _of_class(_CLASSES[kind]) | _ALSO.get(kind, {})
    obj.pop("deleted", None)
    if "metadata" in obj:
        obj["metadata"] = {}
    return obj


def _of_class(cls: type[StripeObject]) -> Json:
    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not StripeObject and issubclass(base, StripeObject):
            annotations |= inspect.get_annotations(base)
    return {
        name: _of_type(hint)
        for name, hint in annotations.items()
        if not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar
    }


def _of_type(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is NotRequired:
        return None
    if origin is Union:
        arguments = typing.get_args(hint)
        return None if type(None) in arguments else _of_type(arguments[0])
    if origin is Literal:
        choices = typing.get_args(hint)
        return choices[0] if len(choices) == 1 else None
    if origin is list:
        return []
    if isinstance(hint, type):
        return _of_plain_type(hint)
    return (
        _empty_list() if "ListObject" in str(hint) else {} if "Dict" in str(hint) or "Untyped" in str(hint) else None
    )


def _of_plain_type(hint: type[Any]) -> Any:
    if issubclass(hint, stripe.ListObject):
        return _empty_list()
    if issubclass(hint, StripeObject):
        return _of_class(hint)
    return {bool: False, int: 0, str: "", float: 0.0}.get(hint)


def _empty_list() -> Json:
    return {"object": "list", "data": [], "has_more": False, "url": ""}
