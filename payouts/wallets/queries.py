"""What is in a wallet, and how it came there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Sum

from ledger import accounts
from ledger.queries import statement
from payouts.models import Sale, SaleState, Wallet
from payouts.models.wallet import CURRENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletLine:
    """A movement of a wallet: Stars in or out, and how many there were after it."""

    at: datetime
    words: str
    kind: str
    stars: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletView:
    """A wallet as its owner sees it; `coming` Stars are paid for and wait for the processor's word on its fee."""

    balance: int
    coming: int
    is_frozen: bool
    lines: tuple[WalletLine, ...]


def wallet_of(*, user_id: UUID, lines: int = 50) -> WalletView:
    """The wallet with its latest movements, newest first, from the ledger. Three queries."""
    wallet = Wallet.objects.filter(user_id=user_id).first()
    on_their_way = Sale.objects.filter(buyer_id=user_id, product="stars", state=SaleState.PAID)
    coming = on_their_way.aggregate(stars=Sum("wallet_minor"))["stars"] or 0
    found = statement(account=accounts.wallet(user_id), currency=CURRENCY).lines[-lines:]
    return WalletView(
        balance=wallet.balance if wallet else 0,
        coming=coming,
        is_frozen=wallet.is_frozen if wallet else False,
        lines=tuple(
            WalletLine(
                at=line.effective_at,
                words=line.description,
                kind=line.kind,
                stars=-line.amount_minor,
                balance=-line.balance_minor,
            )
            for line in reversed(found)
        ),
    )


def balance_of(*, user_id: UUID) -> int:
    """How many Stars a person has. One query."""
    balances = Wallet.objects.filter(user_id=user_id).annotate(left=F("bought") - F("spent"))
    return balances.values_list("left", flat=True).first() or 0
