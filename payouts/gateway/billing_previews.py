"""What a change of a subscription would cost. Source: https://docs.stripe.com/api/invoices/create_preview"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import stripe

from payouts.gateway.amounts import from_stripe
from payouts.gateway.client import client
from payouts.gateway.failures import translated
from payouts.gateway.reading import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedLine:
    """One line of an invoice that is not made: what it is for, and its amount, below zero where it is a credit."""

    words: str
    amount_minor: int
    starts_at: datetime
    ends_at: datetime
    is_proration: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedInvoice:
    """An invoice as Stripe would make it. `carried_minor` goes on to the next: a credit if below zero, else owed."""

    due_minor: int
    carried_minor: int
    currency: str
    lines: tuple[PreviewedLine, ...]


def change_now(*, subscription_id: str, item_id: str, price_id: str, at: datetime) -> PreviewedInvoice:
    """The invoice that taking another price makes at once, when the difference is charged now."""
    return _preview(subscription_id, item_id, price_id, at=at, behaviour="always_invoice")


def next_after_change(*, subscription_id: str, item_id: str, price_id: str, at: datetime) -> PreviewedInvoice:
    """The next month's invoice after taking another price, when the difference waits for it."""
    return _preview(subscription_id, item_id, price_id, at=at, behaviour="create_prorations")


def _preview(
    subscription_id: str,
    item_id: str,
    price_id: str,
    *,
    at: datetime,
    behaviour: Literal["always_invoice", "create_prorations"],
) -> PreviewedInvoice:
    with translated():
        return _read(
            client().v1.invoices.create_preview(
                {
                    "subscription": subscription_id,
                    "subscription_details": {
                        "items": [{"id": item_id, "price": price_id}],
                        "proration_behavior": behaviour,
                        "proration_date": int(at.timestamp()),
                    },
                }
            )
        )


def _read(found: stripe.Invoice) -> PreviewedInvoice:
    currency = found.currency.upper()
    return PreviewedInvoice(
        due_minor=from_stripe(found.amount_due, currency),
        carried_minor=from_stripe(found.ending_balance or 0, currency),
        currency=currency,
        lines=tuple(_line(line, currency) for line in found.lines.data),
    )


def _line(line: stripe.InvoiceLineItem, currency: str) -> PreviewedLine:
    details = line.parent.subscription_item_details if line.parent else None
    return PreviewedLine(
        words=line.description or "",
        amount_minor=from_stripe(line.amount, currency),
        starts_at=moment(line.period.start),
        ends_at=moment(line.period.end),
        is_proration=bool(details and details.proration),
    )
