"""One module per Stripe resource; importing this package fills the table of endpoints."""

from payouts.sandbox.resources import (
    account_links,
    accounts,
    balance,
    bank_accounts,
    charges,
    checkout_sessions,
    customers,
    events,
    payment_intents,
    payment_methods,
    payouts,
    transfers,
    webhook_endpoints,
)

__all__ = [
    "account_links",
    "accounts",
    "balance",
    "bank_accounts",
    "charges",
    "checkout_sessions",
    "customers",
    "events",
    "payment_intents",
    "payment_methods",
    "payouts",
    "transfers",
    "webhook_endpoints",
]
