"""A small model of the ledger in plain Python: what the machine and the hammer compare with."""

from collections import defaultdict
from dataclasses import dataclass, field

from ledger.postings import Posting

FLOORED = (":available", ":reserved", ":in_transit")
MAY_CROSS = {"refund", "dispute", "correction", "reversal"}


def has_floor(account: str) -> bool:
    """Whether the chart gives the account a floor of zero."""
    return account.startswith(("wallet:", "equity:fund:")) or (
        account.startswith("payable:") and account.endswith(FLOORED)
    )


def may_cross(account: str, kind: str) -> bool:
    """Whether a kind of posting may take the account below its floor."""
    return account.endswith(":available") and kind.split(".", maxsplit=1)[0] in MAY_CROSS


@dataclass
class Model:
    """Balances by account, debit positive, what holds reserve, and the postings by key."""

    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    posted: dict[str, Posting] = field(default_factory=dict)

    def available(self, account: str) -> int:
        """What is there above the floor and outside holds (accounts with floors are credit accounts)."""
        return -self.balances[account] - self.held[account]

    def post(self, posting: Posting) -> str:
        """Apply a posting; "posted", "replayed", "conflict" or "floor"."""
        known = self.posted.get(posting.key)
        if known is not None:
            return "replayed" if known == posting else "conflict"
        change: dict[str, int] = defaultdict(int)
        for leg in posting.legs:
            change[leg.account] += leg.amount_minor
        for account, moved in change.items():
            lacking = moved > 0 and self.available(account) - moved < 0
            if has_floor(account) and lacking and not may_cross(account, posting.kind):
                return "floor"
        for account, moved in change.items():
            self.balances[account] += moved
        self.posted[posting.key] = posting
        return "posted"
