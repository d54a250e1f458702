"""LiveKit's webhooks: verified by livekit-api's own receiver, read as the events that a relay tells."""

from dataclasses import dataclass
from typing import Final

from livekit.api import TokenVerifier, WebhookReceiver
from livekit.protocol.models import DisconnectReason
from livekit.protocol.webhook import WebhookEvent

from rooms.livekit.engine import joined, left
from rooms.livekit.tokens import granted_at
from rooms.relay.events import Joined, Left

GONE: Final = frozenset({"participant_left", "participant_connection_aborted"})


class ForgedWebhookError(Exception):
    """Not signed with our key, too old, or not what was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A verified webhook. `event` is None for what says nothing of anybody's attendance."""

    id: str
    kind: str
    event: Joined | Left | None
    granted_at_s: float


def read(*, body: bytes, authorization: str, key: str, secret: str) -> Told:
    """Verify and read. Raises ForgedWebhookError."""
    try:
        told = WebhookReceiver(TokenVerifier(key, secret)).receive(
            body.decode(), authorization.removeprefix("Bearer ")
        )
    except Exception as error:
        # The receiver raises plain `Exception` for a body that is not the signed one, and others' errors for the rest.
        raise ForgedWebhookError(type(error).__name__) from error
    if not told.id:
        raise ForgedWebhookError("no id")
    at = granted_at(told.participant.attributes)
    return Told(id=told.id, kind=told.event, event=_event_of(told), granted_at_s=at)


def _event_of(told: WebhookEvent) -> Joined | Left | None:
    participant = told.participant
    if not participant.sid or not told.room.name:
        return None
    if told.event == "participant_joined":
        return joined(told.room.name, participant, float(participant.joined_at or told.created_at))
    if told.event in GONE:
        reason = DisconnectReason.Name(participant.disconnect_reason).lower().replace("_", "-")
        return left(told.room.name, participant, float(told.created_at), reason)
    return None
