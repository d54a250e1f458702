"""A receipt that proves a transaction: its content, its path to a root, and the root's link in the chain."""

from typing import Any

from ledger.proof.merkle import inclusion_path
from ledger.queries.rows import rows

FORMAT = "obole-ledger-receipt/1"


def receipt(*, key: str) -> dict[str, Any] | None:
    """The receipt of the transaction under a key, for `ledger/proof/check_receipt.py`; None until it is sealed."""
    found = rows(
        """
        SELECT l.content, s.seal_id, s.position, s.hash
        FROM ledger_key k
        JOIN ledger_seal_leaf s ON s.source = 'transaction' AND s.row_id = k.transaction_id
        JOIN ledger_leaf l ON l.source = 'transaction' AND l.row_id = k.transaction_id
        WHERE k.key = %s
        """,
        [key],
    )
    if not found:
        return None
    content, seal_id, position, _ = found[0]
    hashes = [
        bytes(value)
        for (value,) in rows("SELECT hash FROM ledger_seal_leaf WHERE seal_id = %s ORDER BY position", [seal_id])
    ]
    return {
        "format": FORMAT,
        "content": content,
        "index": position - 1,
        "path": [sibling.hex() for sibling in inclusion_path(hashes, position - 1)],
        "seal": _seal(seal_id),
    }


def _seal(seal_id: int) -> dict[str, Any]:
    row = rows(
        """
        SELECT id, leaves, epoch, xact::text, ledger_micros(sealed_at), encode(root, 'hex'), encode(previous, 'hex'),
               encode(chain, 'hex')
        FROM ledger_seal WHERE id = %s
        """,
        [seal_id],
    )[0]
    names = ("id", "leaves", "epoch", "xact", "sealed_us", "root", "previous", "chain")
    signatures = rows(
        """
        SELECT encode(public_key, 'hex'), encode(signature, 'hex'), signed_us FROM ledger_seal_signature
        WHERE seal_id = %s
        """,
        [seal_id],
    )
    return dict(zip(names, row, strict=True)) | {
        "signatures": [
            {"public_key": public_key, "signature": signature, "signed_us": signed_us}
            for public_key, signature, signed_us in signatures
        ]
    }
