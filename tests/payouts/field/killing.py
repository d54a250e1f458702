"""Processes that die between any two statements."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connection


class Killed(BaseException):
    """The process is gone: nothing catches it, and the database rolls back what was open."""


class _Deadline:
    """Lets so many statements through, then the process dies; what a rollback needs is not counted."""

    def __init__(self, statements: int) -> None:
        self.left = statements

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            if self.left == 0:
                self.left = -1
                raise Killed
            self.left -= 1
        return execute(sql, params, many, context)


@contextmanager
def dying_after(statements: int) -> Iterator[None]:
    """Run work whose process is killed before its so-manieth statement, if it gets that far."""
    with suppress(Killed), connection.execute_wrapper(_Deadline(statements)):
        yield
