"""What every case from the field asserts in the end: the books balance, and say what the sandbox says."""

from django.db import connection

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
