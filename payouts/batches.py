"""Writing many rows at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def update_many(rows: Sequence[models.Model], fields: Iterable[str]) -> None:
    """Write these fields of every row in one statement; Django's `bulk_update` would write a CASE for each."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's own name for it)
    columns = {field.name: field for field in meta.concrete_fields}
    key = next(field for field in meta.concrete_fields if field.primary_key)
    wanted = [columns[name] for name in fields]
    settings = ", ".join(f'"{field.column}" = new."{field.column}"' for field in wanted)
    arrays = ", ".join(f"%s::{_array_type(field)}" for field in (key, *wanted))
    names = ", ".join(f'"{field.column}"' for field in (key, *wanted))
    statement = (
        f'UPDATE "{meta.db_table}" AS old SET {settings} FROM unnest({arrays}) AS new ({names}) '  # noqa: S608
        f'WHERE old."{key.column}" = new."{key.column}"'
    )
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in (key, *wanted)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _array_type(field: "models.Field[Any, Any]") -> str:
    """Without the length, for a cast to varchar(10) cuts off silently what an assignment refuses."""
    return f"{str(field.db_type(connection)).partition('(')[0]}[]"
