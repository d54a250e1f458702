"""Calling the ledger's SQL functions."""

import json
from typing import Any, Literal

from django.db import DatabaseError, connection

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
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            (answer,) = cursor.fetchone()
    except DatabaseError as error:
        refusal = translate(error)
        if refusal is None:
            raise
        raise refusal from error
    return json.loads(answer)
