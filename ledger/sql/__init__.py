"""The ledger's SQL, one file a step. A file that a released migration loads never changes; a new one replaces it."""

from pathlib import Path


def read(name: str) -> str:
    """The text of one SQL file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
