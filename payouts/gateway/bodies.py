"""The exact bodies of calls, built from Stripe's own parameter types and kept as canonical JSON.

A body is made once, with the decision, and stored; every attempt sends it as it is. `metadata.outbox_id` is how a call
whose answer was lost is found again when its key is too old.
"""

import json
from datetime import datetime
from typing import Literal
from uuid import UUID

import stripe
from stripe.params import (
    BalanceSettingsUpdateParams,
    PayoutCreateParams,
    RefundCreateParams,
    TransferCreateParams,
    TransferCreateReversalParams,
)
from stripe.params.checkout import SessionCreateParams, SessionExpireParams
from stripe.params.v2.core import AccountCreateParams

from payouts.gateway.amounts import to_stripe

API_VERSION: str = stripe.api_version
"""The version that this SDK is pinned to; a stored call is always repeated under the version it was made for."""

_NAME_MAX = 250


def _text(
    body: SessionCreateParams
    | SessionExpireParams
    | AccountCreateParams
    | BalanceSettingsUpdateParams
    | TransferCreateParams
    | TransferCreateReversalParams
    | PayoutCreateParams
    | RefundCreateParams,
) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def checkout_session(
    *,
    outbox_id: UUID,
    sale_id: UUID,
    title: str,
    price_minor: int,
    charge_minor: int,
    currency: str,
    buyer_email: str,
    expires_at: datetime,
    return_url: str,
    cancel_url: str,
) -> str:
    """A hosted card page for one sale; a grossed-up charge shows the processing as a line of its own.

    Source: https://docs.stripe.com/api/checkout/sessions/create
    """
    metadata = {"sale_id": str(sale_id), "outbox_id": str(outbox_id)}
    lines = [_line(title[:_NAME_MAX], price_minor, currency)]
    if charge_minor > price_minor:
        lines.append(_line("Card processing", charge_minor - price_minor, currency))
    return _text(
        SessionCreateParams(
            mode="payment",
            line_items=lines,
            customer_email=buyer_email,
            client_reference_id=str(sale_id),
            success_url=return_url,
            cancel_url=cancel_url,
            expires_at=int(expires_at.timestamp()),
            metadata=metadata,
            payment_intent_data={
                "description": title[:_NAME_MAX],
                "metadata": metadata,
                "transfer_group": f"sale_{sale_id}",
            },
        )
    )


def _line(name: str, amount_minor: int, currency: str) -> "stripe.params.checkout.SessionCreateParamsLineItem":
    return {
        "quantity": 1,
        "price_data": {
            "currency": currency.lower(),
            "unit_amount": to_stripe(amount_minor, currency),
            "product_data": {"name": name},
        },
    }


def checkout_session_expiry() -> str:
    """Expiring takes no parameters. Source: https://docs.stripe.com/api/checkout/sessions/expire"""
    return _text(SessionExpireParams())


def recipient_account(*, outbox_id: UUID, payee_id: UUID, display_name: str, email: str, country: str) -> str:
    """A connected account that can be sent money, with the Express dashboard; fees and losses are the platform's.

    Source: https://docs.stripe.com/connect/accounts-v2, recipient configuration
    """
    return _text(
        AccountCreateParams(
            display_name=display_name,
            contact_email=email,
            dashboard="express",
            identity={"country": country},
            configuration={
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
            },
            defaults={"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
            include=["configuration.recipient", "requirements"],
            metadata={"payee_id": str(payee_id), "outbox_id": str(outbox_id)},
        )
    )


def manual_payouts() -> str:
    """Stripe sweeps nothing by itself. Source: https://docs.stripe.com/api/balance-settings/update"""
    return _text(BalanceSettingsUpdateParams(payments={"payouts": {"schedule": {"interval": "manual"}}}))


def transfer(*, outbox_id: UUID, payout_id: UUID, amount_minor: int, currency: str, destination: str) -> str:
    """Move money to a connected account. Source: https://docs.stripe.com/api/transfers/create"""
    return _text(
        TransferCreateParams(
            amount=to_stripe(amount_minor, currency),
            currency=currency.lower(),
            destination=destination,
            transfer_group=f"payout_{payout_id}",
            metadata={"payout_id": str(payout_id), "outbox_id": str(outbox_id)},
        )
    )


def transfer_reversal(*, outbox_id: UUID, payout_id: UUID, amount_minor: int, currency: str) -> str:
    """Move it back. Source: https://docs.stripe.com/api/transfer_reversals/create"""
    return _text(
        TransferCreateReversalParams(
            amount=to_stripe(amount_minor, currency),
            metadata={"payout_id": str(payout_id), "outbox_id": str(outbox_id)},
        )
    )


def bank_payout(*, outbox_id: UUID, payout_id: UUID, amount_minor: int, currency: str) -> str:
    """Send a connected account's balance to its bank. Source: https://docs.stripe.com/api/payouts/create"""
    return _text(
        PayoutCreateParams(
            amount=to_stripe(amount_minor, currency),
            currency=currency.lower(),
            metadata={"payout_id": str(payout_id), "outbox_id": str(outbox_id)},
        )
    )


RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]


def refund(
    *,
    outbox_id: UUID,
    sale_id: UUID,
    charge_id: str,
    amount_minor: int,
    currency: str,
    reason: RefundReason | None = None,
) -> str:
    """Give a payment back to the card, all of it or a part. Source: https://docs.stripe.com/api/refunds/create"""
    body = RefundCreateParams(
        charge=charge_id,
        amount=to_stripe(amount_minor, currency),
        metadata={"sale_id": str(sale_id), "outbox_id": str(outbox_id)},
    )
    if reason is not None:
        body["reason"] = reason
    return _text(body)
