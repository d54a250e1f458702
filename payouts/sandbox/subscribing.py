"""The life of a subscription on the clock: start, trial, renewal, grace, end
(https://docs.stripe.com/billing/subscriptions/overview)."""

from payouts.sandbox import invoicing, periods, prorations
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import invalid
from payouts.sandbox.resources import payment_methods, products
from payouts.sandbox.store import Json, new_id

_DAY_S = 86_400
_INCOMPLETE_S = 23 * 3600
_LIVE = ("trialing", "active", "past_due", "incomplete", "unpaid", "paused")


def start(sandbox: Sandbox, *, customer: str, items: list[Json], data: Json, paid_by: Json | None = None) -> Json:
    """A subscription with its first invoice finalized; `paid_by` is the intent of a checkout that already paid it."""
    if not items:
        raise invalid("Missing required param: items.", param="items", code="parameter_missing")
    prices = [products.of_item(sandbox, item, param=f"items[{n}]") for n, item in enumerate(items)]
    if any(price["recurring"] is None for price in prices):
        raise invalid("The price specified is set to `type=one_time` but this field only accepts prices with "
                      "`type=recurring`.", param="items[0][price]")  # fmt: skip
    now, subscription_id = sandbox.clock.now(), new_id("sub")
    trial_end = _trial_end(now, data)
    end = trial_end or periods.after(now, prices[0]["recurring"], anchor=now)
    made = [_item(sandbox, subscription_id, price, item, now, end) for price, item in zip(prices, items, strict=True)]
    method = data.get("default_payment_method")
    subscription = sandbox.create(
        "subscription", "sub", id=subscription_id, automatic_tax={"disabled_reason": None, "enabled": False,
                                                                  "liability": None},
        billing_cycle_anchor=trial_end or now, billing_mode={"flexible": None, "type": "flexible"},
        billing_schedules=[], cancel_at_period_end=bool(data.get("cancel_at_period_end")),
        currency=prices[0]["currency"], customer=customer,
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically",
        default_payment_method=payment_methods.find(sandbox, method)["id"] if method else None,
        default_tax_rates=[], description=data.get("description"), discounts=[],
        invoice_settings={"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None,
                          "issuer": {"account": None, "type": "self"}},
        items={"object": "list", "data": made, "has_more": False,
               "url": f"/v1/subscription_items?subscription={subscription_id}"},
        metadata=merge_metadata({}, data.get("metadata")), start_date=now,
        payment_settings={"payment_method_options": None, "payment_method_types": None,
                          "save_default_payment_method": "off"},
        status="trialing" if trial_end else "incomplete", trial_end=trial_end, trial_start=now if trial_end else None,
        trial_settings={"end_behavior": {"missing_payment_method": "create_invoice"}},
    )  # fmt: skip
    _schedule(sandbox, subscription, end)
    _first_invoice(sandbox, subscription, paid_by)
    sandbox.emit("customer.subscription.created", sandbox.get("subscription", subscription_id))
    return sandbox.get("subscription", subscription_id)


def cancel(sandbox: Sandbox, subscription: Json, details: Json) -> Json:
    """End it now."""
    for kind in ("subscription.renew", "subscription.trial_will_end", "subscription.expire", "subscription.cancel_at"):
        sandbox.clock.cancel(kind, subscription["id"])
    invoicing.stop_collecting(sandbox, subscription["id"])
    now = sandbox.clock.now()
    sandbox.save(subscription, status="canceled", canceled_at=subscription["canceled_at"] or now, ended_at=now,
                 cancellation_details=subscription["cancellation_details"] | details)  # fmt: skip
    sandbox.emit("customer.subscription.deleted", subscription)
    return subscription


@timer("subscription.renew")
def renew(sandbox: Sandbox, subscription_id: str) -> None:
    """The period is over: end as asked, or begin the next one with a draft invoice."""
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] not in ("trialing", "active", "past_due"):
        return
    if subscription["cancel_at_period_end"]:
        cancel(sandbox, subscription, {})
        return
    now, trialing = sandbox.clock.now(), subscription["status"] == "trialing"
    previous = {"items": subscription["items"]["data"][0] | {}, "status": subscription["status"]}
    anchor = now if trialing else subscription["billing_cycle_anchor"]
    for item in subscription["items"]["data"]:
        item["current_period_start"] = now
        item["current_period_end"] = periods.after(now, item["price"]["recurring"], anchor=anchor)
    end = subscription["items"]["data"][0]["current_period_end"]
    sandbox.clock.cancel("subscription.renew", subscription_id)
    sandbox.save(subscription, billing_cycle_anchor=anchor, status="active" if trialing else subscription["status"],
                 trial_end=min(now, subscription["trial_end"]) if trialing else subscription["trial_end"])  # fmt: skip
    _schedule(sandbox, subscription, end)
    lines = [prorations.line(sandbox, subscription, item) for item in subscription["items"]["data"]]
    lines += prorations.take_pending(sandbox, subscription)
    invoice = invoicing.draft(sandbox, subscription=subscription, lines=lines, reason="subscription_cycle")
    sandbox.clock.schedule(sandbox.clock.now_s() + invoicing.DRAFT_S, "invoice.finalize", invoice["id"])
    sandbox.save(subscription, latest_invoice=invoice["id"])
    sandbox.emit("customer.subscription.updated", subscription, previous=previous)


