"""Idempotency keys: the first answer is kept for a day and replayed (https://docs.stripe.com/api/idempotent_requests)."""

import time
from dataclasses import dataclass

from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError

KEY_LIFE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and exact body, as also kept under an idempotency key."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key with the fingerprint of the request that used it first."""

    account: str
    key: str
    fingerprint: str
    request_id: str

    def keep(self, sandbox: Sandbox, answer: Answer | None) -> None:
        """Record the answer, or that one is being made."""
        sandbox.store.run(
            "INSERT OR REPLACE INTO idempotency (account, key, fingerprint, at, status, body, request_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)", self.account, self.key, self.fingerprint, time.time(),
            answer.status if answer else None, answer.body if answer else None, self.request_id,
        )  # fmt: skip

    def release(self, sandbox: Sandbox) -> None:
        """Forget the key unless an answer was recorded."""
        sandbox.store.run(
            "DELETE FROM idempotency WHERE account = ? AND key = ? AND status IS NULL", self.account, self.key
        )


def in_use(key: str) -> StripeError:
    return StripeError(
        f"There is currently another in-progress request using this Idempotent Key ({key}). Please try again later.",
        status=409, kind="idempotency_error", code="idempotency_key_in_use", executed=False,
    )  # fmt: skip


def replay(sandbox: Sandbox, key: Key) -> Answer | None:
    row = sandbox.store.row("SELECT * FROM idempotency WHERE account = ? AND key = ?", key.account, key.key)
    if row is None or row["at"] < time.time() - KEY_LIFE_S:
        return None
    if row["fingerprint"] != key.fingerprint:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key.key}' if you meant to execute a different request.",
            kind="idempotency_error", executed=False,
        )  # fmt: skip
    if row["status"] is None:
        raise in_use(key.key)
    return Answer(row["status"], row["body"], {"Idempotent-Replayed": "true", "Original-Request": row["request_id"]})
