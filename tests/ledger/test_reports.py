"""Statements, reports, explanations, tracing, and the command line that shows them."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger import accounts
from ledger.fees import Share, policy, split
from ledger.operations import post, post_many
from ledger.queries import (
    StatementLine,
    balance_sheet,
    explain,
    group_balances,
    income_statement,
    statement,
    trace,
    transactions_of,
)
from tests.databases import Database
from tests.ledger.cast import ADA, NOON, TICKET_FEE, S, fold_all, move, p, sale

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    """A rolled back database unless the test takes one of its own."""
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")


def command(*arguments: str) -> Any:
    """What `manage.py ledger ... --json` answers."""
    out = StringIO()
    call_command("ledger", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def shown(*arguments: str) -> str:
    """What `manage.py ledger ...` prints."""
    out = StringIO()
    call_command("ledger", *arguments, stdout=out)
    return out.getvalue()


def five_days() -> None:
    """A sale on each of five days, one of them written down last."""
    for day in (0, 1, 3, 4, 2):
        post(posting=sale(f"sale:{day}", effective_at=NOON + day * DAY))


def test_a_statement_opens_and_closes_by_effective_date() -> None:
    five_days()
    found = statement(account=p(ADA), currency="USD", since=NOON + DAY, until=NOON + 4 * DAY)
    assert (found.opening_minor, found.closing_minor) == (-911, -3644)
    assert [(line.key, line.balance_minor) for line in found.lines] == [
        ("sale:1", -1822),
        ("sale:2", -2733),
        ("sale:3", -3644),
    ]


def test_pages_of_a_statement_join() -> None:
    five_days()
    whole = statement(account=S, currency="USD")
    pages: list[StatementLine] = []
    after = None
    while True:
        page = statement(account=S, currency="USD", after=after, limit=3)
        pages += page.lines
        if not page.more:
            break
        after = page.lines[-1]
    assert tuple(pages) == whole.lines
    assert len(pages) == 10
    assert page.closing_minor == whole.closing_minor == 4705


def test_a_statement_page_is_two_queries(django_assert_num_queries: Any) -> None:
    five_days()
    with django_assert_num_queries(2):
        statement(account=S, currency="USD", since=NOON, limit=3)


def test_a_statement_of_an_unused_account_is_empty() -> None:
    found = statement(account=S, currency="USD", since=NOON)
    assert (found.opening_minor, found.lines, found.closing_minor) == (0, (), 0)


def test_the_balance_sheet_balances_and_the_income_statement_says_why() -> None:
    five_days()
    post(posting=move("jpy", S, p(ADA), 500, "JPY"))
    yen, dollars = balance_sheet()
    assert (yen.assets_minor, yen.liabilities_minor, yen.equity_minor) == (500, 500, 0)
    assert dollars.assets_minor == dollars.liabilities_minor + dollars.equity_minor == 4705
    assert dollars.result_minor == 150
    (income,) = [
        found for found in income_statement(since=NOON + DAY, until=NOON + 3 * DAY) if found.currency == "USD"
    ]
    assert (income.revenue_minor, income.expense_minor, income.result_minor) == (178, 118, 60)
    assert group_balances()["Owed to payees"] == {"JPY": -500, "USD": -4555}


def test_explain_opens_a_sale_down_to_its_formula() -> None:
    parts = split(
        policy=policy("obole-standard", 1),
        price_minor=1000,
        processing_fee_minor=59,
        shares=[Share(payee=str(ADA), weight=1)],
        tie_offset=0,
    )
    formula = [{"label": x.label, "formula": x.formula, "amount_minor": x.amount_minor} for x in parts.formula]
    metadata = {"policy": "obole-standard v1", "formula": formula}
    post(posting=sale("sale:1", metadata=metadata))
    post(posting=move("release:1", p(ADA), p(ADA, "available"), 911, subject="sale:1", kind="release"))
    root = explain(subject="sale:1", account=p(ADA))
    assert root.amount_minor == 0
    assert [child.label for child in root.children] == ["sale sale:1", "release release:1"]
    details = {child.label: child for child in root.children[0].children}
    assert details["policy"].detail == "obole-standard v1"
    assert details["formula"].children[1].detail == "obole-standard v1: 3% of 1000"
    assert len(transactions_of(subject="sale:1")) == 8
    assert "obole-standard v1: 3% of 1000" in shown("explain", "sale:1")


def test_explain_is_two_queries(django_assert_num_queries: Any) -> None:
    post(posting=sale())
    with django_assert_num_queries(2):
        explain(subject="sale:1")


def test_a_payout_is_traced_to_the_sales_that_funded_it() -> None:
    for day, amount in enumerate((500, 300, 400)):
        key = f"release:{day}"
        post(posting=move(key, p(ADA), p(ADA, "available"), amount, effective_at=NOON + day * DAY, kind="release"))
    for nth, amount in enumerate((600, 500)):
        at = NOON + (3 + nth) * DAY
        key = f"payout:{nth}"
        post(posting=move(key, p(ADA, "available"), p(ADA, "in_transit"), amount, effective_at=at))
    account = p(ADA, "available")
    used = [[(f.key, f.used_minor) for f in trace(key=key, account=account)] for key in ("payout:0", "payout:1")]
    assert used == [[("release:0", 500), ("release:1", 100)], [("release:1", 200), ("release:2", 300)]]
    assert trace(key="payout:0", account=S) == []


@pytest.mark.parametrize("folded", [True, False])
def test_tracing_crosses_pages_and_folds(committed_db: Database, *, folded: bool) -> None:
    post_many(
        postings=[
            move(f"r:{n:03}", p(ADA), p(ADA, "available"), 2, effective_at=NOON + n * timedelta(hours=1))
            for n in range(500)
        ]
    )
    account = p(ADA, "available")
    post(posting=move("payout:1", account, p(ADA, "in_transit"), 101, effective_at=NOON + 90 * DAY))
    post(posting=move("payout:2", account, p(ADA, "in_transit"), 800, effective_at=NOON + 91 * DAY))
    if folded:
        fold_all()
    found = trace(key="payout:2", account=account)
    assert [(found[0].key, found[0].used_minor), (found[-1].key, found[-1].used_minor)] == [("r:050", 1), ("r:450", 1)]
    assert sum(line.used_minor for line in found) == 800


def test_the_command_line_shows_balances() -> None:
    five_days()
    assert command("balance", S)["balance_minor"] == 4705
    assert command("balance", S, "--before", "2026-11-02")["balance_minor"] == 941
    assert "47.05" in shown("balance", S)
    lines = {line["account"]: line["balance_minor"] for line in command("trial-balance")}
    assert lines == {
        S: 4705, p(ADA): -4555, TICKET_FEE: -150, accounts.PROCESSING_RECOVERED: -295,
        accounts.EXPENSE_PROCESSING: 295,
    }  # fmt: skip
    assert command("trial-balance", "--groups")["Owed to payees"] == {"USD": -4555}
    assert command("balance-sheet")[0]["result_minor"] == 150
    assert command("income", "--since", "2026-11-01", "--until", "2026-12-01")[0]["revenue_minor"] == 445
    assert command("statement", p(ADA), "--limit", "2")["closing_minor"] == -1822
    assert command("status")["tail"] == 5


def test_the_command_line_names_the_refusal() -> None:
    call_command("ledger", "close-period", "2026-12-01", "--actor", "fin", stdout=StringIO())
    with pytest.raises(CommandError, match="PeriodClosedError"):
        call_command("ledger", "close-period", "2026-11-01", "--actor", "fin", stdout=StringIO())


def test_every_subcommand_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("ledger", "--help")
    printed = capsys.readouterr().out
    for name in ("balance", "statement", "trial-balance", "explain", "export", "verify", "proof", "import"):
        assert name in printed


def test_the_bench_leaves_nothing_behind(committed_db: Database) -> None:
    five_days()
    before = command("trial-balance")
    found = {line["what"]: line["per_second"] for line in command("bench", "--seconds", "0.01")}
    assert len(found) == 6
    assert min(found.values()) > 0
    assert command("trial-balance") == before
    assert command("status")["tail"] == 5
    assert "post a sale of three entries" in shown("bench", "--seconds", "0")
