"""Control messages from Django to the relay, as entries of a Valkey stream. Pure: both sides import this module.

`encode` gives the fields for XADD, `decode` reads them back. A stream and not pub/sub, because pub/sub drops what is
sent while nobody listens, and a dropped revocation is a free seat.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

STREAM = "relay:control"
STREAM_MAX_LENGTH = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Sessions of a room may go on until a Unix time. With `identities`, those alone; others of the room end.

    `speakers` are all who may be on stage and `muted` all who are muted, as Django knew them at `at_s` (Unix seconds):
    they heal what was lost of single messages, and leave alone who was let on stage since.
    """

    room: str
    until_s: float
    identities: tuple[str, ...] | None = None
    speakers: tuple[str, ...] | None = None
    muted: tuple[str, ...] | None = None
    at_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """This identity loses the room (refund, chargeback, ban, removal) until a Unix time.

    Grants issued before `at_s` (Django's clock, Unix seconds) are void; a later one means that Django has decided
    anew. Without it all are.
    """

    room: str
    identity: str
    until_s: float
    reason: str = "revoked"
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmit:
    """Takes a revocation back: the person bought again, or the ban ended."""

    room: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demote:
    """Ends the identity's speaking sessions and nothing else: off the stage, still in the room.

    Grants to speak issued before `at_s` (Django's clock, Unix seconds) are void.
    """

    room: str
    identity: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Drops, or lets through again, what the identity says. A lease's list from before `at_s` does not undo it."""

    room: str
    identity: str
    muted: bool
    at_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The room is over, for everybody in it."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Turns recording of the room's speakers on or off."""

    room: str
    on: bool


Control = Lease | Revoke | Readmit | Demote | Mute | End | Record
KINDS: dict[str, type[Control]] = {
    "lease": Lease,
    "revoke": Revoke,
    "readmit": Readmit,
    "demote": Demote,
    "mute": Mute,
    "end": End,
    "record": Record,
}
NAMES = {kind: name for name, kind in KINDS.items()}


class ControlError(ValueError):
    """A stream entry is not a control message."""


def encode(message: Control) -> dict[str, str]:
    """Fields for XADD to STREAM."""
    return {"kind": NAMES[type(message)], "body": json.dumps(asdict(message))}


def decode(fields: Mapping[str, str]) -> Control:
    """The message in a stream entry; raises ControlError."""
    kind = KINDS.get(fields.get("kind", ""))
    if kind is None:
        raise ControlError("kind")
    try:
        body: dict[str, Any] = json.loads(fields.get("body", ""))
        for name in ("identities", "speakers", "muted"):
            if isinstance(body.get(name), list):
                body[name] = tuple(body[name])
        return kind(**body)
    except (ValueError, TypeError, AttributeError) as error:
        raise ControlError("body") from error
