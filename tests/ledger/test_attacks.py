"""Attempts to spoil the ledger from plain SQL: as the application role, and as the owner where a trigger must hold.

Each attempt is refused with its SQLSTATE, and the books are the same afterwards.
"""

import json
from typing import Any

import psycopg
import pytest

from tests.ledger.cast import ADA, AVAILABLE, S, books, move, p, sale, sqlstate

DENIED = "42501"
FROZEN = "LG008"
Connection = psycopg.Connection[Any]

AS_THE_APPLICATION = {
    "insert an account": "INSERT INTO ledger_account VALUES (DEFAULT)",
    "insert a header": "INSERT INTO ledger_transaction SELECT * FROM ledger_transaction",
    "insert an entry": "INSERT INTO ledger_entry (transaction_id) VALUES (1)",
    "claim a key": "INSERT INTO ledger_key VALUES (1, 'x', '')",
    "raise an amount": "UPDATE ledger_entry SET amount_minor = amount_minor * 2",
    "raise a balance": "UPDATE ledger_balance SET balance_minor = 0",
    "lower a floor": "UPDATE ledger_balance SET floor_minor = NULL",
    "free a hold": "UPDATE ledger_balance SET held_minor = 0",
    "delete a transaction": "DELETE FROM ledger_transaction",
    "delete entries": "DELETE FROM ledger_entry",
    "forget keys": "DELETE FROM ledger_key",
    "truncate entries": "TRUNCATE ledger_entry",
    "truncate everything": "TRUNCATE ledger_transaction CASCADE",
    "reopen a period": "UPDATE ledger_book SET closed_before = NULL",
    "move the watermark": "UPDATE ledger_book SET folded_xact = '0'",
    "forge a seal": "INSERT INTO ledger_seal SELECT * FROM ledger_seal",
    "forget a seal": "DELETE FROM ledger_seal_leaf",
    "change the chart": "UPDATE ledger_chart SET floor_minor = NULL",
    "invent a currency": "INSERT INTO ledger_currency VALUES ('XYZ', 2)",
    "change a daily total": "UPDATE ledger_daily_total SET debit_minor = 0",
    "change an hourly total": "UPDATE ledger_hourly_total SET debit_minor = 0",
    "disable a trigger": "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_comes_whole",
    "disable all triggers of the session": "SET session_replication_role = replica",
    "drop a table": "DROP TABLE ledger_seal_signature",
    "replace the function": "CREATE OR REPLACE FUNCTION ledger_post(x jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT x'",
    "plant a function in the schema": "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "plant a table in the schema": "CREATE TABLE public.planted (id int)",
    "call an inner function": "SELECT ledger_open_accounts('[]')",
    "take from a hold unseen": "SELECT ledger_reduce_hold('a', 'b', 'release', 1, NULL)",
    "lock out the others": "LOCK TABLE ledger_transaction IN ACCESS EXCLUSIVE MODE",
    "use the sequence": "SELECT nextval('ledger_transaction_id_seq')",
    "become the owner": "SET ROLE obole_owner",
    "write migrations' history": "DELETE FROM django_migrations",
}


@pytest.mark.parametrize("attempt", AS_THE_APPLICATION)
def test_the_application_role_cannot(attempt: str, history: dict[str, int], app: Connection) -> None:
    assert sqlstate(app, AS_THE_APPLICATION[attempt]) == DENIED
    assert books() == history


