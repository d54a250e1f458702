"""How much of a dispute is lost, in presentment currency, from its status and its balance transactions. Reads only."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from payouts.gateway.amounts import from_stripe, to_stripe
from payouts.models import BalanceTransaction, Dispute, DisputeStatus, MirrorState

DECIDED = (DisputeStatus.WON, DisputeStatus.LOST)
CALLED_OFF = (DisputeStatus.WARNING_CLOSED, DisputeStatus.PREVENTED)


def lost_minor(dispute: Dispute) -> int | None:
    """What is lost: all of it, or what a win left with the bank. None while that is not certain.

    It is certain once the bank has decided and every movement that Stripe names is in the ledger; a win has brought
    something back by then. An inquiry that was closed has moved nothing, so there is nothing to book.
    """
    if dispute.status not in (*DECIDED, *CALLED_OFF):
        return None
    movements = list(
        BalanceTransaction.objects.filter(source_id=dispute.id, state=MirrorState.POSTED).order_by("created_at", "id")
    )
    if not movements or len(movements) < dispute.movements_told:
        return None
    back = [each for each in movements if each.amount_minor > 0]
    if dispute.status != DisputeStatus.LOST and not back:
        return None
    return _gone(dispute, movements)


def _gone(dispute: Dispute, movements: Sequence[BalanceTransaction]) -> int:
    gone = 0
    for movement in movements:
        part = _presented(dispute, movement)
        gone += part if movement.amount_minor < 0 else -part
    return min(max(gone, 0), dispute.amount_minor)


def _presented(dispute: Dispute, movement: BalanceTransaction) -> int:
    """A movement in presentment currency. At its own rate all of a dispute is all of it, whatever rounding does."""
    settled_minor = abs(movement.amount_minor)
    if movement.currency == dispute.currency:
        return settled_minor
    rate = movement.exchange_rate
    if not rate:
        return dispute.amount_minor
    whole = to_stripe(dispute.amount_minor, dispute.currency)
    settled = to_stripe(settled_minor, movement.currency)
    if abs(Fraction(rate) * whole - settled) < 1:
        return dispute.amount_minor
    return from_stripe(floor(settled / Fraction(rate) + Fraction(1, 2)), dispute.currency)
