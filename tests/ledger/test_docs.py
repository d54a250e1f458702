"""docs/ledger.md runs: its Python blocks are executed in order, and what they print is what the page shows."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from ledger.management.commands.ledger import SUBCOMMANDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ledger.md"
BLOCKS = re.compile(r"^```python\n(.*?)^```\n(?:\n?^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


@pytest.mark.committed_db
def test_the_page_runs_and_prints_what_it_shows() -> None:
    blocks = BLOCKS.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 10
    names: dict[str, object] = {}
    for number, (code, shown) in enumerate(blocks, start=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{PAGE.name} block {number}", "exec"), names)  # noqa: S102 (our own page)
        assert printed.getvalue() == shown, f"block {number} prints otherwise:\n{printed.getvalue()}"


def test_the_page_names_every_subcommand() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in SUBCOMMANDS if f"ledger {name}" not in text] == []
