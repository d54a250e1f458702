"""Check a receipt offline: `python check_receipt.py receipt.json [ROOT]`. One file, standard library alone.

It recomputes the leaf from the content, climbs the path to the root (RFC 9162, section 2.1.3.2), and recomputes the
link of the chain. Give the root or the chain link that was published to know that the receipt belongs to it.
"""

import hashlib
import json
import sys
from pathlib import Path


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf and its siblings lead to. Raises ValueError for a path of the wrong length."""
    remaining = list(path)
    while size > 1:
        if index % 2 == 1:
            leaf = hashlib.sha256(b"\x01" + _next(remaining) + leaf).digest()
        elif index + 1 < size:
            leaf = hashlib.sha256(b"\x01" + leaf + _next(remaining)).digest()
        index //= 2
        size = (size + 1) // 2
    if remaining:
        raise ValueError("the path is too long")
    return leaf


def _next(remaining: list[bytes]) -> bytes:
    if not remaining:
        raise ValueError("the path is too short")
    return remaining.pop(0)


def problems(receipt: dict, published: str | None = None) -> list[str]:  # type: ignore[type-arg]  # JSON
    """What is wrong with a receipt; nothing when it proves its content."""
    seal = receipt["seal"]
    if not 0 <= receipt["index"] < seal["leaves"]:
        return ["the place is outside the batch"]
    leaf = hashlib.sha256(b"\x00" + receipt["content"].encode()).digest()
    try:
        root = climb(leaf, receipt["index"], seal["leaves"], [bytes.fromhex(step) for step in receipt["path"]])
    except ValueError as error:
        return [str(error)]
    found = []
    if root.hex() != seal["root"]:
        found.append("the content does not lead to the root")
    link = f"{seal['id']}/{seal['leaves']}/{seal['epoch']}/{seal['xact']}/{seal['sealed_us']}"
    bound = b"\x02" + bytes.fromhex(seal["previous"]) + bytes.fromhex(seal["root"]) + link.encode()
    if hashlib.sha256(bound).hexdigest() != seal["chain"]:
        found.append("the root is not bound by the chain")
    if published is not None and published not in {seal["root"], seal["chain"]}:
        found.append("the published root is another one")
    return found


def main(arguments: list[str]) -> int:
    """Check one file; 0 when it proves what it says."""
    receipt = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = problems(receipt, arguments[1] if len(arguments) > 1 else None)
    for problem in found:
        print(f"NOT PROVED: {problem}")
    if not found:
        content = json.loads(receipt["content"])
        print(f"PROVED: {content['key']} is in seal {receipt['seal']['id']}, root {receipt['seal']['root']}")
        for entry in content["entries"]:
            print(f"  {entry['account']:60} {entry['amount_minor']:>16} {entry['currency']}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