@timer("subscription.trial_will_end")
def _trial_will_end(sandbox: Sandbox, subscription_id: str) -> None:
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] == "trialing":
        sandbox.emit("customer.subscription.trial_will_end", subscription)


@timer("subscription.expire")
def _expire(sandbox: Sandbox, subscription_id: str) -> None:
    """The first invoice was not paid within 23 hours."""
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] == "incomplete":
        invoicing.close(sandbox, sandbox.get("invoice", subscription["latest_invoice"]), "void")
        sandbox.save(subscription, status="incomplete_expired", ended_at=sandbox.clock.now())
        sandbox.clock.cancel("subscription.renew", subscription_id)
        sandbox.emit("customer.subscription.updated", subscription, previous={"status": "incomplete"})


@timer("subscription.cancel_at")
def _cancel_at(sandbox: Sandbox, subscription_id: str) -> None:
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] in _LIVE:
        cancel(sandbox, subscription, {})


@timer("subscription.invoice_changed")
def settle_status(sandbox: Sandbox, invoice_id: str) -> None:
    """Follow the latest invoice: active when it is paid, past_due while it is retried, ended when nobody retries it
    (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses)."""
    invoice = sandbox.get("invoice", invoice_id)
    subscription = sandbox.get("subscription", invoice["parent"]["subscription_details"]["subscription"])
    before = subscription["status"]
    if before not in _LIVE or subscription["latest_invoice"] != invoice_id or before == "trialing":
        return
    if invoice["status"] == "paid" and before != "active":
        sandbox.clock.cancel("subscription.expire", subscription["id"])
        sandbox.save(subscription, status="active")
    elif invoice["status"] == "open" and invoice["billing_reason"] == "subscription_cycle" and invoice["attempted"]:
        if invoice["next_payment_attempt"] is None:
            cancel(sandbox, subscription, {"reason": "payment_failed"})
            return
        sandbox.save(subscription, status="past_due")
    if subscription["status"] != before:
        sandbox.emit("customer.subscription.updated", subscription, previous={"status": before})


def _first_invoice(sandbox: Sandbox, subscription: Json, paid_by: Json | None) -> None:
    trial = subscription["status"] == "trialing"
    lines = [prorations.line(sandbox, subscription, item, trial=trial) for item in subscription["items"]["data"]]
    invoice = invoicing.draft(sandbox, subscription=subscription, lines=lines, reason="subscription_create")
    sandbox.save(subscription, latest_invoice=invoice["id"])
    invoicing.finalize(sandbox, invoice, paid_by=paid_by)
    if sandbox.get("invoice", invoice["id"])["status"] == "paid":
        if not trial:
            sandbox.save(subscription, status="active")
    else:
        sandbox.clock.schedule(sandbox.clock.now() + _INCOMPLETE_S, "subscription.expire", subscription["id"])


def _schedule(sandbox: Sandbox, subscription: Json, end: int) -> None:
    sandbox.clock.schedule(end, "subscription.renew", subscription["id"])
    if subscription["status"] == "trialing":
        warn = max(sandbox.clock.now(), end - 3 * _DAY_S)
        sandbox.clock.schedule(warn, "subscription.trial_will_end", subscription["id"])


def _trial_end(now: int, data: Json) -> int | None:
    if data.get("trial_period_days"):
        return now + int(data["trial_period_days"]) * _DAY_S
    end = data.get("trial_end")
    return int(end) if end and end != "now" else None


def _item(sandbox: Sandbox, subscription: str, price: Json, item: Json, start_: int, end: int) -> Json:  # noqa: PLR0917
    return sandbox.create(
        "subscription_item", "si", length=14, billed_until=None, current_period_start=start_, current_period_end=end,
        metadata=merge_metadata({}, item.get("metadata")), plan=prorations.plan_of(price), price=price,
        quantity=item.get("quantity", 1), subscription=subscription, tax_rates=[],
    )  # fmt: skip