AS_THE_OWNER = {
    "update an entry": ("UPDATE ledger_entry SET amount_minor = amount_minor * 2", FROZEN),
    "move an entry to another transaction": ("UPDATE ledger_entry SET transaction_id = transaction_id + 1", FROZEN),
    "update a header": ("UPDATE ledger_transaction SET effective_at = effective_at - interval '1 year'", FROZEN),
    "delete an entry": ("DELETE FROM ledger_entry WHERE id = (SELECT max(id) FROM ledger_entry)", FROZEN),
    "delete a header": ("DELETE FROM ledger_transaction", FROZEN),
    "truncate entries": ("TRUNCATE ledger_entry CASCADE", FROZEN),
    "truncate headers": ("TRUNCATE ledger_transaction CASCADE", FROZEN),
    "truncate accounts": ("TRUNCATE ledger_account CASCADE", FROZEN),
    "delete a balance": ("DELETE FROM ledger_balance", FROZEN),
    "truncate balances": ("TRUNCATE ledger_balance", FROZEN),
    "rename an account": ("UPDATE ledger_account SET code = 'bank' WHERE code = 'stripe:pending'", FROZEN),
    "make an account hot": ("UPDATE ledger_account SET hot = true", FROZEN),
    "change a key": ("UPDATE ledger_key SET key = key || 'x'", FROZEN),
    "delete a key": ("DELETE FROM ledger_key", FROZEN),
    "change a hold": ("UPDATE ledger_hold SET amount_minor = 1", FROZEN),
    "change a seal": ("UPDATE ledger_seal SET root = chain", FROZEN),
    "change a leaf": ("UPDATE ledger_seal_leaf SET hash = '\\x00'", FROZEN),
    "delete the book": ("DELETE FROM ledger_book", FROZEN),
    "a second book": ("INSERT INTO ledger_book (id) VALUES (2)", "23514"),
    "merge into history": (
        "MERGE INTO ledger_entry e USING ledger_entry s ON s.id = e.id WHEN MATCHED THEN UPDATE SET memo = 'x'",
        FROZEN,
    ),
    "upsert over history": (
        "INSERT INTO ledger_key SELECT * FROM ledger_key ON CONFLICT (key) DO UPDATE SET content_hash = '\\x00'",
        FROZEN,
    ),
    "one more entry for a committed transaction": (
        (
            "INSERT INTO ledger_entry (transaction_id, position, account_id, amount_minor, currency, memo,"
            " effective_at)"
            " SELECT transaction_id, 99, account_id, amount_minor, currency, '', effective_at"
            " FROM ledger_entry LIMIT 1"
        ),
        FROZEN,
    ),
    "a balanced pair for a committed transaction": (
        (
            "INSERT INTO ledger_entry (transaction_id, position, account_id, amount_minor, currency, memo,"
            " effective_at)"
            " SELECT e.transaction_id, n, e.account_id, 5 * (2 * n - 15), e.currency, '', e.effective_at"
            " FROM (SELECT * FROM ledger_entry LIMIT 1) e, generate_series(7, 8) n"
        ),
        FROZEN,
    ),
    "entries of no transaction": (
        (
            "INSERT INTO ledger_entry (transaction_id, position, account_id, amount_minor, currency, memo,"
            " effective_at)"
            " SELECT 999999, n, e.account_id, 2 * n - 3, e.currency, '', e.effective_at"
            " FROM (SELECT * FROM ledger_entry LIMIT 1) e, generate_series(1, 2) n"
        ),
        FROZEN,
    ),
    "an account in no currency of ISO 4217": (
        "INSERT INTO ledger_account (code, currency, type, hot) VALUES ('bank', 'XYZ', 'asset', false)",
        "23503",
    ),
    "an account of no type": (
        "INSERT INTO ledger_account (code, currency, type, hot) VALUES ('bank', 'EUR', 'loan', false)",
        "23514",
    ),
    "a hold of less than nothing": ("UPDATE ledger_balance SET held_minor = -1", "23514"),
}


@pytest.mark.parametrize("attempt", AS_THE_OWNER)
def test_the_owner_cannot(attempt: str, history: dict[str, int], owner: Connection) -> None:
    statement, refusal = AS_THE_OWNER[attempt]
    assert sqlstate(owner, statement) == refusal
    assert books() == history


