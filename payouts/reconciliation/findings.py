"""Compare, and say what differs. Each function looks at a bounded set of rows and changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger import accounts
from ledger.queries import Moved, known_keys, moved_by
from payouts.models import BalanceTransaction, BreakKind, MirrorState
from payouts.reconciliation import causes

SIDES = (accounts.STRIPE_PENDING, accounts.STRIPE_AVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference: what Stripe has more than the ledger."""

    key: str
    kind: BreakKind
    amount_minor: int
    currency: str
    cause: str
    since: datetime
    movement_id: str = ""
    posting_key: str = ""


def of_unposted(movements: Iterable[BalanceTransaction]) -> list[Finding]:
    """Movements that no posting carries: all of them are differences."""
    return [_unposted(movement) for movement in movements if movement.state != MirrorState.POSTED]


def _unposted(movement: BalanceTransaction) -> Finding:
    return Finding(
        key=f"movement:{movement.id}",
        kind=BreakKind.MOVEMENT_WITHOUT_POSTING,
        amount_minor=movement.net_minor,
        currency=movement.currency,
        cause=causes.of_movement(movement),
        since=movement.created_at,
        movement_id=movement.id,
    )


def of_posted(posting_keys: Sequence[str]) -> list[Finding]:
    """Where movements say one amount and their posting moved another; all movements of a key count together."""
    nets: dict[tuple[str, str], int] = defaultdict(int)
    first: dict[str, BalanceTransaction] = {}
    for movement in BalanceTransaction.objects.filter(posting_key__in=posting_keys, state=MirrorState.POSTED).order_by(
        "created_at", "id"
    ):
        nets[movement.posting_key, movement.currency] += movement.net_minor
        first.setdefault(movement.posting_key, movement)
    booked = _by_key(moved_by(keys=list(first), accounts=SIDES))
    known = known_keys(keys=list(first))
    missing = [_unposted(first[key]) for key in first if key not in known]
    differing = [
        _amount(first[key], currency, nets.get((key, currency), 0) - booked.get((key, currency), 0))
        for key, currency in sorted({*nets, *booked})
        if key in known and nets.get((key, currency), 0) != booked.get((key, currency), 0)
    ]
    return missing + differing


def _amount(movement: BalanceTransaction, currency: str, difference_minor: int) -> Finding:
    return Finding(
        key=f"amount:{movement.posting_key}:{currency}",
        kind=BreakKind.AMOUNT,
        amount_minor=difference_minor,
        currency=currency,
        cause=causes.of_amount(difference_minor, fee_minor=movement.fee_minor),
        since=movement.created_at,
        movement_id=movement.id,
        posting_key=movement.posting_key,
    )


def of_postings(moved: Iterable[Moved]) -> list[Finding]:
    """Postings that changed Stripe's balance in the ledger, and that no movement names."""
    changed = [each for each in moved if each.amount_minor]
    named = BalanceTransaction.objects.filter(posting_key__in=[each.key for each in changed])
    keys = set(named.values_list("posting_key", flat=True))
    return [
        Finding(
            key=f"posting:{each.key}:{each.currency}",
            kind=BreakKind.POSTING_WITHOUT_MOVEMENT,
            amount_minor=-each.amount_minor,
            currency=each.currency,
            cause=causes.of_posting(each.key),
            since=each.effective_at,
            posting_key=each.key,
        )
        for each in changed
        if each.key not in keys
    ]


def _by_key(moved: Iterable[Moved]) -> dict[tuple[str, str], int]:
    return {(each.key, each.currency): each.amount_minor for each in moved}
