"""What every case from the field asserts in the end: the books balance, and say what the sandbox says."""

from django.db import connection

from config import clock
from ledger import accounts
from ledger.queries import balances
from payouts.models import BalanceTransaction, MirrorState
from payouts.runs.operations import settle_due
from tests.payouts.stripe_driver import Sandbox, ledger_of_stripe

UNBALANCED = """
SELECT t.key FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
GROUP BY t.id, e.currency HAVING sum(e.amount_minor) <> 0
"""


def assert_books_agree(sandbox: Sandbox, currency: str = "USD") -> None:
    """Every transaction balances, and the ledger's Stripe balance is the sandbox's, to the cent."""
    with connection.cursor() as cursor:
        cursor.execute(UNBALANCED)
        assert cursor.fetchall() == []
    assert ledger_of_stripe(currency) == sandbox.balance().get(currency, (0, 0))


def assert_all_is_booked(sandbox: Sandbox, currency: str = "USD") -> None:
    """The same once funds that became available are settled, and every movement of Stripe's is in the ledger."""
    settle_due(now=clock.now(fresh=True))
    assert_books_agree(sandbox, currency)
    assert not BalanceTransaction.objects.exclude(state=MirrorState.POSTED).exists()


def balance(code: str, currency: str = "USD") -> int:
    """One account's balance, debit positive."""
    return balances(accounts=[code]).get((code, currency), 0)


def suspense(currency: str = "USD") -> int:
    """What is in suspense, as it is owed."""
    return -balance(accounts.SUSPENSE, currency)
