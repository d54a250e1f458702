"""Names of accounts. The chart itself, with types and floors, is data: `sql/0001_c_chart.sql`.

Payees and users are named by their UUIDs, everything else by slugs: a code never changes.
"""

from typing import Literal
from uuid import UUID

STRIPE_PENDING = "stripe:pending"
STRIPE_AVAILABLE = "stripe:available"
STRIPE_DISPUTED = "stripe:disputed"
BANK = "bank"
SUSPENSE = "suspense"
RECEIVABLE_STORE = "receivable:store"
PROCESSING_RECOVERED = "revenue:processing_recovered"
STARS_MARGIN = "revenue:stars_margin"
EXPENSE_PROCESSING = "expense:processing"
EXPENSE_DISPUTE_FEE = "expense:dispute_fee"
EXPENSE_FEE_LOST_ON_REFUND = "expense:fee_lost_on_refund"
EXPENSE_BAD_DEBT = "expense:bad_debt"
EXPENSE_STORE = "expense:store"
EXPENSE_FX = "expense:fx"
EQUITY_FX = "equity:fx"
EQUITY_OPENING = "equity:opening"
EQUITY_FUND_USED = "equity:fund_used"

Stage = Literal["pending", "available", "reserved", "in_transit"]
STAGES: tuple[Stage, ...] = ("pending", "available", "reserved", "in_transit")


def payable(payee_id: UUID | str, stage: Stage) -> str:
    """What a payee is owed, in one stage of its way to the bank."""
    return f"payable:{_uuid(payee_id)}:{stage}"


def connected(payee_id: UUID | str) -> str:
    """Money moved to a payee's connected account and not yet at their bank."""
    return f"stripe:connected:{_uuid(payee_id)}"


def wallet(user_id: UUID | str) -> str:
    """The prepaid Stars of a listener."""
    return f"wallet:{_uuid(user_id)}"


def platform_fee(product: str) -> str:
    """The platform's cut of one product: "ticket", "tip", "subscription"."""
    return f"revenue:platform_fee:{product}"


def grants(fund: str) -> str:
    """What was awarded from a creator fund."""
    return f"expense:grants:{fund}"


def fund(slug: str) -> str:
    """The budget of a creator fund; it cannot go below zero."""
    return f"equity:fund:{slug}"


def tax(jurisdiction: str) -> str:
    """Sales tax collected for one jurisdiction."""
    return f"tax:{jurisdiction}"


def _uuid(value: UUID | str) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))
