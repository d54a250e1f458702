"""Putting a plan on sale, changing it, and taking it off."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from payouts.subscriptions.prices import open_price, retire_prices
from rooms import locks, money, shares
from rooms.errors import InvalidFieldsError, PlanNotFoundError
from rooms.models import Creator, Plan
from rooms.models.room import DEFAULT_POLICY
from rooms.models.subscription import PERKS_MAX, PLAN_NAME_MAX, TRIAL_DAYS_MAX
from rooms.subscriptions.limits import MONTH_PRICE_MINOR, PLANS_MAX


def open_plan(
    *, creator_id: UUID, name: str, perks: str, price_minor: int, currency: str, trial_days: int, now: datetime
) -> Plan:
    """Put a plan on sale; listeners can subscribe once Stripe has its price, seconds later.

    Raises:
        InvalidFieldsError: by field: name, perks, price, currency, trial_days; or payouts are not set up.
    """
    name, perks = name.strip(), perks.strip()
    with transaction.atomic():
        creator = locks.lock_creator(creator_id)
        payee = creator.payee
        if payee is None or not shares.is_ready(creator):
            raise InvalidFieldsError(
                {"name": ["Set up payouts first: subscribers pay you from their first month on."]}
            )
        _check(creator, name=name, perks=perks, price_minor=price_minor, currency=currency, trial_days=trial_days)
        plan = Plan(
            id=uuid4(), creator=creator, name=name, perks=perks, price_minor=price_minor, currency=currency,
            trial_days=trial_days, opened_at=now,
        )  # fmt: skip
        plan.billing = open_price(
            subject=plan.subject,
            title=_title(creator, name),
            payee_id=payee.id,
            amount_minor=price_minor,
            currency=currency,
            policy_slug=DEFAULT_POLICY,
            now=now,
        )
        plan.save(force_insert=True)
    return plan


def change_plan(
    *, plan_id: UUID, creator_id: UUID, name: str, perks: str, price_minor: int, trial_days: int, now: datetime
) -> Plan:
    """Change a plan that is on sale. Another price is for new subscribers: who subscribed keeps paying the old one.

    Raises:
        PlanNotFoundError: not a plan of this creator's on sale.
        InvalidFieldsError: as `open_plan`.
    """
    name, perks = name.strip(), perks.strip()
    with transaction.atomic():
        creator = locks.lock_creator(creator_id)
        plan = _on_sale(plan_id, creator)
        _check(
            creator, name=name, perks=perks, price_minor=price_minor, currency=plan.currency, trial_days=trial_days,
            plan=plan,
        )  # fmt: skip
        if price_minor != plan.price_minor:
            plan.billing = open_price(
                subject=plan.subject,
                title=_title(creator, name),
                payee_id=plan.billing.payee_id,
                amount_minor=price_minor,
                currency=plan.currency,
                policy_slug=plan.billing.policy_slug,
                now=now,
            )
        plan.name, plan.perks, plan.price_minor, plan.trial_days = name, perks, price_minor, trial_days
        plan.save()
    return plan


def retire_plan(*, plan_id: UUID, creator_id: UUID, now: datetime) -> Plan:
    """Take a plan off sale. Who subscribed goes on, at the same price.

    Raises:
        PlanNotFoundError: not a plan of this creator's on sale.
    """
    with transaction.atomic():
        plan = _on_sale(plan_id, locks.lock_creator(creator_id))
        plan.retired_at = now
        plan.save(update_fields=["retired_at"])
        retire_prices(subject=plan.subject, now=now)
    return plan


def _on_sale(plan_id: UUID, creator: Creator) -> Plan:
    plans = Plan.objects.select_for_update(of=("self",)).select_related("billing")
    plan = plans.filter(id=plan_id, creator=creator, retired_at__isnull=True).first()
    if plan is None:
        raise PlanNotFoundError(plan_id=plan_id)
    return plan


def _title(creator: Creator, name: str) -> str:
    """What Stripe's pages and receipts call it."""
    return f"{creator.display_name}: {name}"


def _check(
    creator: Creator,
    *,
    name: str,
    perks: str,
    price_minor: int,
    currency: str,
    trial_days: int,
    plan: Plan | None = None,
) -> None:
    errors: dict[str, list[str]] = {}
    others = Plan.objects.filter(creator=creator, retired_at__isnull=True)
    if plan is not None:
        others = others.exclude(id=plan.id)
    if not 1 <= len(name) <= PLAN_NAME_MAX:
        errors["name"] = [f"Give the plan a name of 1 to {PLAN_NAME_MAX} characters."]
    elif others.filter(name=name).exists():
        errors["name"] = ["You sell a plan of this name; choose another one."]
    elif plan is None and others.count() >= PLANS_MAX:
        errors["name"] = [f"You sell {PLANS_MAX} plans, which is as many as there can be. Retire one first."]
    if len(perks) > PERKS_MAX:
        errors["perks"] = [f"Use at most {PERKS_MAX} characters; these are {len(perks)}."]
    if not 0 <= trial_days <= TRIAL_DAYS_MAX:
        errors["trial_days"] = [f"A trial lasts 0 to {TRIAL_DAYS_MAX} days."]
    if fault := _price_fault(price_minor, currency):
        errors["price"] = [fault]
    if errors:
        raise InvalidFieldsError(errors)


def _price_fault(price_minor: int, currency: str) -> str:
    allowed = MONTH_PRICE_MINOR.get(currency)
    if allowed is None:
        return f"Plans are sold in {', '.join(MONTH_PRICE_MINOR)}; {currency} is not among them."
    if allowed[0] <= price_minor <= allowed[1]:
        return ""
    lowest, highest = (money.from_minor(minor, currency).amount for minor in allowed)
    return f"A month costs {lowest} to {highest} {currency}."
