"""Models of payouts: who is owed money, what was sold, and everything exchanged with Stripe."""

from payouts.models.balance_transaction import BalanceTransaction, ImportCursor, MirrorState
from payouts.models.billing import (
    LIVE_STATES,
    OVER_STATES,
    BillingInvoice,
    BillingPrice,
    BillingState,
    BillingSubscription,
    InvoiceState,
)
from payouts.models.call import CallState, StripeCall
from payouts.models.circuit import StripeCircuit
from payouts.models.customer import Customer
from payouts.models.dispute import (
    OPEN_CHARGEBACKS,
    Dispute,
    DisputeShare,
    DisputeStatus,
    EarlyFraudWarning,
    EvidenceState,
    WarningDecision,
)
from payouts.models.event import EventCursor, EventKind, EventState, StripeEvent
from payouts.models.heartbeat import Heartbeat
from payouts.models.payee import Payee, TransfersState
from payouts.models.payout import Payout, PayoutRun, PayoutState, RunState
from payouts.models.reconciliation import BreakKind, ReconciliationBreak, ReconciliationCursor
from payouts.models.refund import Refund, RefundReason, RefundState
from payouts.models.sale import (
    IN_LEDGER,
    PAID_STATES,
    TOO_LATE,
    UNMATCHED_PRODUCT,
    FeeBasis,
    Sale,
    SaleChannel,
    SaleShare,
    SaleState,
)
from payouts.models.saved_card import SavedCard
from payouts.models.wallet import StarLot, StarShare, StarSpend, Wallet, WalletFreeze

__all__ = [
    "IN_LEDGER",
    "LIVE_STATES",
    "OPEN_CHARGEBACKS",
    "OVER_STATES",
    "PAID_STATES",
    "TOO_LATE",
    "UNMATCHED_PRODUCT",
    "BalanceTransaction",
    "BillingInvoice",
    "BillingPrice",
    "BillingState",
    "BillingSubscription",
    "BreakKind",
    "CallState",
    "Customer",
    "Dispute",
    "DisputeShare",
    "DisputeStatus",
    "EarlyFraudWarning",
    "EventCursor",
    "EventKind",
    "EventState",
    "EvidenceState",
    "FeeBasis",
    "Heartbeat",
    "ImportCursor",
    "InvoiceState",
    "MirrorState",
    "Payee",
    "Payout",
    "PayoutRun",
    "PayoutState",
    "ReconciliationBreak",
    "ReconciliationCursor",
    "Refund",
    "RefundReason",
    "RefundState",
    "RunState",
    "Sale",
    "SaleChannel",
    "SaleShare",
    "SaleState",
    "SavedCard",
    "StarLot",
    "StarShare",
    "StarSpend",
    "StripeCall",
    "StripeCircuit",
    "StripeEvent",
    "TransfersState",
    "Wallet",
    "WalletFreeze",
    "WarningDecision",
]
