"""Recompute everything: seals from rows, balances, running balances and totals from entries."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction

from ledger.proof.checks import BOOKS, SEALS, parameters
from ledger.proof.signatures import signed_message
from ledger.queries.rows import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was written: what, where, and the number of the row."""

    problem: str
    table: str
    row_id: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was looked at, and what was found; the chain is for comparing with what was published."""

    findings: tuple[Finding, ...]
    transactions: int
    seals: int
    unsealed: int
    chain: str | None

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(*, since_seal: int = 0) -> Verification:
    """Check all history, or the seals after one that is trusted already; the books are always checked whole.

    Works on one snapshot, so postings may go on beside it.
    """
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        findings = [
            Finding(problem=problem, table=table, row_id=int(row_id), detail=str(detail))
            for problem, query in (SEALS | BOOKS).items()
            for table, row_id, detail in rows(query, parameters(since_seal=since_seal))
        ]
        findings += bad_signatures(rows(SIGNED, {"since": since_seal}))
        transactions, seals, unsealed, chain = rows(
            """
            SELECT (SELECT count(*) FROM ledger_transaction), (SELECT count(*) FROM ledger_seal),
                   (SELECT count(*) FROM ledger_leaf l WHERE NOT EXISTS (
                        SELECT FROM ledger_seal_leaf k WHERE k.source = l.source AND k.row_id = l.row_id)),
                   (SELECT encode(chain, 'hex') FROM ledger_seal ORDER BY id DESC LIMIT 1)
            """,
            {},
        )[0]
    return Verification(
        findings=tuple(findings), transactions=transactions, seals=seals, unsealed=unsealed, chain=chain
    )


SIGNED = """
SELECT g.seal_id, g.public_key, g.signature, s.chain, g.signed_us, ledger_micros(g.signed_at)
FROM ledger_seal_signature g LEFT JOIN ledger_seal s ON s.id = g.seal_id WHERE g.seal_id > %(since)s
"""


def bad_signatures(signed: list[tuple[Any, ...]]) -> list[Finding]:
    """A finding for each row of SIGNED in which the key did not sign that chain at that time."""
    return [
        Finding(
            problem="a signature is not of its seal",
            table="ledger_seal_signature",
            row_id=seal_id,
            detail=bytes(public_key).hex(),
        )
        for seal_id, public_key, signature, chain, signed_us, shown_us in signed
        if signed_us not in {None, shown_us}
        or not _signed(
            bytes(public_key), bytes(signature), signed_message(chain=bytes(chain or b""), signed_us=signed_us)
        )
    ]


def _signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
