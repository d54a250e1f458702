"""What keeps the ledger in shape: folding, sealing, closing periods and accounts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.operations.calls import call, run
from ledger.proof.signatures import signed_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A seal: its number (None when there was nothing new), its rows, its root and its link in hex."""

    seal_id: int | None
    leaves: int
    root: str | None
    chain: str | None


def fold() -> int:
    """Fold entries that no late commit can precede into hot balances and daily totals; returns how many.

    One job at a time does the work; another waits for it. Run it every second or so, and alarm on `tail_length`.
    """
    return int(run("SELECT ledger_fold()", [])["entries"])


def seal(*, signing_key: Ed25519PrivateKey | None = None) -> Sealed:
    """Seal all history that no late commit can precede and no seal has yet, and sign the new link if asked to."""
    sealed = Sealed(**run("SELECT ledger_seal()", []))
    if signing_key is not None and sealed.seal_id is not None and sealed.chain is not None:
        signed_us = int(run("SELECT to_jsonb(ledger_micros(clock_timestamp()))", []))
        message = signed_message(chain=bytes.fromhex(sealed.chain), signed_us=signed_us)
        request = {
            "seal_id": sealed.seal_id,
            "public_key": signing_key.public_key().public_bytes_raw().hex(),
            "signature": signing_key.sign(message).hex(),
            "signed_us": signed_us,
        }
        call("ledger_sign_seal", request)
    return sealed


def close_period(*, before: datetime, actor: str) -> None:
    """Close the books before an instant: nothing can take effect earlier any more. Waits for postings under way.

    Raises PeriodClosedError when they are closed up to there already.
    """
    call("ledger_close_period", {"closed_before": before.astimezone(UTC).isoformat(), "actor": actor})


def close_account(*, account: str, currency: str, actor: str) -> None:
    """Close an account that holds nothing: it takes no posting any more.

    Raises AccountStateError while it holds money or for a hot account, AccountClosedError when it is closed already.
    """
    call("ledger_change_account", {"account": account, "currency": currency, "actor": actor, "closed": True})


def set_floor(*, account: str, currency: str, floor_minor: int | None, actor: str) -> None:
    """Set the least that an account keeps, in its own sense (owed for a liability); None for no floor.

    Raises FloorCrossedError when it has less now, AccountStateError for a hot account.
    """
    call(
        "ledger_change_account", {"account": account, "currency": currency, "actor": actor, "floor_minor": floor_minor}
    )


def describe_account(*, account: str, currency: str, metadata: dict[str, Any], actor: str) -> None:
    """Replace an account's metadata."""
    call("ledger_change_account", {"account": account, "currency": currency, "actor": actor, "metadata": metadata})
