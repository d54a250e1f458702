"""From the SDK's objects to our facts."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import stripe

from payouts.gateway import facts, plain
from payouts.gateway.amounts import from_stripe


def raw_of(found: stripe.StripeObject) -> facts.Raw:
    """All of an object, as JSON values."""
    return cast("facts.Raw", json.loads(json.dumps(found.to_dict(for_json=True), default=str)))


def moment(epoch_s: int) -> datetime:
    """Stripe's seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(epoch_s, UTC)


def id_of(reference: "str | stripe.StripeObject | None") -> str:
    """The id of something that Stripe names, or shows expanded."""
    if reference is None:
        return ""
    return reference if isinstance(reference, str) else str(reference["id"])


def metadata(found: "stripe.StripeObject | dict[str, str] | None", key: str) -> str:
    """A value that we gave the object when we made it."""
    return str(found[key]) if found is not None and key in found else ""


def checkout_session(found: stripe.checkout.Session) -> facts.CheckoutSession:
    """A Checkout Session; the amounts are what the buyer sees."""
    currency = (found.currency or "").upper()
    return facts.CheckoutSession(
        id=found.id,
        raw=raw_of(found),
        status=found.status or "",
        payment_status=found.payment_status,
        url=found.url or "",
        payment_intent_id=id_of(found.payment_intent),
        amount_minor=from_stripe(found.amount_total or 0, currency),
        currency=currency,
        sale_id=metadata(found.metadata, "sale_id"),
        subscription_id=metadata(found.metadata, "subscription_id"),
        stripe_subscription_id=id_of(found.subscription),
    )


def charge(found: stripe.Charge) -> facts.Charge:
    """A charge, in presentment currency."""
    currency = found.currency.upper()
    return facts.Charge(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        paid=found.paid and found.status == "succeeded",
        created_at=moment(found.created),
        payment_intent_id=id_of(found.payment_intent),
        balance_transaction_id=id_of(found.balance_transaction),
        sale_id=metadata(found.metadata, "sale_id"),
        payer_email=found.receipt_email or found.billing_details.email or "",
    )


def refund(found: stripe.Refund) -> facts.Refund:
    """A refund. A failed one's reason is a code of Stripe's, which we write as words.

    Source: https://docs.stripe.com/refunds#failed-refunds
    """
    currency = found.currency.upper()
    lost = found.status in {"failed", "canceled"}
    reason = (found.failure_reason or "unknown").replace("_", " ")
    return facts.Refund(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        charge_id=id_of(found.charge),
        outbox_id=metadata(found.metadata, "outbox_id"),
        balance_transaction_id=id_of(found.balance_transaction),
        status=found.status or "",
        failure=f"The refund {found.status}: {reason}" if lost else "",
    )


def transfer(found: stripe.Transfer) -> facts.Transfer:
    """A transfer to a connected account."""
    currency = found.currency.upper()
    return facts.Transfer(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        created_at=moment(found.created),
        balance_transaction_id=id_of(found.balance_transaction),
    )


def transfer_reversal(found: "stripe.TransferReversal") -> facts.TransferReversal:
    """A transfer's reversal."""
    currency = found.currency.upper()
    return facts.TransferReversal(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        created_at=moment(found.created),
        balance_transaction_id=id_of(found.balance_transaction),
    )


def bank_payout(found: stripe.Payout) -> facts.BankPayout:
    """A payout from a connected account to its bank."""
    currency = found.currency.upper()
    returned = found.failure_balance_transaction
    return facts.BankPayout(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        status=found.status,
        arrives_on=moment(found.arrival_date).date(),
        payout_id=metadata(found.metadata, "payout_id"),
        failure_code=found.failure_code or "",
        failure_message=found.failure_message or "",
        failed_at=moment(returned.created) if isinstance(returned, stripe.BalanceTransaction) else None,
    )


def balance_transaction(found: stripe.BalanceTransaction) -> facts.BalanceTransaction:
    """A movement of the balance, its source expanded; amounts in settlement currency."""
    currency = found.currency.upper()
    source = found.source
    rate = found.exchange_rate
    return facts.BalanceTransaction(
        id=found.id,
        raw=raw_of(found),
        type=found.type,
        reporting_category=found.reporting_category,
        source_id=id_of(source),
        amount_minor=from_stripe(found.amount, currency),
        fee_minor=from_stripe(found.fee, currency),
        net_minor=from_stripe(found.net, currency),
        currency=currency,
        exchange_rate=None if rate is None else Decimal(str(rate)),
        created_at=moment(found.created),
        available_on=moment(found.available_on),
        charge=charge(source) if isinstance(source, stripe.Charge) else None,
    )


def account(found: "stripe.v2.core.Account") -> facts.Account:
    """A v2 account with `configuration.recipient` and `requirements` included."""
    recipient = found.configuration.recipient if found.configuration else None
    capabilities = recipient.capabilities if recipient else None
    balance = capabilities.stripe_balance if capabilities else None
    transfers = balance.stripe_transfers if balance else None
    state: facts.TransfersState = "restricted"
    if transfers is None or transfers.status == "pending":
        state = "pending"
    elif transfers.status == "active":
        state = "active"
    details = transfers.status_details if transfers else []
    reason = ", ".join(detail.code.replace("_", " ") for detail in details) if state != "active" else ""
    return facts.Account(id=found.id, raw=raw_of(found), transfers_state=state, restriction=reason)


def balance_settings(account_id: str, found: stripe.BalanceSettings) -> facts.BalanceSettings:
    """Balance settings have no id of their own; they take their account's."""
    schedule = found.payments.payouts.schedule if found.payments.payouts else None
    return facts.BalanceSettings(
        id=account_id, raw=raw_of(found), interval=(schedule.interval or "") if schedule else ""
    )


def charge_from_raw(movement: facts.Raw) -> facts.Charge | None:
    """The charge inside a stored balance transaction, when its source was one."""
    return plain.charge_in(movement)


def refund_from_raw(movement: facts.Raw) -> facts.Refund | None:
    """The refund inside a stored balance transaction, when its source was one."""
    source = movement.get("source")
    if not isinstance(source, dict) or source.get("object") != "refund":
        return None
    return refund(stripe.Refund.construct_from(source, None))
