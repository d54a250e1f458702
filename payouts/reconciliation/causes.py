"""What probably explains a difference, in a sentence that says what to look at. Pure."""

from payouts.models import BalanceTransaction, MirrorState

MADE_ELSEWHERE = {
    "payout": "The platform's own payout to its bank: no part of the books makes these yet.",
    "topup": "Money added to the balance by hand: book it, or take it back.",
    "stripe_fee": "A fee of Stripe's that belongs to no payment, such as for Radar or for accounts.",
    "adjustment": "An adjustment of Stripe's, such as a dispute: see its source in the dashboard.",
}


def of_movement(movement: BalanceTransaction) -> str:
    """Why something at Stripe is not in the ledger."""
    if movement.state == MirrorState.POSTED:
        return f"Marked as posted under {movement.posting_key}, which the ledger does not know: tell the engineers."
    if movement.state == MirrorState.MISMATCH:
        return f"It contradicts what was sold: {movement.note}"
    if movement.type in MADE_ELSEWHERE:
        return f"{MADE_ELSEWHERE[movement.type]} ({movement.note or 'not looked at yet'})"
    if movement.state == MirrorState.UNMATCHED:
        return f"Probably made by hand in Stripe's dashboard, or its record here was lost: {movement.note}"
    return f"Still waiting: {movement.note or 'not looked at yet'}. It is tried again by itself."


def of_posting(key: str) -> str:
    """Why something in the ledger has no movement at Stripe."""
    name = key.partition(":")[0]
    if name in {"transfer", "reversal"}:
        return f"The call's answer was posted, and Stripe does not list its movement: look for {key} in the dashboard."
    return f"No balance transaction says that it was posted as {key}: by hand, or twice under two keys?"


def of_amount(difference_minor: int, *, fee_minor: int) -> str:
    """Why a posting moved another amount than its balance transaction."""
    if fee_minor and abs(difference_minor) == fee_minor:
        return "It differs by exactly the fee: the fee was booked twice, or not at all."
    if abs(difference_minor) == 1:
        return "It differs by one unit: something was rounded twice."
    return "The posting took other amounts than the balance transaction says: compare the two."


def of_balance(*, pages_behind: bool) -> str:
    """Why the totals differ although every movement and posting agrees."""
    if pages_behind:
        return "Stripe's list was not read to its end yet: this should go away by itself."
    return "A movement that Stripe does not list, or one that came while the two were read: look again in a minute."


def of_side(due: int) -> str:
    """Why the same money is pending at the one and available at the other."""
    if due:
        return f"{due} movement{'s' if due > 1 else ''} became available and will be settled here in a moment."
    return "Settled at another time than Stripe did, or posted to the wrong side: compare the youngest settlements."
