"""Who shares in a sale, as the caller says it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSpec:
    """A payee and the weight of their share; thirds are 1, 1, 1."""

    payee_id: UUID
    weight: int = 1
