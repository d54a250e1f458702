"""Exports, which Beancount's and hledger's own checkers accept with the same balances; opening balances back in."""

import csv
import io
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from ledger import accounts
from ledger.currencies import EXPONENTS, major
from ledger.errors import InvalidPostingError
from ledger.exports import FORMATS, import_opening, read_opening
from ledger.exports.names import account_name
from ledger.exports.reading import BATCH
from ledger.operations import post, post_many
from ledger.queries import trial_balance
from ledger.queries.rows import rows
from tests.ledger.cast import ADA, AVAILABLE, LINUS, NOON, S, books, move, p, sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def history_to_export(db: None) -> None:
    """Sales, other currencies, awkward texts, a day out of order."""
    post(posting=sale(description='A "quoted" \\ ticket; with | marks\nand a line', metadata={"policy": "x", "n": 1}))
    post(posting=sale("sale:2", effective_at=NOON - timedelta(days=3)))
    post(posting=move("yen", S, p(ADA), 500, "JPY"))
    post(posting=move("dinar", S, p(ADA), 12_345, "KWD"))
    post(posting=move("funds", accounts.BANK, accounts.fund("sounds-of-2026"), 10_000))
    post(posting=move("stars", S, accounts.wallet(LINUS), 1_000))


def expected() -> dict[tuple[str, str], str]:
    """Balances that are not zero, as decimals, by exported name and currency."""
    return {
        (account_name(line.account, line.type), line.currency): major(line.balance_minor, line.currency)
        for line in trial_balance()
        if line.balance_minor
    }


@pytest.mark.usefixtures("history_to_export")
def test_bean_check_accepts_the_export_and_agrees(tmp_path: Path) -> None:
    from beancount import loader  # noqa: PLC0415 (slow to import, used here alone)
    from beancount.core import realization  # noqa: PLC0415

    path = tmp_path / "obole.beancount"
    path.write_text("".join(FORMATS["beancount"]()), encoding="utf-8")
    checker = Path(sys.executable).with_name("bean-check")
    checked = subprocess.run([checker, path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    found: dict[tuple[str, str], str] = {}
    for account in realization.iter_children(realization.realize(entries)):  # type: ignore[no-untyped-call]
        for position in account.balance:
            found[account.account, position.units.currency] = str(position.units.number)
    assert found == expected()


@pytest.mark.usefixtures("history_to_export")
def test_hledger_accepts_the_export_and_agrees(tmp_path: Path) -> None:
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("hledger is not installed: `apt-get install hledger`")
    path = tmp_path / "obole.journal"
    path.write_text("".join(FORMATS["hledger"]()), encoding="utf-8")
    checked = subprocess.run([hledger, "-f", path, "check", "--strict"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    answer = subprocess.run(
        [hledger, "-f", path, "balance", "--flat", "-O", "csv", "--layout", "bare", "--no-total"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {
        (line["account"], line["commodity"]): line["balance"] for line in csv.DictReader(io.StringIO(answer.stdout))
    }
    assert {key: value for key, value in found.items() if float(value)} == expected()


@pytest.mark.usefixtures("history_to_export")
def test_csv_and_json_lines_carry_every_entry() -> None:
    entries = rows("SELECT sum(amount_minor)::bigint, count(*) FROM ledger_entry WHERE amount_minor > 0", [])[0]
    table = list(csv.DictReader(io.StringIO("".join(FORMATS["csv"]()))))
    debits = [int(line["amount_minor"]) for line in table if int(line["amount_minor"]) > 0]
    assert (sum(debits), len(debits)) == entries
    assert {line["exponent"] for line in table if line["currency"] == "KWD"} == {"3"}
    records = [json.loads(line) for line in FORMATS["jsonl"]()]
    assert sum(record["record"] == "transaction" for record in records) == 6
    assert records[-6]["metadata"] == {"policy": "x", "n": 1}
    assert sum(e["amount_minor"] for r in records if r["record"] == "transaction" for e in r["entries"]) == 0


def test_a_spreadsheet_does_not_run_a_text() -> None:
    post(posting=sale(description="=HYPERLINK(1)"))
    table = list(csv.DictReader(io.StringIO("".join(FORMATS["csv"]()))))
    assert {line["description"] for line in table} == {"'=HYPERLINK(1)"}


def test_an_export_is_read_in_batches(django_assert_num_queries: Any) -> None:
    post_many(postings=[move(f"m:{n}", S, AVAILABLE, 1) for n in range(BATCH + 1)])
    with django_assert_num_queries(2):
        assert sum(1 for _ in FORMATS["csv"]()) == 1 + 2 * (BATCH + 1)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_ledger_exports(name: str) -> None:
    assert len(list(FORMATS[name]())) <= 4


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    post(posting=sale())
    path = tmp_path / "out.jsonl"
    call_command("ledger", "export", "jsonl", "--output", str(path), stdout=io.StringIO())
    assert len(path.read_text().splitlines()) == 6


def test_opening_balances_are_imported_once(tmp_path: Path) -> None:
    path = tmp_path / "opening.csv"
    lines = ["account,currency,amount", "bank,USD,100.00", f"{p(ADA, 'available')},USD,-40", "bank,JPY,500"]
    path.write_text("\n".join([*lines, "suspense,USD,0"]))
    for _ in range(2):
        call_command(
            "ledger", "import", str(path), "--key", "opening:2026", "--at", "2026-01-01", stdout=io.StringIO()
        )
    assert books() == {
        "bank": 10_000, p(ADA, "available"): -4_000, "bank JPY": 500,
        "equity:opening": -6_000, "equity:opening JPY": -500,
    }  # fmt: skip


@pytest.mark.parametrize(
    "line", ["bank,USD,1.001", "bank,JPY,1.5", "bank,USD,1e3", "bank,USD,", "bank,USD", "bank,USD,1\nbank,USD,2"]
)
def test_a_bad_opening_line_is_named_and_nothing_is_posted(line: str) -> None:
    with pytest.raises(InvalidPostingError, match=r"line [23]: "):
        read_opening(["account,currency,amount", *line.split("\n")])
    assert books() == {}


def test_an_opening_is_all_or_nothing() -> None:
    openings = read_opening(["account,currency,amount", "bank,USD,1", "cash,USD,1"])
    with pytest.raises(Exception, match="the chart has no account cash"):
        import_opening(openings=openings, key="opening", effective_at=NOON, actor="fin")


def test_exponents_are_the_same_in_python_and_sql() -> None:
    in_sql = dict(rows("SELECT code, exponent FROM ledger_currency WHERE exponent <> 2", []))
    assert in_sql == EXPONENTS


def test_names_stay_distinct() -> None:
    assert account_name("payable:0ada0000-0000-4000-8000-000000000001:in_transit", "liability").endswith(":In-transit")
    assert account_name("revenue:platform_fee:ticket", "revenue") == "Income:Platform-fee:Ticket"
    assert account_name("bank", "asset") == "Assets:Bank"
