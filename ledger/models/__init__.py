"""The ledger's tables as Django sees them: to read. PostgreSQL owns them, writes go through `ledger.operations`."""

from ledger.models.account import Account as Account
from ledger.models.account import Balance as Balance
from ledger.models.transaction import Entry as Entry
from ledger.models.transaction import Transaction as Transaction
