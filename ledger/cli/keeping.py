"""fold, seal, verify, proof, export, import, close-period: subcommands that keep the ledger."""

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import operations, proof
from ledger.cli.answer import Answer, table
from ledger.cli.reading import instant
from ledger.exports import FORMATS, import_opening, read_opening
from ledger.queries.rows import rows


def fold_arguments(parser: ArgumentParser) -> None:
    """ledger fold."""


def fold(options: Namespace) -> Answer:
    """Fold the tail into hot balances and daily totals."""
    entries = operations.fold()
    return Answer(data={"entries": entries}, show=[f"Folded {entries} entries."])


def seal_arguments(parser: ArgumentParser) -> None:
    """ledger seal [--key FILE]."""
    parser.add_argument("--key", type=Path, help="a file with 32 bytes in hex, an Ed25519 private key, to sign with")


def seal(options: Namespace) -> Answer:
    """Seal what is not sealed yet."""
    key = None
    if options.key:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(options.key.read_text(encoding="utf-8").strip()))
    sealed = operations.seal(signing_key=key)
    text = f"Sealed {sealed.leaves} rows as seal {sealed.seal_id}, chain {sealed.chain}."
    return Answer(data=asdict(sealed), show=[text if sealed.seal_id else "Nothing new to seal."])


def verify_arguments(parser: ArgumentParser) -> None:
    """ledger verify [--since SEAL]."""
    parser.add_argument("--since", type=int, default=0, help="a seal that is trusted already")


def verify(options: Namespace) -> Answer:
    """Recompute everything; status 1 when something is not as it was written."""
    found = proof.verify(since_seal=options.since)
    shown = table("Findings", "problem", "table", "row", "detail")
    for finding in found.findings:
        shown.add_row(finding.problem, finding.table, str(finding.row_id), finding.detail)
    text = (
        f"{found.transactions} transactions, {found.seals} seals, {found.unsealed} rows unsealed, chain {found.chain}"
    )
    show = [f"Sound: {text}"] if found.sound else [shown, f"NOT SOUND: {text}"]
    return Answer(data=asdict(found) | {"sound": found.sound}, show=[*show], status=0 if found.sound else 1)


def proof_arguments(parser: ArgumentParser) -> None:
    """ledger proof KEY."""
    parser.add_argument("key", help="the transaction's business key")


def receipt(options: Namespace) -> Answer:
    """A receipt for the offline checker; status 1 while the transaction is not sealed."""
    made = proof.receipt(key=options.key)
    text = json.dumps(made, indent=2) if made else f"{options.key} is not sealed yet."
    return Answer(data=made, show=[text], status=0 if made else 1)


def export_arguments(parser: ArgumentParser) -> None:
    """ledger export FORMAT [--output FILE]."""
    parser.add_argument("format", choices=sorted(FORMATS))
    parser.add_argument("--output", type=Path, help="a file; else standard output")


def export(options: Namespace) -> Answer:
    """All history in another format, streamed."""
    count = 0
    target = options.output.open("w", encoding="utf-8", newline="") if options.output else sys.stdout
    try:
        for count, line in enumerate(FORMATS[options.format](), start=1):  # noqa: B007 (the count is the answer)
            target.write(line)
    finally:
        if options.output:
            target.close()
    return Answer(data={"records": count}, show=[f"Wrote {count} records."] if options.output else [])


def import_arguments(parser: ArgumentParser) -> None:
    """ledger import FILE --key KEY --at T [--actor WHO]."""
    parser.add_argument("file", type=Path, help="CSV with the columns account, currency, amount (debit positive)")
    parser.add_argument("--key", required=True, help="the business key; the same file under it replays")
    parser.add_argument("--at", type=instant, required=True, help="the effective date")
    parser.add_argument("--actor", default="operator")


def import_(options: Namespace) -> Answer:
    """Post opening balances, all or nothing."""
    with options.file.open(encoding="utf-8", newline="") as lines:
        openings = read_opening(lines)
    posted = import_opening(openings=openings, key=options.key, effective_at=options.at, actor=options.actor)
    data = [asdict(each) for each in posted]
    return Answer(data=data, show=[f"{len(openings)} balances in {len(posted)} transactions."])


def close_period_arguments(parser: ArgumentParser) -> None:
    """ledger close-period BEFORE --actor WHO."""
    parser.add_argument("before", type=instant)
    parser.add_argument("--actor", required=True)


def close_period(options: Namespace) -> Answer:
    """Close the books before an instant."""
    operations.close_period(before=options.before, actor=options.actor)
    return Answer(data={"closed_before": options.before}, show=[f"Closed before {options.before}."])


def status_arguments(parser: ArgumentParser) -> None:
    """ledger status."""


def status(options: Namespace) -> Answer:
    """How long the tail is that no fold has taken, and since when the oldest of it waits."""
    tail, oldest, closed_before, final_before = rows(
        """
        SELECT count(t.id), min(t.posted_at), b.closed_before, nullif(b.final_before, '-infinity')
        FROM ledger_book b
        LEFT JOIN ledger_transaction t ON (t.epoch, t.xact) >= (b.folded_epoch, b.folded_xact)
        GROUP BY b.id
        """,
        [],
    )[0]
    data = {"tail": tail, "oldest_unfolded": oldest, "closed_before": closed_before, "final_before": final_before}
    return Answer(data=data, show=[f"{name}: {value}" for name, value in data.items()])
