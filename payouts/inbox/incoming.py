"""An event whose signature has been verified, as the inbox stores it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """What the endpoint knows of an event; `raw` is the body byte for byte, `account` the connected account."""

    id: str
    kind: Literal["snapshot", "thin"]
    type: str
    object_id: str
    account: str
    api_version: str
    livemode: bool
    created_at: datetime
    raw: bytes = field(repr=False)
