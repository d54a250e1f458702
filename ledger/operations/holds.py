"""Holds: reserving part of an available balance."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.operations.calls import call
from ledger.operations.posting import Posted
from ledger.postings import Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A hold that was placed; `replayed` when it was there already."""

    hold_id: int
    replayed: bool


def place_hold(
    *, key: str, account: str, currency: str, amount_minor: int, subject: str, expires_at: datetime | None = None
) -> Held:
    """Reserve an amount of what an account has above its floor; no posting can take it but a capture.

    Raises FloorCrossedError when it is not there, KeyConflictError for a key used with other content,
    UnknownAccountError for an account never used, or a hot one.
    """
    request = {
        "key": key,
        "account": account,
        "currency": currency,
        "amount_minor": amount_minor,
        "subject": subject,
        "expires_at": None if expires_at is None else expires_at.astimezone(UTC).isoformat(),
    }
    return Held(**call("ledger_place_hold", request))


def capture_hold(*, hold: str, posting: Posting) -> Posted:
    """Post what takes from a held account, out of the hold placed under the key `hold`; in parts if need be.

    Raises HoldExceededError beyond what is left of it, and what `post` raises.
    """
    return Posted(**call("ledger_capture_hold", {"hold": hold, "posting": posting.request()}))


def release_hold(*, hold: str, key: str, amount_minor: int | None = None) -> int:
    """Give back part of a hold, or all that is left; returns how much. The same key replays.

    Raises HoldExceededError beyond what is left of it.
    """
    return int(call("ledger_release_hold", {"hold": hold, "key": key, "amount_minor": amount_minor})["amount_minor"])


def expire_holds(*, now: datetime) -> int:
    """Release what holds past their time still reserve; returns how many."""
    return int(call("ledger_expire_holds", {"now": now.astimezone(UTC).isoformat()})["expired"])
