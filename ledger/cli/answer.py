"""What a subcommand answers: data for --json, and tables for people."""

from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.tree import Tree

from ledger.currencies import major


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result as JSON, what to print in its place, and the exit status."""

    data: Any
    show: list[Table | Tree | str] = field(default_factory=list)
    status: int = 0


def table(title: str, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table whose number columns are flush right."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", no_wrap=column in numbers)
    return made


def sides(amount_minor: int, currency: str) -> tuple[str, str]:
    """An amount in the debit or the credit column."""
    shown = major(abs(amount_minor), currency)
    return (shown, "") if amount_minor >= 0 else ("", shown)
