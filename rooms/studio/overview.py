"""The studio's first page: every figure by currency, the next payout, and what becomes free when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from babel import Locale
from django.conf import settings

from payouts.models import Payee, TransfersState
from payouts.queries import earnings
from rooms.currencies import money_text
from rooms.studio import holds, stars
from rooms.studio.figures import STAGES, Stage

COMING_DAYS = 6
SHOWN_IF_ANY = frozenset({"reserved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One amount of the ledger, to be opened."""

    stage: Stage
    amount_minor: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A currency's figures."""

    currency: str
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What becomes free on a day (UTC)."""

    day: date
    currency: str
    amount_minor: int
    sales: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPayout:
    """What leaves next in one currency, or why nothing does."""

    currency: str
    amount_minor: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the first page shows of a payee's money."""

    currencies: tuple[Figures, ...]
    coming: tuple[Coming, ...]
    next_payout: tuple[NextPayout, ...]


def amounts_of(*, payee_id: UUID | None) -> dict[str, dict[str, int]]:
    """{currency: {stage: minor units}} of every figure, from the ledger. Two queries."""
    found = earnings(payee_id=payee_id) if payee_id else []
    return {
        each.currency: {
            "pending": each.pending_minor,
            "available": each.available_minor,
            "reserved": each.reserved_minor,
            "in_transit": each.in_transit_minor,
            "paid": each.paid_minor,
        }
        for each in found
    } or {settings.DEFAULT_CURRENCY: dict.fromkeys(STAGES, 0)}


def overview_of(*, payee: Payee | None, now: datetime) -> Overview:
    """The overview of a payee, or of somebody who is none yet: four queries."""
    amounts = amounts_of(payee_id=payee.id if payee else None)
    coming = [
        Coming(day=day, currency=currency, amount_minor=minor, sales=sales)
        for day, currency, minor, sales in (_forecast(payee.id) if payee else [])
    ]
    return Overview(
        currencies=tuple(_figures(currency, amounts[currency], coming) for currency in sorted(amounts)),
        coming=tuple(coming[:COMING_DAYS]),
        next_payout=tuple(
            _next_payout(currency, amounts[currency], payee=payee, coming=coming, now=now)
            for currency in sorted(amounts)
        ),
    )


def _forecast(payee_id: UUID) -> list[tuple[date, str, int, int]]:
    """Sales and Stars by day and currency: two queries."""
    sums: dict[tuple[date, str], tuple[int, int]] = {}
    for day, currency, minor, count in [*holds.forecast(payee_id=payee_id), *stars.forecast(payee_id=payee_id)]:
        before_minor, before = sums.get((day, currency), (0, 0))
        sums[day, currency] = (before_minor + minor, before + count)
    return [(day, currency, *sums[day, currency]) for day, currency in sorted(sums)]


def next_run_at(now: datetime) -> datetime:
    """Payout runs begin when the day changes, in UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)


def _figures(currency: str, amounts: dict[str, int], coming: Iterable[Coming]) -> Figures:
    first = next((day for day in coming if day.currency == currency), None)
    notes = {
        "pending": f"next free {_day(first.day)}" if first else "nothing is held",
        "available": "leaves with the next payout" if amounts["available"] > 0 else "nothing waits",
        "reserved": "until a bank has decided",
        "in_transit": "on the way to your bank" if amounts["in_transit"] else "nothing under way",
        "paid": "at your bank",
    }
    if amounts["available"] < 0:
        notes["available"] = "made up by your next sales"
    figures = [
        Figure(stage=stage, amount_minor=amounts[slug], note=notes[slug])
        for slug, stage in STAGES.items()
        if slug not in SHOWN_IF_ANY or amounts[slug]
    ]
    return Figures(currency=currency, name=Locale("en").currencies.get(currency, currency), figures=tuple(figures))


def _next_payout(
    currency: str, amounts: dict[str, int], *, payee: Payee | None, coming: Iterable[Coming], now: datetime
) -> NextPayout:
    available_minor = amounts["available"]
    leaves = available_minor >= settings.PAYOUT_MINIMUM_MINOR
    ready = payee is not None and payee.transfers_state == TransfersState.ACTIVE
    if leaves and ready:
        words = f"Leaves for your bank after midnight UTC, on {_day(next_run_at(now).date())}."
    elif leaves:
        words = "Waits until your payout set-up is finished."
    else:
        words = _why_nothing(currency, available_minor, coming)
    return NextPayout(currency=currency, amount_minor=available_minor if leaves else 0, words=words)


def _why_nothing(currency: str, available_minor: int, coming: Iterable[Coming]) -> str:
    smallest = money_text(settings.PAYOUT_MINIMUM_MINOR, currency)
    first = next((day for day in coming if day.currency == currency), None)
    if available_minor < 0:
        returned = money_text(-available_minor, currency)
        return f"{returned} went back to listeners after it was paid out; your next sales make it up."
    has = (
        f"{money_text(available_minor, currency)} is available; payouts start at {smallest}."
        if available_minor
        else ""
    )
    then = f"{money_text(first.amount_minor, currency)} becomes free on {_day(first.day)}." if first else ""
    return " ".join(filter(None, [has, then])) or "Nothing waits to be paid out."


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
