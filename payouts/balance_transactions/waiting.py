"""Movements whose cause is not known here yet: asked again when it becomes known, and ever more slowly until then."""

from datetime import datetime, timedelta
from uuid import UUID

from payouts.models import BalanceTransaction, Dispute, MirrorState, Refund
from payouts.models.balance_transaction import WAITING_STATES
from payouts.wake import wake_after_commit

UNMATCHED_AFTER = timedelta(hours=1)
"""How long a movement may wait before finance sees it as matching nothing; it is still tried after that."""
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(days=1)


def object_known(*object_ids: str, now: datetime) -> None:
    """In the caller's transaction: these objects of Stripe's are known from now on, so their movements may be taken.

    Call it wherever a record first learns the id of a charge, refund, dispute, transfer … that moves money. Costs one
    update by index, and a task only if something waits.
    """
    waiting = BalanceTransaction.objects.filter(
        source_id__in=[object_id for object_id in object_ids if object_id], state__in=WAITING_STATES
    )
    if waiting.update(state=MirrorState.IMPORTED, next_attempt_at=now):
        wake_after_commit("payouts.tasks.import_balance_transactions")


def sales_posted(*sale_ids: UUID, now: datetime) -> None:
    """In the caller's transaction: these sales are in the ledger from now on, so what came back of them may follow.

    A refund or a dispute whose movement was imported before its charge's waits for that. Mostly there is none: one
    query for all of them.
    """
    disputes = Dispute.objects.filter(sale_id__in=sale_ids).values_list("id")
    refunds = Refund.objects.filter(sale_id__in=sale_ids).exclude(refund_id="").values_list("refund_id")
    came_back = [found for (found,) in disputes.union(refunds)]
    if came_back:
        object_known(*came_back, now=now)


def wait(*, movement: BalanceTransaction, reason: str, now: datetime) -> None:
    """Nobody could take it now: try again after half its age, at most a day."""
    age = now - movement.imported_at
    state = MirrorState.UNMATCHED if age > UNMATCHED_AFTER else MirrorState.IMPORTED
    put_off(movement=movement, reason=reason, now=now, state=state)


def put_off(*, movement: BalanceTransaction, reason: str, now: datetime, state: str) -> None:
    """Write down why and until when it waits, unless somebody has taken it or opened it again meanwhile."""
    pause = min(LONGEST_WAIT, max(FIRST_WAIT, (now - movement.imported_at) / 2))
    untouched = BalanceTransaction.objects.filter(
        id=movement.id, state=movement.state, next_attempt_at=movement.next_attempt_at
    )
    untouched.update(state=state, note=reason[:500], next_attempt_at=now + pause)


def try_again(*, balance_transaction_ids: list[str], now: datetime) -> int:
    """Open movements again that match nothing or differ, for a person who has seen to their cause; how many."""
    stuck = BalanceTransaction.objects.filter(id__in=balance_transaction_ids).exclude(state=MirrorState.POSTED)
    return stuck.update(state=MirrorState.IMPORTED, next_attempt_at=now)
