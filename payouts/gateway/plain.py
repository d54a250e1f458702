"""Facts straight from JSON, for what comes by the hundred: the SDK would build an object of every part of it.

The same facts as `reading`'s, from the same fields; a test holds the two equal.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from payouts.errors import ContradictionError
from payouts.gateway import facts
from payouts.gateway.amounts import from_stripe


def charge(found: facts.Raw) -> facts.Charge:
    """A charge, in presentment currency."""
    currency = _text(found, "currency").upper()
    billing = found.get("billing_details")
    return facts.Charge(
        id=_text(found, "id"),
        raw=found,
        amount_minor=from_stripe(_number(found, "amount"), currency),
        currency=currency,
        paid=found.get("paid") is True and found.get("status") == "succeeded",
        created_at=_moment(found, "created"),
        payment_intent_id=_id(found, "payment_intent"),
        balance_transaction_id=_id(found, "balance_transaction"),
        sale_id=_metadata(found, "sale_id"),
        payer_email=_text(found, "receipt_email") or (_text(billing, "email") if isinstance(billing, dict) else ""),
    )


def checkout_session(found: facts.Raw) -> facts.CheckoutSession:
    """A Checkout Session; the amounts are what the buyer sees."""
    currency = _text(found, "currency").upper()
    return facts.CheckoutSession(
        id=_text(found, "id"),
        raw=found,
        status=_text(found, "status"),
        payment_status=_text(found, "payment_status"),
        url=_text(found, "url"),
        payment_intent_id=_id(found, "payment_intent"),
        amount_minor=from_stripe(_number(found, "amount_total"), currency),
        currency=currency,
        sale_id=_metadata(found, "sale_id"),
        subscription_id=_metadata(found, "subscription_id"),
        stripe_subscription_id=_id(found, "subscription"),
    )


def balance_transaction(found: facts.Raw) -> facts.BalanceTransaction:
    """A movement of the balance, its source expanded; amounts in settlement currency."""
    currency = _text(found, "currency").upper()
    rate = found.get("exchange_rate")
    inside = charge_in(found)
    return facts.BalanceTransaction(
        id=_text(found, "id"),
        raw=found,
        type=_text(found, "type"),
        reporting_category=_text(found, "reporting_category"),
        source_id=_id(found, "source"),
        amount_minor=from_stripe(_number(found, "amount"), currency),
        fee_minor=from_stripe(_number(found, "fee"), currency),
        net_minor=from_stripe(_number(found, "net"), currency),
        currency=currency,
        exchange_rate=None if rate is None else Decimal(str(rate)),
        created_at=_moment(found, "created"),
        available_on=_moment(found, "available_on"),
        charge=inside,
    )


def charge_in(movement: facts.Raw) -> facts.Charge | None:
    """The charge inside a balance transaction, when its source is one."""
    source = movement.get("source")
    return charge(source) if isinstance(source, dict) and source.get("object") == "charge" else None


def inside(raw: bytes, kind: str) -> facts.Raw:
    """The object of a stored snapshot event, which must be of that kind.

    Raises:
        ContradictionError: the event carries something else.
    """
    event = json.loads(raw)
    found = cast("facts.Raw", event["data"]["object"])
    if found.get("object") != kind:
        raise ContradictionError(f"{event['type']} carries a {found.get('object')}", object_id=event["id"])
    return found


def _text(found: facts.Raw, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _number(found: facts.Raw, name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) else 0


def _moment(found: facts.Raw, name: str) -> datetime:
    return datetime.fromtimestamp(_number(found, name), UTC)


def _id(found: facts.Raw, name: str) -> str:
    """The id of something that Stripe names, or shows expanded."""
    value = found.get(name)
    return _text(value, "id") if isinstance(value, dict) else _text(found, name)


def _metadata(found: facts.Raw, name: str) -> str:
    value = found.get("metadata")
    return str(value[name]) if isinstance(value, dict) and value.get(name) is not None else ""
