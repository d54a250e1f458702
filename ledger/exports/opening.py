"""Opening balances from a CSV file: account, currency, amount (decimal, debit positive), one line each."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.accounts import EQUITY_OPENING
from ledger.currencies import exponent
from ledger.errors import InvalidPostingError
from ledger.operations.posting import Posted, PostingError, post_many
from ledger.postings import Leg, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What one account opens with, debit positive."""

    account: str
    currency: str
    amount_minor: int


def read_opening(lines: Iterable[str]) -> list[Opening]:
    """Parse a CSV with the columns account, currency, amount.

    Raises InvalidPostingError, naming the line, for a missing column, an amount with more decimals than its currency,
    an account twice.
    """
    openings: list[Opening] = []
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(csv.DictReader(lines), start=2):
        try:
            opening = Opening(
                account=line["account"].strip(),
                currency=line["currency"].strip(),
                amount_minor=_minor(line["amount"].strip(), line["currency"].strip()),
            )
        except (KeyError, AttributeError, ValueError) as error:
            raise InvalidPostingError(f"line {number}: {error}", line=number) from error
        if (opening.account, opening.currency) in seen:
            raise InvalidPostingError(f"line {number}: {opening.account} {opening.currency} again", line=number)
        seen.add((opening.account, opening.currency))
        openings.append(opening)
    return openings


def import_opening(
    *, openings: Sequence[Opening], key: str, effective_at: datetime, actor: str
) -> list[Posted | PostingError]:
    """Post opening balances against equity:opening, all or nothing, one transaction a currency and 500 accounts.

    The same key with the same balances replays.
    """
    by_currency: dict[str, list[Opening]] = defaultdict(list)
    for opening in openings:
        if opening.amount_minor:
            by_currency[opening.currency].append(opening)
    postings = [
        _posting(part, currency=currency, key=f"{key}:{currency}:{first}", effective_at=effective_at, actor=actor)
        for currency, whole in sorted(by_currency.items())
        for first in range(0, len(whole), 500)
        for part in [whole[first : first + 500]]
    ]
    return post_many(postings=postings)


def _posting(part: list[Opening], *, currency: str, key: str, effective_at: datetime, actor: str) -> Posting:
    legs = [Leg(account=line.account, amount_minor=line.amount_minor, currency=currency) for line in part]
    # One leg against equity for each account: a sum could be zero, which no leg may be.
    legs += [
        Leg(account=EQUITY_OPENING, amount_minor=-leg.amount_minor, currency=currency, memo=leg.account)
        for leg in legs
    ]
    return Posting(
        key=key, kind="opening", legs=tuple(legs), effective_at=effective_at, subject="opening", actor=actor
    )


def _minor(amount: str, currency: str) -> int:
    decimals = exponent(currency)
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?", amount)
    if match is None or len(match[3] or "") > decimals:
        raise ValueError(f"{amount!r} is no amount with at most {decimals} decimals")
    return int(match[1] + match[2] + (match[3] or "").ljust(decimals, "0"))
