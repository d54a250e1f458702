"""Whom the UUIDs in account codes and actors stand for. Other apps know, and tell it here when they start."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Kind = Literal["payee", "person"]
Names = Callable[[Collection[str]], Mapping[str, str]]
Find = Callable[[str, int], Collection[str]]

ACTOR: Final = re.compile(r"(?:staff|user):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
FOUND_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class _Book:
    names: Names
    find: Find


_books: dict[Kind, _Book] = {}


def knows(kind: Kind, *, names: Names, find: Find) -> None:
    """Register who knows a kind: `names` by UUID, in one query, and `find`, the UUIDs of at most so many by a text."""
    _books[kind] = _Book(names=names, find=find)


def names_of(kind: Kind, ids: Iterable[UUID | str]) -> dict[str, str]:
    """The names of those that are known, by UUID as text; one query, or none for nobody."""
    wanted = {str(each) for each in ids}
    book = _books.get(kind)
    return dict(book.names(wanted)) if book is not None and wanted else {}


def find(kind: Kind, text: str) -> list[str]:
    """The UUIDs of those whose name or e-mail has this text in it, fifty at most."""
    book = _books.get(kind)
    return sorted(book.find(text, FOUND_MAX)) if book is not None and text.strip() else []


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """The names behind "staff:<uuid>" and "user:<uuid>", by the whole text, in one query; other actors have none."""
    ids = {actor: found[1] for actor in actors if (found := ACTOR.fullmatch(actor))}
    names = names_of("person", ids.values())
    return {actor: names[each] for actor, each in ids.items() if each in names}
