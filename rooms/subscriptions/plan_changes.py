"""Changing to another plan of the same creator's: what it costs is shown before it is confirmed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payouts.errors import SubscriptionChangeError
from payouts.subscriptions.changing import change_price
from payouts.subscriptions.previewing import ChangePreview, preview_change
from rooms.errors import PlanNotSoldError, SubscriptionNotChangedError
from rooms.models import Plan, Subscription
from rooms.subscriptions.operations import carried_out, own


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A change that can be confirmed."""

    subscription: Subscription
    plan: Plan
    costs: ChangePreview


def preview_plan(*, subscription_id: UUID, subscriber_id: UUID, plan_id: UUID, now: datetime) -> PlanChange:
    """What the change costs now, and what the next invoice is. Outside any transaction; changes nothing.

    Raises:
        SubscriptionNotFoundError: not a subscription of this person.
        PlanNotSoldError: no such plan of this creator's is on sale.
        SubscriptionNotChangedError: it cannot be changed just now, or Stripe cannot be reached.
    """
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    plan = _plan_on_sale(found, plan_id)
    try:
        costs = preview_change(subscription_id=found.billing_id, price_id=plan.billing_id, prorated_at=None, now=now)
    except SubscriptionChangeError as error:
        raise SubscriptionNotChangedError(subscription_id=found.id, reason=error.reason) from error
    return PlanChange(subscription=found, plan=plan, costs=costs)


def take_plan(
    *,
    subscription_id: UUID,
    subscriber_id: UUID,
    plan_id: UUID,
    prorated_at: datetime | None = None,
    instead_of: UUID | None = None,
    now: datetime,
) -> Subscription:
    """Change to another plan of the same creator. Outside any transaction.

    A dearer one charges the difference for the rest of the month now, a cheaper one is credited on the next invoice.
    `prorated_at` and `instead_of`, the plan at that time, make it cost what was shown, or nothing at all.

    Raises:
        SubscriptionNotFoundError: not a subscription of this person.
        PlanNotSoldError: no such plan of this creator's is on sale.
        SubscriptionNotChangedError: the card was refused, say; nothing was changed.
    """
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    plan = _plan_on_sale(found, plan_id)
    billing_id, price_id = found.billing_id, plan.billing_id

    def decide() -> UUID | None:
        if price_id == found.billing.price_id:
            return None
        if instead_of not in {None, found.plan_id}:
            raise SubscriptionChangeError("Your plan was changed meanwhile. Look at the new figures, then confirm")
        # Asked again: a change that leaves more credit than the next month takes is refused there.
        shown = preview_change(subscription_id=billing_id, price_id=price_id, prorated_at=prorated_at, now=now)
        return change_price(subscription_id=billing_id, price_id=price_id, prorated_at=shown.prorated_at, now=now)

    return carried_out(found, decide)


def _plan_on_sale(found: Subscription, plan_id: UUID) -> Plan:
    plans = Plan.objects.select_related("billing", "creator__payee")
    plan = plans.filter(id=plan_id, creator_id=found.creator_id, retired_at__isnull=True).first()
    if plan is None or not plan.is_ready:
        raise PlanNotSoldError(plan_id=plan_id, retired=plan is None)
    return plan