HEADER = """
WITH k AS (INSERT INTO ledger_key (key, transaction_id, content_hash) VALUES ('forged', 777, '\\x00'))
INSERT INTO ledger_transaction
    (id, effective_at, posted_at, xact, epoch, legs, key, kind, subject, actor, description, metadata)
SELECT 777, effective_at, posted_at, pg_current_xact_id(), epoch, %s, 'forged', kind, subject, actor, '', '{}'
FROM ledger_transaction LIMIT 1
"""
ENTRIES = """
INSERT INTO ledger_entry (transaction_id, position, account_id, amount_minor, currency, memo, effective_at)
SELECT 777, l.position, l.account_id, l.amount_minor, l.currency, '', t.effective_at
FROM (VALUES {}) AS l (position, account_id, amount_minor, currency), (SELECT * FROM ledger_transaction LIMIT 1) t
"""
FORGERIES = {
    "a header without entries": (2, None, "23503"),
    "unbalanced entries": (2, "(1, 1, 5, 'USD'), (2, 2, -4, 'USD')", "LG002"),
    "entries that balance only across currencies": (2, "(1, 1, 5, 'USD'), (2, {euros}, -5, 'EUR')", "LG002"),
    "fewer entries than announced": (3, "(1, 1, 5, 'USD'), (2, 2, -5, 'USD')", FROZEN),
    "more entries than announced": (2, "(1, 1, 5, 'USD'), (2, 2, -4, 'USD'), (3, 2, -1, 'USD')", FROZEN),
    "one position twice": (2, "(1, 1, 5, 'USD'), (1, 2, -5, 'USD')", "23505"),
    "an entry in another currency than its account's": (2, "(1, 1, 5, 'EUR'), (2, 2, -5, 'EUR')", FROZEN),
    "an entry on no account": (2, "(1, 9999, 5, 'USD'), (2, 2, -5, 'USD')", FROZEN),
    "an entry of nothing": (3, "(1, 1, 5, 'USD'), (2, 2, -5, 'USD'), (3, 2, 0, 'USD')", "23514"),
    "an amount out of range": (
        2,
        "(1, 1, 1000000000000001, 'USD'), (2, 2, -1000000000000001, 'USD')",
        "23514",
    ),
}


def forge(owner: Connection, *, legs: int, entries: str | None, header: str = HEADER) -> str:
    """Write a header and entries by hand in one transaction; the SQLSTATE it is refused with."""
    euros = owner.execute("SELECT id FROM ledger_account WHERE currency = 'EUR' LIMIT 1").fetchone()
    try:
        with owner.transaction():
            owner.execute(header, [legs])
            if entries:
                owner.execute(ENTRIES.format(entries.format(euros=euros[0] if euros else 0)))
    except psycopg.Error as error:
        return error.sqlstate or "unknown"
    return "00000"


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_owner_cannot_forge(forgery: str, history: dict[str, int], owner: Connection) -> None:
    legs, entries, refusal = FORGERIES[forgery]
    assert forge(owner, legs=legs, entries=entries) == refusal
    assert books() == history


def test_the_owner_cannot_forge_a_header_under_a_key_of_another(history: dict[str, int], owner: Connection) -> None:
    header = HEADER.replace("'forged', 777", "'forged', 778")
    assert forge(owner, legs=2, entries="(1, 1, 5, 'USD'), (2, 2, -5, 'USD')", header=header) == FROZEN
    assert books() == history


def request(**changes: Any) -> str:
    """The posting of a sale, changed, as ledger_post takes it."""
    return json.dumps(sale("sale:2").request() | changes)


def leg(account: str, amount_minor: Any, currency: Any = "USD", memo: Any = "") -> dict[str, Any]:
    """A leg as ledger_post takes it."""
    return {"account": account, "amount_minor": amount_minor, "currency": currency, "memo": memo}


def pair(amount_minor: Any, other: Any) -> list[dict[str, Any]]:
    """Two legs on hot accounts."""
    return [leg(S, amount_minor), leg(AVAILABLE, other)]


