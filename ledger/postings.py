"""What is handed to the ledger: a posting with its legs. Pure data; the database checks it all again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledger.errors import InvalidPostingError, UnbalancedError

AMOUNT_MINOR_MAX = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of a posting: minor units, debit positive, never zero."""

    account: str
    amount_minor: int
    currency: str
    memo: str = ""

    def __post_init__(self) -> None:
        """Raise InvalidPostingError for an amount that is no integer, zero, or beyond 10^15."""
        if type(self.amount_minor) is not int or not 0 < abs(self.amount_minor) <= AMOUNT_MINOR_MAX:
            raise InvalidPostingError(
                f"{self.account}: {self.amount_minor!r} is no amount of minor units",
                account=self.account,
                amount_minor=self.amount_minor,
            )


def debit(account: str, amount_minor: int, currency: str, memo: str = "") -> Leg:
    """A leg that debits: amount_minor above zero. Raises InvalidPostingError."""
    return Leg(account=account, amount_minor=_positive(account, amount_minor), currency=currency, memo=memo)


def credit(account: str, amount_minor: int, currency: str, memo: str = "") -> Leg:
    """A leg that credits: amount_minor above zero, kept negative. Raises InvalidPostingError."""
    return Leg(account=account, amount_minor=-_positive(account, amount_minor), currency=currency, memo=memo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A transaction to be written under a business key, such as "charge:ch_1".

    `kind` is words with underscores and dots ("sale", "dispute.opened"); its part before the first dot decides which
    floors it may cross (refund, dispute, correction and reversal may take a payee's available balance below zero).
    `subject` names the business object ("sale:<uuid>"). `effective_at` is when it happened, with a time zone.
    `reverses` is the id of a transaction that this one takes back, in whole or part.
    The same key with the same content is a replay; with any other content, description included, it is an error.
    """

    key: str
    kind: str
    legs: tuple[Leg, ...]
    effective_at: datetime
    subject: str
    actor: str = "system"
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reverses: int | None = None

    def __post_init__(self) -> None:
        """Raise InvalidPostingError without two legs or a time zone, UnbalancedError unless currencies balance."""
        if len(self.legs) < 2:
            raise InvalidPostingError(f"{self.key}: a posting has two legs at least", key=self.key)
        if self.effective_at.tzinfo is None:
            raise InvalidPostingError(f"{self.key}: effective_at has no time zone", key=self.key)
        off = {currency: total for currency, total in self.totals().items() if total}
        if off:
            raise UnbalancedError(f"{self.key} does not balance: {off}", key=self.key, totals=off)

    def totals(self) -> dict[str, int]:
        """The sum of the legs by currency; all zero in a balanced posting."""
        totals: dict[str, int] = defaultdict(int)
        for leg in self.legs:
            totals[leg.currency] += leg.amount_minor
        return dict(totals)

    def request(self) -> dict[str, Any]:
        """The posting as ledger_post(jsonb) takes it."""
        return ({} if self.reverses is None else {"reverses": self.reverses}) | {
            "key": self.key,
            "kind": self.kind,
            "subject": self.subject,
            "actor": self.actor,
            "description": self.description,
            "metadata": dict(self.metadata),
            "effective_at": self.effective_at.astimezone(UTC).isoformat(),
            "legs": [
                {"account": leg.account, "amount_minor": leg.amount_minor, "currency": leg.currency, "memo": leg.memo}
                for leg in self.legs
            ],
        }


def _positive(account: str, amount_minor: int) -> int:
    if type(amount_minor) is not int or amount_minor <= 0:
        raise InvalidPostingError(
            f"{account}: a debit or credit is above zero, not {amount_minor!r}",
            account=account,
            amount_minor=amount_minor,
        )
    return amount_minor
