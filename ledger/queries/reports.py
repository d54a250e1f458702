"""Reports over all accounts: trial balance, balance sheet, income statement, and balances by group."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ledger.queries.rows import NOW, before, rows

# Account groups for reports: a title, and what its accounts' codes start with.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Stripe balance": ("stripe:pending", "stripe:available"),
    "Held in disputes": ("stripe:disputed",),
    "On its way to payees": ("stripe:connected:",),
    "Bank": ("bank",),
    "Owed by stores": ("receivable:",),
    "Owed to payees": ("payable:",),
    "Wallets": ("wallet:",),
    "Suspense": ("suspense",),
    "Taxes": ("tax:",),
    "Revenue": ("revenue:",),
    "Expenses": ("expense:",),
    "Equity": ("equity:",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalanceLine:
    """One account's balance, debit positive."""

    account: str
    currency: str
    type: str
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSheet:
    """What there is and whose it is, in one currency, each in its natural sign: assets = liabilities + equity.

    Equity includes the result, revenue less expenses, of all time up to the instant.
    """

    currency: str
    assets_minor: int
    liabilities_minor: int
    equity_minor: int
    result_minor: int
    lines: tuple[TrialBalanceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeStatement:
    """What was earned and spent in a time, in one currency, each in its natural sign."""

    currency: str
    revenue_minor: int
    expense_minor: int
    result_minor: int
    lines: tuple[TrialBalanceLine, ...]


def trial_balance(*, as_of: datetime | None = None) -> list[TrialBalanceLine]:
    """Every account's balance, now or from everything that took effect before `as_of`; each currency sums to zero."""
    found = rows(NOW, []) if as_of is None else before(as_of, asked="")
    lines = [
        TrialBalanceLine(account=code, currency=currency, type=kind, balance_minor=int(amount))
        for code, currency, kind, amount in found
    ]
    return sorted(lines, key=lambda line: (line.currency, line.account))


def balance_sheet(*, as_of: datetime | None = None) -> list[BalanceSheet]:
    """One balance sheet for each currency, now or before an instant."""
    sheets = []
    for currency, lines in _by_currency(trial_balance(as_of=as_of)).items():
        total = _totals(lines)
        result = -total["revenue"] - total["expense"]
        sheets.append(
            BalanceSheet(
                currency=currency,
                assets_minor=total["asset"],
                liabilities_minor=-total["liability"],
                equity_minor=-total["equity"] + result,
                result_minor=result,
                lines=tuple(line for line in lines if line.type in {"asset", "liability", "equity"}),
            )
        )
    return sheets


def income_statement(*, since: datetime, until: datetime) -> list[IncomeStatement]:
    """One income statement for each currency, of what took effect from `since` up to before `until`."""
    opening = {(line.account, line.currency): line.balance_minor for line in trial_balance(as_of=since)}
    moved = [
        TrialBalanceLine(
            account=line.account,
            currency=line.currency,
            type=line.type,
            balance_minor=line.balance_minor - opening.get((line.account, line.currency), 0),
        )
        for line in trial_balance(as_of=until)
        if line.type in {"revenue", "expense"}
    ]
    statements = []
    for currency, lines in _by_currency(moved).items():
        total = _totals(lines)
        statements.append(
            IncomeStatement(
                currency=currency,
                revenue_minor=-total["revenue"],
                expense_minor=total["expense"],
                result_minor=-total["revenue"] - total["expense"],
                lines=tuple(lines),
            )
        )
    return statements


def group_balances(*, as_of: datetime | None = None) -> dict[str, dict[str, int]]:
    """The balance of each account group by currency, debit positive; groups without accounts are left out."""
    groups: dict[str, dict[str, int]] = {}
    for line in trial_balance(as_of=as_of):
        title = next(title for title, prefixes in GROUPS.items() if line.account.startswith(prefixes))
        group = groups.setdefault(title, defaultdict(int))
        group[line.currency] += line.balance_minor
    return {title: dict(groups[title]) for title in GROUPS if title in groups}


def _by_currency(lines: list[TrialBalanceLine]) -> dict[str, list[TrialBalanceLine]]:
    by_currency: dict[str, list[TrialBalanceLine]] = defaultdict(list)
    for line in lines:
        by_currency[line.currency].append(line)
    return by_currency


def _totals(lines: list[TrialBalanceLine]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.type] += line.balance_minor
    return totals
