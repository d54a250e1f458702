"""Calling the ledger's SQL functions."""

import json
from typing import Any, Literal

import psycopg
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from ledger.errors import translate

Function = Literal[
    "ledger_post", "ledger_post_each", "ledger_place_hold", "ledger_capture_hold", "ledger_release_hold",
    "ledger_expire_holds", "ledger_lock_key", "ledger_change_account", "ledger_close_period", "ledger_sign_seal",
    "ledger_take_fee_basis",
]  # fmt: skip


def call(function: Function, request: Any) -> Any:
    """Run a ledger function on one jsonb argument and return its jsonb answer, its errors as those of the ledger."""
    return run(f"SELECT {function}(%s::jsonb)", [json.dumps(request)])


def run(statement: str, parameters: list[Any]) -> Any:
    """Run a statement that answers one jsonb value."""
    try:
        with _cursor() as cursor:
            cursor.execute(statement, parameters)
            (answer,) = cursor.fetchone()
    except DatabaseError as error:
        refusal = translate(error)
        if refusal is None:
            raise
        raise refusal from error
    return json.loads(answer)


def _cursor() -> CursorWrapper:
    """A cursor whose parameters go to the server apart from the statement, so that each connection prepares it once.

    Django's own cursors write the parameters into the text, which is then parsed and planned anew every time.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(cursor)  # type: ignore[arg-type]  # the stubs take a wrapper for what is to be wrapped
