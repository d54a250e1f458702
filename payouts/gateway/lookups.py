"""Reading from Stripe: the present state of an object, lists by the page, and calls found again by their outbox id.

The API cannot search transfers, payouts, sessions or accounts by metadata, so these are listed and matched. Every
function raises StripeUnavailableError or StripeRefusedError.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import stripe

from payouts.gateway import facts, plain, reading
from payouts.gateway.amounts import from_stripe
from payouts.gateway.client import client
from payouts.gateway.failures import translated

PAGE = 100
CLOCKS_DIFFER_BY = timedelta(minutes=5)

T = TypeVar("T", bound=stripe.StripeObject)


def made_by(found: Iterable[T], outbox_id: UUID) -> T | None:
    """The object that one of our calls made."""
    for each in found:
        metadata = each["metadata"] if "metadata" in each else None  # noqa: SIM401 (these objects have no get)
        if metadata is not None and "outbox_id" in metadata and metadata["outbox_id"] == str(outbox_id):
            return each
    return None


def since(decided_at: datetime) -> int:
    """From when to list what was made since a decision; clocks differ."""
    return int((decided_at - CLOCKS_DIFFER_BY).timestamp())


def find_checkout_session(*, outbox_id: UUID, decided_at: datetime) -> facts.CheckoutSession | None:
    """A session that we made, among those created since the decision."""
    with translated():
        listed = client().v1.checkout.sessions.list({"created": {"gte": since(decided_at)}, "limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else reading.checkout_session(found)


def find_account(*, outbox_id: UUID) -> facts.Account | None:
    """A connected account that we made; v2 lists cannot be narrowed by time."""
    with translated():
        listed = client().v2.core.accounts.list({"limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else account(found.id)


def find_transfer(*, outbox_id: UUID, payout_id: UUID) -> facts.Transfer | None:
    """A transfer that we made, within its transfer group."""
    with translated():
        listed = client().v1.transfers.list({"transfer_group": f"payout_{payout_id}", "limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else reading.transfer(found)


def find_transfer_reversal(*, outbox_id: UUID, transfer_id: str) -> facts.TransferReversal | None:
    """A reversal that we made, among its transfer's."""
    with translated():
        listed = client().v1.transfers.reversals.list(transfer_id, {"limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else reading.transfer_reversal(found)


def find_bank_payout(*, outbox_id: UUID, stripe_account: str, decided_at: datetime) -> facts.BankPayout | None:
    """A payout that we made on a connected account, among those created since the decision."""
    with translated():
        listed = client().v1.payouts.list(
            {"created": {"gte": since(decided_at)}, "limit": PAGE}, {"stripe_account": stripe_account}
        )
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else reading.bank_payout(found)


def find_refund(*, outbox_id: UUID, charge_id: str) -> facts.Refund | None:
    """A refund that we made, among its charge's."""
    with translated():
        listed = client().v1.refunds.list({"charge": charge_id, "limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else reading.refund(found)


def charge(charge_id: str) -> facts.Charge:
    """GET /v1/charges/{id}"""
    with translated():
        return reading.charge(client().v1.charges.retrieve(charge_id))


def refund(refund_id: str) -> facts.Refund:
    """GET /v1/refunds/{id}"""
    with translated():
        return reading.refund(client().v1.refunds.retrieve(refund_id))


def checkout_session(session_id: str) -> facts.CheckoutSession:
    """GET /v1/checkout/sessions/{id}"""
    with translated():
        return reading.checkout_session(client().v1.checkout.sessions.retrieve(session_id))


def account(account_id: str) -> facts.Account:
    """GET /v2/core/accounts/{id}, with what says whether it can be paid"""
    with translated():
        found = client().v2.core.accounts.retrieve(
            account_id, {"include": ["configuration.recipient", "requirements"]}
        )
        return reading.account(found)


def balance_settings(account_id: str) -> facts.BalanceSettings:
    """GET /v1/balance_settings of a connected account"""
    with translated():
        found = client().v1.balance_settings.retrieve({}, {"stripe_account": account_id})
        return reading.balance_settings(account_id, found)


def bank_payout(*, payout_id: str, stripe_account: str) -> facts.BankPayout:
    """GET /v1/payouts/{id} of a connected account"""
    with translated():
        return reading.bank_payout(client().v1.payouts.retrieve(payout_id, {}, {"stripe_account": stripe_account}))


def bank_payouts(
    *, stripe_account: str, since_: datetime, until: datetime, after_id: str = "", limit: int = PAGE
) -> facts.BankPayoutPage:
    """One page of the payouts made on a connected account in [since_, until], newest first, as they are now."""
    params: stripe.params.PayoutListParams = {
        "created": {"gte": int(since_.timestamp()), "lte": int(until.timestamp())},
        "limit": limit,
        "expand": ["data.failure_balance_transaction"],
    }
    if after_id:
        params["starting_after"] = after_id
    with translated():
        listed = client().v1.payouts.list(params, {"stripe_account": stripe_account})
        items = tuple(reading.bank_payout(found) for found in listed.data)
    return facts.BankPayoutPage(items=items, has_more=listed.has_more)


def balance_transactions(*, newer_than: str = "", older_than: str = "", limit: int = PAGE) -> facts.Page:
    """One page of the platform's balance transactions, newest first, each with its source.

    `newer_than` answers the page next to that one, going forward; `older_than` the page after it, going back.
    Source: https://docs.stripe.com/api/pagination
    """
    params: stripe.params.BalanceTransactionListParams = {"limit": limit, "expand": ["data.source"]}
    if newer_than:
        params["ending_before"] = newer_than
    if older_than:
        params["starting_after"] = older_than
    with translated():
        # The page as JSON: the SDK would build an object of every part of a hundred charges.
        answer = client().raw_request("get", "/v1/balance_transactions", **params)
    listed = json.loads(answer.body)
    items = tuple(plain.balance_transaction(found) for found in listed["data"])
    return facts.Page(items=items, has_more=listed["has_more"])


def platform_balance() -> dict[str, tuple[int, int]]:
    """GET /v1/balance: (available, pending) of the platform by currency, in our minor units."""
    with translated():
        found = client().v1.balance.retrieve()
        available = {part.currency.upper(): part.amount for part in found.available}
        pending = {part.currency.upper(): part.amount for part in found.pending}
    return {
        code: (from_stripe(available.get(code, 0), code), from_stripe(pending.get(code, 0), code))
        for code in available.keys() | pending.keys()
    }
