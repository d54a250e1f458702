"""To whom a balance transaction belongs, and what follows."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from ledger.errors import LedgerError
from payouts.balance_transactions.registry import bulk_taker_of, takers_of
from payouts.balance_transactions.waiting import put_off, wait
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.models import BalanceTransaction, MirrorState
from payouts.models.balance_transaction import WAITING_STATES

log = structlog.get_logger(__name__)

WORTH_IT = 5
"""Fewer movements go one by one."""


def take_many(*, movements: Sequence[BalanceTransaction], now: datetime) -> set[str]:
    """Have those posted that can be posted together; answers their ids. Never raises: the others go one by one."""
    taken: set[str] = set()
    for taker in {bulk_taker_of(movement.type) for movement in movements}:
        mine = [movement for movement in movements if bulk_taker_of(movement.type) is taker]
        if taker is None or len(mine) < WORTH_IT:
            continue
        try:
            taken |= taker(movements=mine, now=now)
        except Exception:
            log.exception("balance_transactions.batch_failed", count=len(mine))
    return taken


def take(*, movement: BalanceTransaction, now: datetime) -> None:
    """Have an imported movement posted, or say why it is not and when to ask again. Outside any transaction.

    Never raises: one that cannot be taken now must not keep the others waiting.
    """
    takers = takers_of(movement.type)
    try:
        if any(taker(movement=movement, now=now) for taker in takers):
            return
    except UnknownObjectError as error:
        wait(movement=movement, reason=str(error), now=now)
    except (ContradictionError, LedgerError) as error:
        log.exception("balance_transaction.mismatch", type=movement.type)
        _mismatch(movement, str(error))
    except Exception as error:
        log.exception("balance_transaction.failed", type=movement.type)
        put_off(movement=movement, reason=f"{type(error).__name__}: {error}", now=now, state=movement.state)
    else:
        what = (
            f"a {movement.type} of nothing that is known here" if takers else f"nothing here makes a {movement.type}"
        )
        wait(movement=movement, reason=what, now=now)


def _mismatch(movement: BalanceTransaction, note: str) -> None:
    waiting = BalanceTransaction.objects.filter(id=movement.id, state__in=WAITING_STATES)
    waiting.update(state=MirrorState.MISMATCH, note=note[:500])
