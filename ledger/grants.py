"""What the application role may do: everything outside the ledger, and inside it read and call."""

from typing import Any

from django.db import connections

from ledger import sql

APP_ROLE = "obole_app"


def grant_after_migrate(*, using: str, **_: Any) -> None:
    """Grant the application role its rights, as `sql/grants.sql` has them; nothing while the ledger has no tables."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('public.ledger_entry') IS NOT NULL AND to_regrole(%s) IS NOT NULL", [APP_ROLE]
        )
        row = cursor.fetchone()
        if row is not None and row[0]:
            cursor.execute(sql.read("grants.sql"))
