"""A step on the money's way, as pages draw it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`look` is done, now (under way), todo or failed; `at` is when it happened or is due."""

    title: str
    look: str
    at: datetime | None = None
    note: str = ""
    reference: str = ""
