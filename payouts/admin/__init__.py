"""Finance staff's view of sales, payees, payouts and everything exchanged with Stripe: to look at, never to change."""

from payouts.admin.balance_transactions import BalanceTransactionAdmin
from payouts.admin.billing import BillingPriceAdmin, BillingSubscriptionAdmin
from payouts.admin.calls import StripeCallAdmin
from payouts.admin.customers import CustomerAdmin
from payouts.admin.disputes import DisputeAdmin
from payouts.admin.events import StripeEventAdmin
from payouts.admin.fraud_warnings import EarlyFraudWarningAdmin
from payouts.admin.payees import PayeeAdmin
from payouts.admin.reconciliation import ReconciliationBreakAdmin
from payouts.admin.refunds import RefundAdmin
from payouts.admin.runs import PayoutAdmin, PayoutRunAdmin
from payouts.admin.sales import SaleAdmin
from payouts.admin.wallets import WalletAdmin

__all__ = [
    "BalanceTransactionAdmin",
    "BillingPriceAdmin",
    "BillingSubscriptionAdmin",
    "CustomerAdmin",
    "DisputeAdmin",
    "EarlyFraudWarningAdmin",
    "PayeeAdmin",
    "PayoutAdmin",
    "PayoutRunAdmin",
    "ReconciliationBreakAdmin",
    "RefundAdmin",
    "SaleAdmin",
    "StripeCallAdmin",
    "StripeEventAdmin",
    "WalletAdmin",
]
