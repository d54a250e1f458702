"""Balances: now, before an instant by effective date, and as the ledger had them at an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.queries.rows import NOW, before, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A balance as the ledger had it; `final` when no transaction still under way can join it."""

    balance_minor: int
    final: bool


def balance_minor(*, account: str, currency: str) -> int:
    """The balance of one account at this moment; 0 for one that was never used."""
    found = rows(f"{NOW} WHERE a.code = %s AND a.currency = %s", [account, currency])
    return int(found[0][3]) if found else 0


def balances(*, accounts: Sequence[str]) -> dict[tuple[str, str], int]:
    """The balances of these accounts in every currency they were used in, by (account, currency)."""
    found = rows(f"{NOW} WHERE a.code = ANY(%s)", [list(accounts)])
    return {(code, currency): int(amount) for code, currency, _, amount in found}


def balance_minor_before(*, account: str, currency: str, instant: datetime) -> int:
    """The balance of one account from everything that took effect before an instant."""
    found = before(
        instant, asked="WHERE a.code = %(account)s AND a.currency = %(currency)s", account=account, currency=currency
    )
    return int(found[0][3]) if found else 0


def balance_recorded(*, account: str, currency: str, at: datetime) -> Recorded:
    """The balance of one account from everything that was posted up to an instant, whenever it took effect."""
    found = rows(
        """
        SELECT ledger_balance_recorded(a.id, %s), %s < b.final_before
        FROM ledger_account a CROSS JOIN ledger_book b WHERE a.code = %s AND a.currency = %s
        """,
        [at, at, account, currency],
    )
    return (
        Recorded(balance_minor=int(found[0][0]), final=found[0][1]) if found else Recorded(balance_minor=0, final=True)
    )
