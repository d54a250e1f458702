"""Accounts in words: what each is for, and whom."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ledger import accounts, directory
from ledger.directory import Kind
from ledger.models import Account

FIXED: Final = {
    accounts.STRIPE_PENDING: "Platform's Stripe balance, pending",
    accounts.STRIPE_AVAILABLE: "Platform's Stripe balance, available",
    accounts.STRIPE_DISPUTED: "Held back in disputes",
    accounts.BANK: "Platform's bank",
    accounts.SUSPENSE: "Suspense, not matched yet",
    accounts.RECEIVABLE_STORE: "Owed by app stores",
    accounts.PROCESSING_RECOVERED: "Platform revenue, processing passed on",
    accounts.STARS_MARGIN: "Platform revenue, margin on Stars",
    accounts.EXPENSE_PROCESSING: "Cost of card processing",
    accounts.EXPENSE_DISPUTE_FEE: "Cost of dispute fees",
    accounts.EXPENSE_FEE_LOST_ON_REFUND: "Cost of processing lost on refunds",
    accounts.EXPENSE_BAD_DEBT: "Cost of bad debt",
    accounts.EXPENSE_STORE: "Cost of app stores",
    accounts.EXPENSE_FX: "Cost of currency conversion",
    accounts.EQUITY_FX: "Currency conversion",
    accounts.EQUITY_OPENING: "Opening balances",
    accounts.EQUITY_FUND_USED: "Awarded from funds",
}
FAMILIES: Final = {
    "revenue:platform_fee:": "Platform revenue, {}",
    "expense:grants:": "Grants from the fund {}",
    "equity:fund:": "Budget of the fund {}",
    "tax:": "Tax for {}",
}
STAGES: Final[Mapping[str, str]] = {
    "pending": "pending", "available": "available", "reserved": "reserved", "in_transit": "on its way",
}  # fmt: skip
OWNED: Final = re.compile(r"(payable|stripe:connected|wallet):([0-9a-f-]{36})(?::(\w+))?")
OWNERS: Final[Mapping[str, Kind]] = {"payable": "payee", "stripe:connected": "payee", "wallet": "person"}


def labels_of(codes: Iterable[str]) -> dict[str, str]:
    """What each account is for, in words; at most one query for payees and one for people, however many there are."""
    wanted = set(codes)
    owned = {code: found for code in wanted if (found := OWNED.fullmatch(code))}
    names = {
        kind: directory.names_of(kind, (found[2] for found in owned.values() if OWNERS[found[1]] == kind))
        for kind in set(OWNERS.values())
    }
    return {code: _owned(owned[code], names) if code in owned else _own(code) for code in wanted}


def _owned(found: re.Match[str], names: Mapping[Kind, Mapping[str, str]]) -> str:
    family, owner, stage = found.groups()
    name = names[OWNERS[family]].get(owner)
    if name is None:
        return found[0]
    if family == "payable":
        return f"{name}, {STAGES.get(stage, stage)}"
    return f"{name}, Stripe account" if family == "stripe:connected" else f"{name}, Stars"


def _own(code: str) -> str:
    for beginning, words in FAMILIES.items():
        if code.startswith(beginning):
            return words.format(code.removeprefix(beginning).replace("_", " ").replace("-", " "))
    return FIXED.get(code, code)


def codes_matching(text: str) -> list[str]:
    """The codes of accounts whose words have this text in them: the platform's own, and those of people so named."""
    needle = text.strip().casefold()
    if not needle:
        return []
    platforms = Account.objects.exclude(code__regex=f"^({'|'.join(OWNERS)}):").values_list("code", flat=True)
    own = {code for code in platforms if needle in _own(code).casefold()}
    payees, people = directory.find("payee", text), directory.find("person", text)
    of_payees = {accounts.payable(each, stage) for each in payees for stage in accounts.STAGES}
    return sorted(own | of_payees | {accounts.connected(each) for each in payees} | {*map(accounts.wallet, people)})
