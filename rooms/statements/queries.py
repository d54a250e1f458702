"""What a payee was owed in one month, read from the ledger once, for whatever file shows it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min, Sum

from ledger import accounts
from ledger.models import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One transaction's effect on what the payee is owed, and what they are owed after it; above zero is theirs."""

    transaction_id: int
    effective_at: datetime
    title: str
    reference: str
    subject: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One currency of a statement. `earned`, `paid_out` and `other` sum up the lines between opening and closing."""

    currency: str
    opening_minor: int
    lines: tuple[Line, ...]

    @property
    def closing_minor(self) -> int:
        """What the payee is owed at the end."""
        return self.lines[-1].balance_minor if self.lines else self.opening_minor

    @property
    def earned_minor(self) -> int:
        """What sales brought."""
        return sum(line.amount_minor for line in self.lines if line.subject.startswith("sale:"))

    @property
    def paid_out_minor(self) -> int:
        """What reached the bank, below zero; a payout that came back counts against it."""
        return sum(line.amount_minor for line in self.lines if line.subject.startswith("payout:"))

    @property
    def other_minor(self) -> int:
        """Everything else, such as a correction."""
        return self.closing_minor - self.opening_minor - self.earned_minor - self.paid_out_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One month (UTC) of one payee, from `since` up to before `until`, a section for each currency."""

    payee_id: UUID
    payee_name: str
    since: datetime
    until: datetime
    sections: tuple[Section, ...]

    @property
    def last_day(self) -> datetime:
        """The last day of the month."""
        return self.until - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month that has a statement; an open one still runs."""

    first_day: datetime
    open: bool

    @property
    def key(self) -> str:
        """Its name in addresses: 2026-11."""
        return f"{self.first_day:%Y-%m}"


def statement_of(*, payee_id: UUID, payee_name: str, since: datetime) -> Statement:
    """The statement of the month that begins at `since`: two queries."""
    until = next_month(since)
    opening = dict(
        _entries(payee_id).filter(effective_at__lt=since).values_list("currency").annotate(Sum("amount_minor"))
    )
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _moves(payee_id, since, until):
        rows[row["currency"]].append(row)
    currencies = sorted(rows.keys() | {currency for currency, minor in opening.items() if minor})
    return Statement(
        payee_id=payee_id,
        payee_name=payee_name,
        since=since,
        until=until,
        sections=tuple(_section(currency, -opening.get(currency, 0), rows[currency]) for currency in currencies),
    )


def months_of(*, payee_id: UUID, now: datetime) -> list[Month]:
    """Every month from the first entry to now, latest first; none when nothing was ever owed."""
    first = _entries(payee_id).aggregate(first=Min("effective_at"))["first"]
    months: list[Month] = []
    month = first_of_month(first) if first else now + timedelta(days=1)
    while month <= now:
        months.append(Month(first_day=month, open=next_month(month) > now))
        month = next_month(month)
    return months[::-1]


def first_of_month(moment: datetime) -> datetime:
    """The instant at which a moment's month begins, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """The instant at which the following month begins."""
    return first_of_month(month.replace(day=28) + timedelta(days=4))


def _entries(payee_id: UUID) -> Any:
    """All entries on what is owed to a payee, in whatever stage."""
    codes = [accounts.payable(payee_id, stage) for stage in accounts.STAGES]
    return Entry.objects.filter(account__code__in=codes).order_by()


def _moves(payee_id: UUID, since: datetime, until: datetime) -> Any:
    """Transactions that changed what is owed; those that moved it from stage to stage net to nothing."""
    about = ("transaction_id", "effective_at", "currency")
    texts = ("transaction__key", "transaction__subject", "transaction__description", "transaction__kind")
    found = _entries(payee_id).filter(effective_at__gte=since, effective_at__lt=until).values(*about, *texts)
    return found.annotate(total_minor=Sum("amount_minor")).exclude(total_minor=0).order_by(*about[1::-1])


def _section(currency: str, opening_minor: int, rows: list[dict[str, Any]]) -> Section:
    lines: list[Line] = []
    balance_minor = opening_minor
    for row in rows:
        # The ledger has what is owed as a credit, below zero; a statement says it the payee's way round.
        amount_minor = -row["total_minor"]
        balance_minor += amount_minor
        lines.append(
            Line(
                transaction_id=row["transaction_id"],
                effective_at=row["effective_at"],
                title=row["transaction__description"] or row["transaction__kind"],
                reference=row["transaction__key"].split(":")[1],  # of "charge:ch_1" or "payout:po_1:paid": Stripe's id
                subject=row["transaction__subject"],
                amount_minor=amount_minor,
                balance_minor=balance_minor,
            )
        )
    return Section(currency=currency, opening_minor=opening_minor, lines=tuple(lines))
