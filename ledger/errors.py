"""The ledger's errors. Each carries its data. PostgreSQL raises them by SQLSTATE, class LG; `translate` names them."""

import json
from typing import Any

from django.db import DatabaseError


class LedgerError(Exception):
    """Something the ledger refuses. Nothing of what was asked has been written."""

    sqlstate = "LG000"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.data = data

    @property
    def key(self) -> str | None:
        """The business key of the posting that was refused."""
        key = self.data.get("key")
        return None if key is None else str(key)


class InvalidPostingError(LedgerError):
    """The posting's shape is wrong: a field too many or too few, a value out of range."""

    sqlstate = "LG001"


class UnbalancedError(LedgerError):
    """Debits and credits differ in some currency."""

    sqlstate = "LG002"


class KeyConflictError(LedgerError):
    """The key was posted before, with other content."""

    sqlstate = "LG003"

    @property
    def transaction_id(self) -> int:
        """The transaction that has the key."""
        return int(self.data["transaction_id"])


class AccountError(LedgerError):
    """About one account."""

    sqlstate = "LG-account"

    @property
    def account(self) -> str:
        """Its code."""
        return str(self.data["account"])

    @property
    def currency(self) -> str:
        """Its currency."""
        return str(self.data["currency"])


class FloorCrossedError(AccountError):
    """The account does not have what the posting or the hold would take."""

    sqlstate = "LG004"

    @property
    def amount_minor(self) -> int:
        """What would be taken."""
        return int(self.data["amount_minor"])

    @property
    def available_minor(self) -> int:
        """What is there above the floor and outside holds."""
        return int(self.data["available_minor"])


class AccountClosedError(AccountError):
    """The account is closed."""

    sqlstate = "LG005"


class UnknownAccountError(AccountError):
    """The chart has no such account, or ISO 4217 no such currency."""

    sqlstate = "LG006"


class PeriodClosedError(LedgerError):
    """The books are closed at the effective date."""

    sqlstate = "LG007"


class HistoryFrozenError(LedgerError):
    """Somebody tried to change what is written."""

    sqlstate = "LG008"


class ReversalExceedsError(LedgerError):
    """A reversal takes back more of a leg than there was, earlier reversals counted."""

    sqlstate = "LG009"


class AccountStateError(AccountError):
    """The account cannot change so: it still holds money, or it is hot."""

    sqlstate = "LG010"


class HoldExceededError(LedgerError):
    """The hold is not there, or has less left than asked for."""

    sqlstate = "LG011"

    @property
    def remaining_minor(self) -> int:
        """What the hold still reserves."""
        return int(self.data["remaining_minor"])


def translate(error: DatabaseError) -> LedgerError | None:
    """The ledger's own error behind a database error; None when it is another kind, which is to be raised as it is."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is None:
        return None
    return named(
        sqlstate=diagnostics.sqlstate,
        message=diagnostics.message_primary,
        detail=diagnostics.message_detail,
        constraint=diagnostics.constraint_name,
    )


# What checks, nulls and casts inside ledger_post raise for a value out of range.
_BAD_VALUES = frozenset({"23514", "23502", "22001", "22003", "22007", "22008", "22P02"})


def named(
    *, sqlstate: str | None, message: str | None, detail: str | None, constraint: str | None
) -> LedgerError | None:
    """The error that a SQLSTATE stands for; None for one that is not the ledger's."""
    if sqlstate in _BAD_VALUES:
        return InvalidPostingError(f"the posting has a value out of range: {message}", constraint=constraint)
    known = {leaf.sqlstate: leaf for leaf in _tree(LedgerError)}.get(sqlstate or "")
    return None if known is None else known(message or known.__name__, **json.loads(detail or "{}"))


def _tree(error: type[LedgerError]) -> list[type[LedgerError]]:
    return [error, *(leaf for child in error.__subclasses__() for leaf in _tree(child))]
