"""Balance transactions, and the balance as their sum and nothing else (https://docs.stripe.com/api/balance_transactions)."""

from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.store import Json

_DAY_S = 86_400
_REPORTING = {
    "adjustment": "dispute", "payment": "charge", "payment_refund": "refund", "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal", "refund_failure": "refund_failure", "stripe_fee": "fee",
    "transfer_refund": "transfer_reversal",
}  # fmt: skip


def available_on(sandbox: Sandbox) -> int:
    """When funds of a charge made now become available: midnight UTC, days ahead (https://docs.stripe.com/payouts)."""
    now = sandbox.clock.now()
    day = (now + sandbox.knobs.available_days * _DAY_S) // _DAY_S * _DAY_S
    return max(now, day)


def enter(
    sandbox: Sandbox, *, amount: int, currency: str, kind: str, source: str, account: str, fee: int = 0,
    available_on: int | None = None, exchange_rate: float | None = None, description: str | None = None,
    reporting: str | None = None, fee_description: str = "Stripe processing fees",
) -> Json:  # fmt: skip
    """Add a balance transaction to an account; available at once unless a time is given."""
    now = sandbox.clock.now()
    due = now if available_on is None else available_on
    details = [{"amount": fee, "application": None, "currency": currency, "description": fee_description,
                "type": "stripe_fee"}] if fee else []  # fmt: skip
    entry = sandbox.create(
        "balance_transaction", "txn", owner=account, amount=amount, available_on=due, currency=currency, fee=fee,
        fee_details=details, net=amount - fee, exchange_rate=exchange_rate, description=description, source=source,
        type=kind, reporting_category=reporting or _REPORTING.get(kind, kind), balance_type="payments",
    )  # fmt: skip
    if due > now:
        sandbox.clock.schedule(due, "balance.available", account)
    return sandbox.present(entry)


def totals(sandbox: Sandbox, account: str) -> dict[str, tuple[int, int]]:
    """Per currency, what is available and what is pending."""
    rows = sandbox.store.rows(
        "SELECT body->>'$.currency' AS currency, "
        "sum(CASE WHEN body->>'$.available_on' <= ? THEN body->>'$.net' ELSE 0 END) AS available, "
        "sum(CASE WHEN body->>'$.available_on' <= ? THEN 0 ELSE body->>'$.net' END) AS pending "
        "FROM objects WHERE kind = 'balance_transaction' AND account = ? GROUP BY 1 ORDER BY 1",
        sandbox.clock.now(), sandbox.clock.now(), account,
    )  # fmt: skip
    return {row["currency"]: (row["available"], row["pending"]) for row in rows}


def require_available(sandbox: Sandbox, account: str, amount: int, currency: str) -> None:
    """Refuse to send more than is available (https://docs.stripe.com/error-codes#balance-insufficient)."""
    available = totals(sandbox, account).get(currency, (0, 0))[0]
    if amount > available:
        raise StripeError(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card. See: https://stripe.com/docs/testing"
            "#available-balance", code="balance_insufficient",
        )  # fmt: skip


def balance(sandbox: Sandbox, account: str) -> Json:
    """The Balance object of an account."""
    sums = totals(sandbox, account) or {"usd": (0, 0)}

    def part(index: int) -> list[Json]:
        return [
            {"amount": both[index], "currency": currency, "source_types": {"card": both[index]}}
            for currency, both in sums.items()
        ]

    return {
        "object": "balance",
        "available": part(0),
        "connect_reserved": [{"amount": 0, "currency": currency} for currency in sums],
        "instant_available": None,
        "issuing": None,
        "livemode": False,
        "pending": part(1),
        "refund_and_dispute_prefunding": None,
    }


@timer("balance.available")
def _became_available(sandbox: Sandbox, account: str) -> None:
    sandbox.emit("balance.available", balance(sandbox, account), account=account)
