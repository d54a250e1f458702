"""`manage.py reconcile`: compare Stripe's balance with the books now, and print every difference."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from config import clock
from ledger.currencies import major
from payouts.drawing import drawn
from payouts.errors import StripeUnavailableError
from payouts.models import BreakKind, ReconciliationBreak
from payouts.reconciliation.balances import Total
from payouts.reconciliation.operations import GRACE, Report, reconcile

UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(since: datetime, now: datetime) -> str:
    """How long ago, in its largest unit: "3 d"."""
    seconds = max(0, int((now - since).total_seconds()))
    size, name = next(((size, name) for size, name in UNITS if seconds >= size), UNITS[-1])
    return f"{seconds // size} {name}"


class Command(BaseCommand):
    """Compare the books with Stripe's balance."""

    help = "Compare Stripe's balance transactions and balance with the books; exits with 1 when anything differs"

    def add_arguments(self, parser: CommandParser) -> None:
        """How to answer."""
        parser.add_argument("--json", action="store_true", help="answer JSON")
        parser.add_argument(
            "--grace-minutes",
            type=float,
            default=GRACE.total_seconds() / 60,
            help="how long one side may wait for the other before it is a difference (default: 10)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Reconcile and print."""
        now = clock.now()
        try:
            report = reconcile(now=now, grace=timedelta(minutes=options["grace_minutes"]))
        except StripeUnavailableError as error:
            raise CommandError(f"Stripe cannot be reached: {error}. Nothing was decided; run it again.") from error
        if options["json"]:
            self.stdout.write(json.dumps(_data(report, now), indent=2))
        else:
            self.stdout.write(drawn(*_tables(report, now)))
        if report.breaks:
            raise SystemExit(1)


def _tables(report: Report, now: datetime) -> list[Table | str]:
    totals = Table(title="Stripe's balance and the ledger", title_justify="left")
    for heading in ("currency", "side", "Stripe", "ledger"):
        totals.add_column(heading, justify="right" if heading in {"Stripe", "ledger"} else "left")
    for total in report.totals:
        for side in ("available", "pending"):
            stripe, ledger = (getattr(total, f"{who}_{side}_minor") for who in ("stripe", "ledger"))
            totals.add_row(
                total.currency, side, str(major(stripe, total.currency)), str(major(ledger, total.currency))
            )
    if not report.breaks:
        return [totals, "No differences."]
    breaks = Table(title=f"{len(report.breaks)} open", title_justify="left")
    for heading in ("what", "Stripe has more", "age", "about", "proposed cause"):
        breaks.add_column(
            heading, justify="right" if heading in {"Stripe has more", "age"} else "left", overflow="fold"
        )
    for found in report.breaks:
        breaks.add_row(
            BreakKind(found.kind).label,
            f"{major(found.amount_minor, found.currency)} {found.currency}",
            age(found.since, now),
            found.movement_id or found.posting_key or found.currency,
            found.cause,
        )
    return [totals, breaks]


def _data(report: Report, now: datetime) -> dict[str, Any]:
    return {
        "totals": [_total(total) for total in report.totals],
        "breaks": [_break(found, now) for found in report.breaks],
    }


def _total(total: Total) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "stripe_available_minor": total.stripe_available_minor,
        "stripe_pending_minor": total.stripe_pending_minor,
        "ledger_available_minor": total.ledger_available_minor,
        "ledger_pending_minor": total.ledger_pending_minor,
        "explained_minor": total.explained_minor,
        "unexplained_minor": total.unexplained_minor,
    }


def _break(found: ReconciliationBreak, now: datetime) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "amount_minor": found.amount_minor,
        "currency": found.currency,
        "movement_id": found.movement_id,
        "posting_key": found.posting_key,
        "since": found.since.isoformat(),
        "age_s": int((now - found.since).total_seconds()),
        "cause": found.cause,
    }