MALFORMED = {
    "nothing": ("null", "LG001"),
    "a text": ('"sale"', "LG001"),
    "no fields": ("{}", "LG001"),
    "a field too many": (request(posted_at="2020-01-01"), "LG001"),
    "no key": (request(key=None), "LG001"),
    "an empty key": (request(key=""), "LG001"),
    "a key without end": (request(key="k" * 201), "LG001"),
    "a kind of spaces": (request(kind="a sale"), "LG001"),
    "an effective date of never": (request(effective_at="infinity"), "LG001"),
    "an effective date of nonsense": (request(effective_at="yesterday-ish"), "22007"),
    "one leg": (request(legs=[leg(S, 1)]), "LG001"),
    "legs that are none": (request(legs="all"), "LG001"),
    "a leg with a field too many": (request(legs=[leg(S, 1) | {"type": "asset"}, leg(AVAILABLE, -1)]), "LG001"),
    "unbalanced legs": (request(legs=pair(5, -4)), "LG002"),
    "NaN": (request(legs=pair("NaN", "NaN")), "LG001"),
    "infinity": (request(legs=pair("Infinity", "-Infinity")), "LG001"),
    "a fraction": (request(legs=pair(1.5, -1.5)), "22P02"),
    "beyond bigint": (request(legs=pair(2**63, -(2**63))), "22003"),
    "beyond the range": (request(legs=pair(10**15 + 1, -(10**15) - 1)), "23514"),
    "nothing at all": (request(legs=pair(0, 0)), "23514"),
    "no amount": (request(legs=pair(None, None)), "LG001"),
    "an account outside the chart": (request(legs=[leg("cash:under:mattress", 1), leg(S, -1)]), "LG006"),
    "an account named by a handle": (request(legs=[leg("payable:ada:pending", 1), leg(S, -1)]), "LG006"),
    "SQL for an account": (request(legs=[leg("bank'; DROP TABLE ledger_entry; --", 1), leg(S, -1)]), "LG006"),
    "a currency outside ISO 4217": (request(legs=[leg(S, 1, "XYZ"), leg(AVAILABLE, -1, "XYZ")]), "LG006"),
    "a lower-case currency": (request(legs=[leg(S, 1, "usd"), leg(AVAILABLE, -1, "usd")]), "LG006"),
    "metadata that is a list": (request(metadata=[]), "LG001"),
    "no metadata": (request(metadata=None), "LG001"),
    "a number for a text": (request(description=5), "LG001"),
    "a number for a memo": (request(legs=[leg(S, 1, memo=5), leg(AVAILABLE, -1)]), "LG001"),
    "digits in a text for an amount": (request(legs=pair("5", "-5")), "LG001"),
    "a text for what is reversed": (request(reverses="1"), "LG001"),
    "a leg without a memo, another with two": (
        request(legs=[{"account": S, "amount_minor": 1, "currency": "USD"}, leg(AVAILABLE, -1) | {"note": ""}]),
        "23502",
    ),
    "a posting in a list in a list": (f"[[{request()}]]", "LG001"),
    "a number in a list": ("[5]", "LG001"),
    "a reversal of nothing": (request(reverses=99999), "23503"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_ledger_post_refuses(what: str, history: dict[str, int], app: Connection) -> None:
    posting, refusal = MALFORMED[what]
    assert sqlstate(app, "SELECT ledger_post(%s::jsonb)", posting) == refusal
    assert books() == history


def test_a_key_cannot_be_posted_again_with_other_content(history: dict[str, int], app: Connection) -> None:
    changed = json.dumps(sale(description="another").request())
    assert sqlstate(app, "SELECT ledger_post(%s::jsonb)", changed) == "LG003"
    assert books() == history


def test_a_held_amount_cannot_be_taken(history: dict[str, int], app: Connection) -> None:
    taking = move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 812, kind="payout.reserved").request()
    assert sqlstate(app, "SELECT ledger_post(%s::jsonb)", json.dumps(taking)) == "LG004"
    assert books() == history


def test_temporary_tables_do_not_shadow_the_ledgers(history: dict[str, int], app: Connection) -> None:
    app.execute("CREATE TEMPORARY TABLE ledger_balance AS SELECT * FROM ledger_balance")
    app.execute("UPDATE pg_temp.ledger_balance SET floor_minor = NULL, held_minor = 0")
    taking = move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 812, kind="payout.reserved").request()
    app.execute("SET search_path = pg_temp, public")
    assert sqlstate(app, "SELECT public.ledger_post(%s::jsonb)", json.dumps(taking)) == "LG004"
    assert books() == history
