"""The calls that change something at Stripe. Each takes a stored request and sends its bytes as they are.

Every function raises StripeUnavailableError (try again with the same request) or StripeRefusedError (never will).
"""

import json
from typing import cast

from stripe.params import (
    BalanceSettingsUpdateParams,
    PayoutCreateParams,
    RefundCreateParams,
    TransferCreateParams,
    TransferCreateReversalParams,
)
from stripe.params.checkout import SessionCreateParams, SessionExpireParams
from stripe.params.v2.core import AccountCreateParams

from payouts.gateway import facts, reading
from payouts.gateway.client import client, options
from payouts.gateway.failures import translated
from payouts.gateway.requests import Request


def create_checkout_session(request: Request) -> facts.CheckoutSession:
    """POST /v1/checkout/sessions"""
    params = cast("SessionCreateParams", json.loads(request.body))
    with translated():
        return reading.checkout_session(client().v1.checkout.sessions.create(params, options(request)))


def expire_checkout_session(session_id: str, request: Request) -> facts.CheckoutSession:
    """POST /v1/checkout/sessions/{id}/expire"""
    params = cast("SessionExpireParams", json.loads(request.body))
    with translated():
        return reading.checkout_session(client().v1.checkout.sessions.expire(session_id, params, options(request)))


def create_account(request: Request) -> facts.Account:
    """POST /v2/core/accounts"""
    params = cast("AccountCreateParams", json.loads(request.body))
    with translated():
        return reading.account(client().v2.core.accounts.create(params, options(request)))


def update_balance_settings(request: Request) -> facts.BalanceSettings:
    """POST /v1/balance_settings, on a connected account"""
    params = cast("BalanceSettingsUpdateParams", json.loads(request.body))
    with translated():
        found = client().v1.balance_settings.update(params, options(request))
        return reading.balance_settings(request.stripe_account, found)


def create_transfer(request: Request) -> facts.Transfer:
    """POST /v1/transfers"""
    params = cast("TransferCreateParams", json.loads(request.body))
    with translated():
        return reading.transfer(client().v1.transfers.create(params, options(request)))


def reverse_transfer(transfer_id: str, request: Request) -> facts.TransferReversal:
    """POST /v1/transfers/{id}/reversals"""
    params = cast("TransferCreateReversalParams", json.loads(request.body))
    with translated():
        return reading.transfer_reversal(client().v1.transfers.reversals.create(transfer_id, params, options(request)))


def create_bank_payout(request: Request) -> facts.BankPayout:
    """POST /v1/payouts, on a connected account"""
    params = cast("PayoutCreateParams", json.loads(request.body))
    with translated():
        return reading.bank_payout(client().v1.payouts.create(params, options(request)))


def create_refund(request: Request) -> facts.Refund:
    """POST /v1/refunds"""
    params = cast("RefundCreateParams", json.loads(request.body))
    with translated():
        return reading.refund(client().v1.refunds.create(params, options(request)))


def onboarding_link(*, account_id: str, return_url: str, refresh_url: str) -> str:
    """POST /v2/core/account_links: a link works once, for minutes, and moves nothing, so it needs no outbox row."""
    with translated():
        link = client().v2.core.account_links.create(
            {
                "account": account_id,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {"refresh_url": refresh_url, "return_url": return_url},
                },
            }
        )
    return link.url
