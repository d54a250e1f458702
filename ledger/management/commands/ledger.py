"""`manage.py ledger`: read, prove, export and keep the ledger. Tables for people, --json for programs."""

import io
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from ledger.cli import bench, keeping, reading
from ledger.cli.answer import Answer
from ledger.errors import LedgerError

Subcommand = tuple[Callable[[ArgumentParser], None], Callable[[Namespace], Answer]]
SUBCOMMANDS: dict[str, Subcommand] = {
    "balance": (reading.balance_arguments, reading.balance),
    "statement": (reading.statement_arguments, reading.statement),
    "trial-balance": (reading.trial_balance_arguments, reading.trial_balance),
    "balance-sheet": (reading.balance_sheet_arguments, reading.balance_sheet),
    "income": (reading.income_arguments, reading.income),
    "explain": (reading.explain_arguments, reading.explain),
    "trace": (reading.trace_arguments, reading.trace),
    "export": (keeping.export_arguments, keeping.export),
    "import": (keeping.import_arguments, keeping.import_),
    "verify": (keeping.verify_arguments, keeping.verify),
    "proof": (keeping.proof_arguments, keeping.receipt),
    "seal": (keeping.seal_arguments, keeping.seal),
    "fold": (keeping.fold_arguments, keeping.fold),
    "status": (keeping.status_arguments, keeping.status),
    "bench": (bench.bench_arguments, bench.bench),
    "close-period": (keeping.close_period_arguments, keeping.close_period),
}


def _drawn(answer: Answer) -> str:
    """The answer's tables, trees and sentences, as wide as they need when nobody looks at a terminal."""
    width = None if sys.stdout.isatty() else 200
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=False)
    with console.capture() as captured:
        for part in answer.show:
            console.print(part, markup=False, soft_wrap=isinstance(part, str))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


class Command(BaseCommand):
    """Read, prove, export and keep the ledger."""

    help = "Read, prove, export and keep the ledger"

    def add_arguments(self, parser: CommandParser) -> None:
        """One subparser for each subcommand."""
        chosen = parser.add_subparsers(dest="subcommand", required=True)
        for name, (add_arguments, run) in SUBCOMMANDS.items():
            subparser = chosen.add_parser(name, help=run.__doc__)
            subparser.add_argument("--json", action="store_true", help="answer JSON")
            add_arguments(subparser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one subcommand; its status becomes the exit status."""
        _, run = SUBCOMMANDS[options["subcommand"]]
        try:
            answer = run(Namespace(**options))
        except LedgerError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(answer.data, default=str))
        else:
            self.stdout.write(_drawn(answer), ending="")
        if answer.status:
            sys.exit(answer.status)
