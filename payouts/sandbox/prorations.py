"""Invoice lines of subscriptions, and what a change in mid-period credits and charges
(https://docs.stripe.com/billing/subscriptions/prorations)."""

from payouts.sandbox import invoicing, periods
from payouts.sandbox.core import Sandbox
from payouts.sandbox.defaults import blank
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import products
from payouts.sandbox.store import Json, new_id


def line(sandbox: Sandbox, subscription: Json, item: Json, *, trial: bool = False) -> Json:
    """The line of one item for its current period; free during a trial."""
    amount = 0 if trial else item["price"]["unit_amount"] * item["quantity"]
    about = "Trial period for" if trial else f"{item['quantity']} \N{MULTIPLICATION SIGN}"
    return _line(
        subscription, item, amount=amount, start=item["current_period_start"], end=item["current_period_end"],
        description=f"{about} {_name(sandbox, item)}", proration=False,
    )  # fmt: skip


def change(
    sandbox: Sandbox, subscription: Json, changes: list[Json], behaviour: str | None, at: int | None = None
) -> None:
    """Change prices and quantities of items; the difference for the rest of the period (from `at`, where given) waits
    for the next invoice, is invoiced now (`always_invoice`, or another interval), or is dropped (`none`)."""
    if exchange(sandbox, subscription, changes, behaviour, at) or behaviour == "always_invoice":
        invoice_pending(sandbox, subscription)


def exchange(
    sandbox: Sandbox, subscription: Json, changes: list[Json], behaviour: str | None, at: int | None = None
) -> bool:
    """The same without invoicing it; whether a new cycle began, which is always invoiced now."""
    behaviour = behaviour or "create_prorations"
    at = _moment(sandbox, subscription, at)
    new_cycle = False
    for number, wanted in enumerate(changes):
        item = _item(subscription, wanted, number)
        before = dict(item)
        if "price" in wanted or "price_data" in wanted:
            item["price"] = products.of_item(sandbox, wanted, param=f"items[{number}]")
            item["plan"] = plan_of(item["price"])
        item["quantity"] = wanted.get("quantity", item["quantity"])
        if item["price"]["currency"] != before["price"]["currency"]:
            raise invalid("The currency of a subscription cannot change.", param="items")
        cycle = item["price"]["recurring"]
        same = all(cycle[name] == before["price"]["recurring"][name] for name in ("interval", "interval_count"))
        new_cycle = new_cycle or not same
        if subscription["status"] != "trialing":
            _prorate(sandbox, subscription, before, item, behaviour=behaviour, new_cycle=not same, at=at)
        sandbox.save(item)
    sandbox.save(subscription)
    return new_cycle


def credit_rest(sandbox: Sandbox, subscription: Json) -> None:
    """Credit the unused time of every item."""
    for item in subscription["items"]["data"]:
        _pending(sandbox, subscription, item, sign=-1, at=sandbox.clock.now())


def invoice_pending(sandbox: Sandbox, subscription: Json) -> None:
    """Invoice waiting lines now and charge them; a credit stays with the customer."""
    lines = take_pending(sandbox, subscription)
    if not lines:
        return
    invoice = invoicing.draft(sandbox, subscription=subscription, lines=lines, reason="subscription_update")
    sandbox.save(subscription, latest_invoice=invoice["id"])
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open":
        try:
            invoicing.pay(sandbox, invoice)
        except StripeError:
            # No card to charge: the invoice stays open, as at Stripe.
            return


def take_pending(sandbox: Sandbox, subscription: Json) -> list[Json]:
    """The lines that wait for the subscription's next invoice."""
    waiting: list[Json] = sandbox.store.hidden(subscription["id"]).get("pending_lines", [])
    sandbox.store.hide(subscription["id"], pending_lines=[])
    return waiting


