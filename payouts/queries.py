"""What others may ask about payees, payouts and the health of the machinery. Amounts are minor units by currency."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Min, QuerySet, Sum

from ledger import accounts
from ledger.queries import balances
from payouts.models import PAID_STATES, EventState, Heartbeat, Payout, PayoutState, SaleShare, StripeEvent

WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """What a payee has in one currency, by state; what is owed to them is above zero."""

    currency: str
    pending_minor: int
    available_minor: int
    reserved_minor: int
    in_transit_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutStep:
    """One step of a payout: done at a time, or still to come."""

    name: str
    label: str
    at: datetime | None
    reference: str = ""
    expected_on: date | None = None


def earnings(*, payee_id: UUID) -> list[Earnings]:
    """Every currency that a payee ever earned in, by code: two queries."""
    stage_of = {accounts.payable(payee_id, stage): stage for stage in accounts.STAGES}
    owed: dict[str, dict[str, int]] = defaultdict(dict)
    for (code, currency), balance_minor in balances(accounts=list(stage_of)).items():
        owed[currency][f"{stage_of[code]}_minor"] = -balance_minor  # the ledger has what is owed below zero
    for currency, paid_minor in paid_out(payee_id=payee_id).items():
        owed[currency]["paid_minor"] = paid_minor
    names = [f"{stage}_minor" for stage in accounts.STAGES] + ["paid_minor"]
    return [
        Earnings(currency=currency, **{name: owed[currency].get(name, 0) for name in names})
        for currency in sorted(owed)
    ]


def paid_out(*, payee_id: UUID) -> dict[str, int]:
    """What has reached a payee's bank and stayed there, by currency: one query."""
    arrived = Payout.objects.filter(payee_id=payee_id, state=PayoutState.PAID).order_by()
    return dict(arrived.values_list("currency").annotate(Sum("amount_minor")))


def sales_of(*, payee_id: UUID) -> QuerySet[SaleShare]:
    """A payee's parts in paid sales, latest first, each with its sale."""
    shares = SaleShare.objects.filter(payee_id=payee_id, sale__state__in=PAID_STATES)
    return shares.select_related("sale").order_by("-sale__paid_at", "-sale__id")


def payouts_of(*, payee_id: UUID) -> QuerySet[Payout]:
    """A payee's payouts, latest first, each with its run."""
    return Payout.objects.filter(payee_id=payee_id).select_related("run").order_by("-reserved_at", "id")


def steps_of(*, payout_id: UUID) -> list[PayoutStep]:
    """The steps of a payout, those to come included: one query.

    Raises:
        Payout.DoesNotExist: there is no such payout.
    """
    return payout_steps(Payout.objects.get(id=payout_id))


def payout_steps(payout: Payout) -> list[PayoutStep]:
    """The same for one that is loaded."""
    steps = [
        PayoutStep(name="reserved", label="Set aside", at=payout.reserved_at),
        PayoutStep(
            name="transferred",
            label="Moved to the payee's Stripe account",
            at=payout.transferred_at,
            reference=payout.transfer_id,
        ),
        PayoutStep(
            name="sent",
            label="Sent to the bank",
            at=payout.sent_at,
            reference=payout.stripe_payout_id,
        ),
        PayoutStep(
            name="paid",
            label="Paid",
            at=payout.paid_at,
            reference=payout.stripe_payout_id,
            expected_on=payout.arrives_on,
        ),
    ]
    if payout.failed_at is None:
        return steps
    return [step for step in steps if step.at is not None] + _failed_steps(payout)


def _failed_steps(payout: Payout) -> list[PayoutStep]:
    returned = PayoutStep(name="returned", label="Returned", at=payout.returned_at, reference=payout.reversal_id)
    return [PayoutStep(name="failed", label="Failed", at=payout.failed_at), returned]


def worker_seen_at() -> datetime | None:
    """When a worker last answered (real time), or None."""
    return Heartbeat.objects.filter(name=WORKER).values_list("seen_at", flat=True).first()


def oldest_unprocessed_event_at() -> datetime | None:
    """When the oldest event that still waits for a worker was received (real time), or None.

    One that waits for its object says nothing about the workers.
    """
    unprocessed = StripeEvent.objects.filter(state=EventState.RECEIVED)
    found: datetime | None = unprocessed.aggregate(at=Min("received_at"))["at"]
    return found
