"""The invoice that a change of a subscription would make, or else the next one
(https://docs.stripe.com/api/invoices/create_preview).

It is made as the real one is made and then taken back, so both come from the same code.
"""

from stripe.params import InvoiceCreatePreviewParams

from payouts.sandbox import invoicing, periods, prorations
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.routing import Call, endpoint
from payouts.sandbox.store import Json


@endpoint("POST", "/v1/invoices/create_preview", InvoiceCreatePreviewParams)
def create_preview(call: Call) -> Json:
    """With `proration_behavior=always_invoice` the one that the change makes now; else the next period's."""
    sandbox, params = call.sandbox, call.params
    if "subscription" not in params:
        raise StripeError("The sandbox previews invoices of subscriptions alone: see docs/sandbox.md.",
                          param="subscription")  # fmt: skip
    with sandbox.store.undone():
        invoice = _drafted(sandbox, params["subscription"], params.get("subscription_details") or {})
    return invoice | {"id": f"upcoming_{invoice['id']}", "hosted_invoice_url": None}


def _drafted(sandbox: Sandbox, subscription_id: str, details: Json) -> Json:
    subscription = sandbox.get("subscription", subscription_id, param="subscription")
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid("You cannot preview an invoice of a canceled subscription.", param="subscription")
    behaviour = details.get("proration_behavior")
    changed_now = False
    if "items" in details:
        changed_now = prorations.exchange(
            sandbox, subscription, details["items"], behaviour, details.get("proration_date")
        ) or (behaviour == "always_invoice" and subscription["status"] != "trialing")
    lines = prorations.take_pending(sandbox, subscription)
    if not changed_now:
        lines = [*_next_period(sandbox, subscription), *lines]
    reason = "subscription_update" if changed_now else "upcoming"
    invoice = invoicing.draft(sandbox, subscription=subscription, lines=lines, reason=reason)
    balance = min(0, invoice["starting_balance"] + invoice["total"])
    end = subscription["items"]["data"][0]["current_period_end"]
    invoice |= {"ending_balance": balance, "next_payment_attempt": None if changed_now else end + invoicing.DRAFT_S}
    return invoice


def _next_period(sandbox: Sandbox, subscription: Json) -> list[Json]:
    lines = []
    for item in subscription["items"]["data"]:
        start = item["current_period_end"]
        anchor = start if subscription["status"] == "trialing" else subscription["billing_cycle_anchor"]
        end = periods.after(start, item["price"]["recurring"], anchor=anchor)
        following = item | {"current_period_start": start, "current_period_end": end}
        lines.append(prorations.line(sandbox, subscription, following))
    return lines