def plan_of(price: Json) -> Json:
    """The legacy `plan` that items still carry."""
    recurring = price["recurring"]
    return {
        "id": price["id"], "object": "plan", "active": price["active"], "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"], "billing_scheme": "per_unit", "created": price["created"],
        "currency": price["currency"], "interval": recurring["interval"],
        "interval_count": recurring["interval_count"], "livemode": False, "metadata": price["metadata"],
        "meter": None, "nickname": price["nickname"],
        "product": price["product"], "tiers_mode": None, "transform_usage": None, "trial_period_days": None,
        "usage_type": "licensed",
    }  # fmt: skip


def _item(subscription: Json, wanted: Json, number: int) -> Json:
    items: list[Json] = subscription["items"]["data"]
    if wanted.get("deleted") or ("id" not in wanted and len(items) != 1):
        raise invalid("The sandbox changes items in place: name the item's id.", param=f"items[{number}]")
    for item in items:
        if wanted.get("id", item["id"]) == item["id"]:
            return item
    raise invalid(
        f"No such subscription item: '{wanted['id']}'", param=f"items[{number}][id]", code="resource_missing"
    )


def _moment(sandbox: Sandbox, subscription: Json, at: int | None) -> int:
    """When a change counts from: now, or a moment of the present period (`proration_date`)."""
    if at is None:
        return sandbox.clock.now()
    item = subscription["items"]["data"][0]
    if not item["current_period_start"] <= at <= item["current_period_end"]:
        raise invalid("`proration_date` must be within the current billing period.", param="proration_date")
    return at


def _prorate(
    sandbox: Sandbox, subscription: Json, before: Json, item: Json, *, behaviour: str, new_cycle: bool, at: int
) -> None:
    if behaviour != "none":
        _pending(sandbox, subscription, before, sign=-1, at=at)
    if new_cycle:
        now = sandbox.clock.now()
        end = periods.after(now, item["price"]["recurring"], anchor=now)
        item |= {"current_period_start": now, "current_period_end": end}
        subscription["billing_cycle_anchor"] = now
        sandbox.clock.cancel("subscription.renew", subscription["id"])
        sandbox.clock.schedule(end, "subscription.renew", subscription["id"])
        _wait(sandbox, subscription, line(sandbox, subscription, item))
    elif behaviour != "none":
        _pending(sandbox, subscription, item, sign=1, at=at)


def _pending(sandbox: Sandbox, subscription: Json, item: Json, *, sign: int, at: int) -> None:
    start, end = item["current_period_start"], item["current_period_end"]
    amount = sign * periods.share(item["price"]["unit_amount"] * item["quantity"], start, end, at)
    about = "Unused time on" if sign < 0 else "Remaining time on"
    name = _name(sandbox, item)
    _wait(sandbox, subscription, _line(subscription, item, amount=amount, start=at, end=end,
                                       description=f"{about} {name}", proration=True))  # fmt: skip


def _wait(sandbox: Sandbox, subscription: Json, waiting: Json) -> None:
    lines = sandbox.store.hidden(subscription["id"]).get("pending_lines", [])
    sandbox.store.hide(subscription["id"], pending_lines=[*lines, waiting])


def _name(sandbox: Sandbox, item: Json) -> str:
    return str(item["price"]["nickname"] or sandbox.get("product", item["price"]["product"])["name"])


def _line(
    subscription: Json, item: Json, *, amount: int, start: int, end: int, description: str, proration: bool
) -> Json:
    price = item["price"]
    details = {"invoice_item": None, "proration": proration, "proration_details": {"credited_items": None},
               "subscription": subscription["id"], "subscription_item": item["id"]}  # fmt: skip
    return blank("line_item") | {
        "id": new_id("il"),
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "metadata": dict(subscription["metadata"]),
        "parent": {"type": "subscription_item_details", "invoice_item_details": None,
                   "subscription_item_details": details},
        "period": {"start": start, "end": end},
        "pricing": {"type": "price_details", "price_details": {"price": price["id"], "product": price["product"]},
                    "unit_amount_decimal": price["unit_amount_decimal"]},
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }  # fmt: skip
