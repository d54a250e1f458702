"""What Stripe told us, as small frozen values in our own units and time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

JSON: TypeAlias = "str | int | float | bool | Mapping[str, JSON] | list[JSON] | None"
Raw: TypeAlias = Mapping[str, JSON]

TransfersState: TypeAlias = Literal["pending", "active", "restricted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One of Stripe's objects at one moment; `raw` is all of it, for the record."""

    id: str
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Fact):
    """A connected account and whether money may be moved to it; `restriction` says why not."""

    transfers_state: TransfersState
    restriction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSettings(Fact):
    """How an account's balance is paid out; ours are all `manual`."""

    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutSession(Fact):
    """A Checkout Session: `url` while it is open, the intent once it was paid."""

    status: str
    payment_status: str
    url: str
    payment_intent_id: str
    amount_minor: int
    currency: str
    sale_id: str
    subscription_id: str = ""
    stripe_subscription_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Fact):
    """A card charge. `sale_id` comes from the metadata that we gave its intent, `payer_email` from the payer."""

    amount_minor: int
    currency: str
    paid: bool
    created_at: datetime
    payment_intent_id: str
    balance_transaction_id: str
    sale_id: str
    payer_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Fact):
    """Money given back to a card, in presentment currency. `failure` says why it did not arrive, once that is so.

    `outbox_id` names the call of ours that made it; empty for one made in Stripe's dashboard.
    """

    amount_minor: int
    currency: str
    charge_id: str
    outbox_id: str
    balance_transaction_id: str
    status: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Fact):
    """Money moved to a connected account."""

    amount_minor: int
    currency: str
    created_at: datetime
    balance_transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReversal(Fact):
    """Money moved back from a connected account."""

    amount_minor: int
    currency: str
    created_at: datetime
    balance_transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPayout(Fact):
    """A payout from a connected account to its bank; `failed_at` is known where the failure was expanded."""

    amount_minor: int
    currency: str
    status: str
    arrives_on: date
    payout_id: str
    failure_code: str
    failure_message: str
    failed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPayoutPage:
    """Some payouts of an account, newest first."""

    items: tuple[BankPayout, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceTransaction(Fact):
    """A movement of the platform's balance; `charge` is its source when that is a charge."""

    type: str
    reporting_category: str
    source_id: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    exchange_rate: Decimal | None
    created_at: datetime
    available_on: datetime
    charge: Charge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some balance transactions, newest first."""

    items: tuple[BalanceTransaction, ...]
    has_more: bool
