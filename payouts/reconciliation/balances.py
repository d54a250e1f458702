"""The totals: Stripe's balance by currency and side, against the two accounts of the ledger that mirror it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from ledger import accounts
from ledger.queries import balances
from payouts.gateway import lookups
from payouts.models import BalanceTransaction, BreakKind, MirrorState, ReconciliationBreak
from payouts.reconciliation import causes
from payouts.reconciliation.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One currency. `explained_minor` is what Stripe has more by the rows: movements not posted, and open breaks."""

    currency: str
    stripe_available_minor: int
    stripe_pending_minor: int
    ledger_available_minor: int
    ledger_pending_minor: int
    explained_minor: int

    @property
    def unexplained_minor(self) -> int:
        """What Stripe has more than the ledger and no row accounts for."""
        stripe = self.stripe_available_minor + self.stripe_pending_minor
        ledger = self.ledger_available_minor + self.ledger_pending_minor
        return stripe - ledger - self.explained_minor

    @property
    def side_minor(self) -> int:
        """What is available at Stripe and pending here; 0 while something else differs."""
        if self.unexplained_minor or self.explained_minor:
            return 0
        return self.stripe_available_minor - self.ledger_available_minor


def totals() -> list[Total]:
    """Ask Stripe, and compare every currency that either side has.

    Raises StripeUnavailableError or StripeRefusedError.
    """
    theirs = lookups.platform_balance()
    ours = balances(accounts=[accounts.STRIPE_AVAILABLE, accounts.STRIPE_PENDING])
    explained = _explained()
    currencies = sorted({*theirs, *(currency for _, currency in ours), *explained})
    return [
        Total(
            currency=currency,
            stripe_available_minor=theirs.get(currency, (0, 0))[0],
            stripe_pending_minor=theirs.get(currency, (0, 0))[1],
            ledger_available_minor=ours.get((accounts.STRIPE_AVAILABLE, currency), 0),
            ledger_pending_minor=ours.get((accounts.STRIPE_PENDING, currency), 0),
            explained_minor=explained.get(currency, 0),
        )
        for currency in currencies
    ]


def _explained() -> dict[str, int]:
    """By currency: movements that are not posted, however young, and the open breaks of those that are."""
    found: dict[str, int] = defaultdict(int)
    unposted = BalanceTransaction.objects.exclude(state=MirrorState.POSTED).order_by()
    for currency, net_minor in unposted.values_list("currency").annotate(Sum("net_minor")):
        found[currency] += net_minor
    of_postings = ReconciliationBreak.objects.filter(
        resolved_at__isnull=True, kind__in=(BreakKind.AMOUNT, BreakKind.POSTING_WITHOUT_MOVEMENT)
    ).order_by()
    for currency, amount_minor in of_postings.values_list("currency").annotate(Sum("amount_minor")):
        found[currency] += amount_minor
    return dict(found)


def findings(found: list[Total], *, behind: bool, now: datetime) -> list[Finding]:
    """What of the totals nothing explains."""
    due = _due(now) if any(total.side_minor for total in found) else {}
    results = []
    for total in found:
        if total.unexplained_minor:
            results.append(
                _finding(
                    BreakKind.BALANCE, total, total.unexplained_minor, causes.of_balance(pages_behind=behind), now
                )
            )
        if total.side_minor:
            cause = causes.of_side(due.get(total.currency, 0))
            results.append(_finding(BreakKind.SIDE, total, total.side_minor, cause, now))
    return results


def _due(now: datetime) -> dict[str, int]:
    unsettled = BalanceTransaction.objects.filter(
        state=MirrorState.POSTED, settled_at__isnull=True, available_on__lte=now
    ).order_by()
    return dict(unsettled.values_list("currency").annotate(Count("id")))


def _finding(kind: BreakKind, total: Total, amount_minor: int, cause: str, now: datetime) -> Finding:
    return Finding(
        key=f"{kind.value}:{total.currency}",
        kind=kind,
        amount_minor=amount_minor,
        currency=total.currency,
        cause=cause,
        since=now,
    )
