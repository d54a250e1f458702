"""Writing many rows at once."""

from collections.abc import Iterable, Sequence

from django.db import connection, models


def update_many(rows: Sequence[models.Model], fields: Iterable[str]) -> None:
    """Write these fields of every row: one prepared statement, sent for all of them in one go (psycopg's pipeline)."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's own name for it)
    columns = {field.name: field for field in meta.concrete_fields}
    wanted = [columns[name] for name in fields]
    settings = ", ".join(f'"{field.column}" = %s' for field in wanted)
    key = next(field for field in meta.concrete_fields if field.primary_key)
    statement = f'UPDATE "{meta.db_table}" SET {settings} WHERE "{key.column}" = %s'  # noqa: S608
    values = [
        [*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in wanted), row.pk]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
