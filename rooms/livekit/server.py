"""LiveKit's RoomService, as far as it is needed. What is not there is as good as removed."""

from collections.abc import Awaitable
from typing import Final, TypeVar

import aiohttp
from livekit.api import LiveKitAPI, ServerError, ServerErrorCode
from livekit.protocol.models import ParticipantInfo, ParticipantPermission, TrackType
from livekit.protocol.room import (
    DeleteRoomRequest,
    ListParticipantsRequest,
    MuteRoomTrackRequest,
    RoomParticipantIdentity,
    UpdateParticipantRequest,
)

TIMEOUT_S: Final = 5.0
T = TypeVar("T")


class ServerAwayError(Exception):
    """LiveKit did not answer, or refused us. What was to be done is done with the next look at the room."""


class Server:
    """Calls that may be made any number of times."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        # Without the client's own retries: the next look at the room is ours.
        self._api = LiveKitAPI(url, key, secret, timeout=timeout, failover=False)

    async def close(self) -> None:
        """Let the connections go."""
        await self._api.aclose()

    async def participants(self, room: str) -> list[ParticipantInfo]:
        """Who is in the room; nobody when there is no such room. Raises ServerAwayError."""
        answer = await _done(self._api.room.list_participants(ListParticipantsRequest(room=room)))
        return list(answer.participants) if answer is not None else []

    async def remove(self, room: str, name: str) -> None:
        """Take a participant out. Raises ServerAwayError."""
        await _done(self._api.room.remove_participant(RoomParticipantIdentity(room=room, identity=name)))

    async def forbid_speech(self, room: str, name: str) -> None:
        """Unpublish what a participant says, and let it publish nothing more. Raises ServerAwayError."""
        nothing = ParticipantPermission(can_publish=False, can_subscribe=False, can_publish_data=False)
        request = UpdateParticipantRequest(room=room, identity=name, permission=nothing)
        await _done(self._api.room.update_participant(request))

    async def mute(self, room: str, participant: ParticipantInfo, *, muted: bool) -> None:
        """Mute a participant's audio, or let it be heard again. Raises ServerAwayError."""
        for track in participant.tracks:
            if track.type == TrackType.AUDIO and track.muted is not muted:
                request = MuteRoomTrackRequest(
                    room=room, identity=participant.identity, track_sid=track.sid, muted=muted
                )
                await _done(self._api.room.mute_published_track(request))

    async def end(self, room: str) -> None:
        """Put everybody out and forget the room. Raises ServerAwayError."""
        await _done(self._api.room.delete_room(DeleteRoomRequest(room=room)))


async def _done(call: Awaitable[T]) -> T | None:
    """The answer, None when what the call was about is not there."""
    try:
        return await call
    except ServerError as error:
        if error.code == ServerErrorCode.NOT_FOUND:
            return None
        raise ServerAwayError(f"{error.code}: {error.message}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ServerAwayError(type(error).__name__) from error
