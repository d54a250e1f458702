"""Inclusion proofs in the Merkle trees of RFC 9162, section 2.1."""

import hashlib
from collections.abc import Sequence


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings that lead from leaf `index` to the root, from below."""
    path = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = [node(level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
        index //= 2
    return path
