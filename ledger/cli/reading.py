"""balance, statement, trial-balance, balance-sheet, income, explain, trace: subcommands that read."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.tree import Tree

from ledger import queries
from ledger.cli.answer import Answer, sides, table
from ledger.currencies import major
from ledger.queries.explain import Node


def instant(text: str) -> datetime:
    """An ISO date or time; without a zone it is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def balance_arguments(parser: ArgumentParser) -> None:
    """ledger balance ACCOUNT [CURRENCY] [--before T | --recorded T]."""
    parser.add_argument("account")
    parser.add_argument("currency", nargs="?", default="USD")
    parser.add_argument("--before", type=instant, help="what took effect before this instant")
    parser.add_argument("--recorded", type=instant, help="what the ledger had at this instant")


def balance(options: Namespace) -> Answer:
    """The balance of one account."""
    about = {"account": options.account, "currency": options.currency}
    final = True
    if options.before:
        amount = queries.balance_minor_before(**about, instant=options.before)
    elif options.recorded:
        recorded = queries.balance_recorded(**about, at=options.recorded)
        amount, final = recorded.balance_minor, recorded.final
    else:
        amount = queries.balance_minor(**about)
    shown = table(f"{options.account} {options.currency}", "debit", "credit", numbers=("debit", "credit"))
    shown.add_row(*sides(amount, options.currency))
    notes = [] if final else ["Transactions still under way may join this balance."]
    return Answer(data=about | {"balance_minor": amount, "final": final}, show=[shown, *notes])


def statement_arguments(parser: ArgumentParser) -> None:
    """ledger statement ACCOUNT [CURRENCY] [--since T] [--until T] [--limit N]."""
    parser.add_argument("account")
    parser.add_argument("currency", nargs="?", default="USD")
    parser.add_argument("--since", type=instant)
    parser.add_argument("--until", type=instant)
    parser.add_argument("--limit", type=int)


def statement(options: Namespace) -> Answer:
    """An account over a time, with opening and closing."""
    found = queries.statement(
        account=options.account,
        currency=options.currency,
        since=options.since,
        until=options.until,
        limit=options.limit,
    )
    money = ("debit", "credit", "balance")
    shown = table(f"{found.account} {found.currency}", "effective", "kind", "key", *money, numbers=money)
    shown.add_row("", "", "opening", "", "", major(found.opening_minor, found.currency))
    for line in found.lines:
        when = line.effective_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        shown.add_row(
            when,
            line.kind,
            line.key,
            *sides(line.amount_minor, found.currency),
            major(line.balance_minor, found.currency),
        )
    shown.add_row("", "", "closing", "", "", major(found.closing_minor, found.currency), style="bold")
    return Answer(data=asdict(found), show=[shown])


def trial_balance_arguments(parser: ArgumentParser) -> None:
    """ledger trial-balance [--before T] [--groups]."""
    parser.add_argument("--before", type=instant, help="what took effect before this instant")
    parser.add_argument("--groups", action="store_true", help="by account group")


def trial_balance(options: Namespace) -> Answer:
    """Every account's balance; each currency sums to zero."""
    money = ("debit", "credit")
    if options.groups:
        groups = queries.group_balances(as_of=options.before)
        shown = table("Trial balance by group", "group", "currency", *money, numbers=money)
        for title, amounts in groups.items():
            for currency, amount in amounts.items():
                shown.add_row(title, currency, *sides(amount, currency))
        return Answer(data=groups, show=[shown])
    lines = queries.trial_balance(as_of=options.before)
    shown = table("Trial balance", "account", "currency", *money, numbers=money)
    for line in lines:
        shown.add_row(line.account, line.currency, *sides(line.balance_minor, line.currency))
    for currency in sorted({line.currency for line in lines}):
        debits = sum(line.balance_minor for line in lines if line.currency == currency and line.balance_minor > 0)
        shown.add_row("total", currency, *[major(debits, currency)] * 2, style="bold")
    return Answer(data=[asdict(line) for line in lines], show=[shown])


def balance_sheet_arguments(parser: ArgumentParser) -> None:
    """ledger balance-sheet [--before T]."""
    parser.add_argument("--before", type=instant, help="what took effect before this instant")


def balance_sheet(options: Namespace) -> Answer:
    """What there is and whose it is."""
    sheets = queries.balance_sheet(as_of=options.before)
    shown = table("Balance sheet", "currency", "assets", "liabilities", "equity", "of which result")
    for sheet in sheets:
        amounts = (sheet.assets_minor, sheet.liabilities_minor, sheet.equity_minor, sheet.result_minor)
        shown.add_row(sheet.currency, *(major(amount, sheet.currency) for amount in amounts))
    return Answer(data=[asdict(sheet) for sheet in sheets], show=[shown])


def income_arguments(parser: ArgumentParser) -> None:
    """ledger income --since T --until T."""
    parser.add_argument("--since", type=instant, required=True)
    parser.add_argument("--until", type=instant, required=True)


def income(options: Namespace) -> Answer:
    """What was earned and spent in a time."""
    found = queries.income_statement(since=options.since, until=options.until)
    money = ("debit", "credit")
    shown = table("Income statement", "account", "currency", *money, numbers=money)
    for part in found:
        for line in part.lines:
            shown.add_row(line.account, line.currency, *sides(line.balance_minor, line.currency))
        shown.add_row("result", part.currency, *sides(-part.result_minor, part.currency), style="bold")
    return Answer(data=[asdict(part) for part in found], show=[shown])


def explain_arguments(parser: ArgumentParser) -> None:
    """ledger explain SUBJECT [--account CODE]."""
    parser.add_argument("subject", help="the business object, such as sale:<uuid>")
    parser.add_argument("--account", help="only what touches this account")


def explain(options: Namespace) -> Answer:
    """All that was posted about a business object, as a tree."""
    root = queries.explain(subject=options.subject, account=options.account)
    return Answer(data=root.as_data(), show=[_branch(Tree(_label(root)), root)], status=0 if root.children else 1)


def trace_arguments(parser: ArgumentParser) -> None:
    """ledger trace KEY ACCOUNT."""
    parser.add_argument("key", help="the transaction that took money from the account, such as a payout's")
    parser.add_argument("account")


def trace(options: Namespace) -> Answer:
    """The credits that paid for what a transaction took, first in, first out."""
    found = queries.trace(key=options.key, account=options.account)
    shown = table(f"{options.key} was funded by", "effective", "key", "subject", "used", "of", numbers=("used", "of"))
    for line in found:
        when = line.effective_at.astimezone(UTC).strftime("%Y-%m-%d")
        shown.add_row(when, line.key, line.subject, str(line.used_minor), str(line.amount_minor))
    return Answer(data=[asdict(line) for line in found], show=[shown], status=0 if found else 1)


def _branch(tree: Tree, node: Node) -> Tree:
    for child in node.children:
        _branch(tree.add(_label(child)), child)
    return tree


def _label(node: Node) -> str:
    parts: list[Any] = [node.label]
    if node.amount_minor is not None:
        parts.append(
            major(node.amount_minor, node.currency) + f" {node.currency}" if node.currency else node.amount_minor
        )
    return "  ".join(str(part) for part in [*parts, node.detail] if part != "")
