"""A stand-in for LiveKit: its RoomService over Twirp (protobuf bodies), tokens checked by livekit-api's own verifier.

Source: LiveKit's server API reference and `livekit_room.proto`, whose generated types both sides use.
"""

import base64
import hashlib
import time
from collections import defaultdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from livekit.api import AccessToken, TokenVerifier
from livekit.protocol import room as protocol
from livekit.protocol.models import ParticipantInfo, Room, TrackInfo, TrackType
from livekit.protocol.webhook import WebhookEvent

from rooms.livekit import tokens

KEY, SECRET = "APIobole", "a secret of at least thirty-two bytes, for tests"
REQUESTS: dict[str, type[Message]] = {
    "ListParticipants": protocol.ListParticipantsRequest,
    "RemoveParticipant": protocol.RoomParticipantIdentity,
    "UpdateParticipant": protocol.UpdateParticipantRequest,
    "MutePublishedTrack": protocol.MuteRoomTrackRequest,
    "DeleteRoom": protocol.DeleteRoomRequest,
}


class NotFoundError(Exception):
    """Twirp's `not_found`."""


class StandIn:
    """The server, in this event loop. `calls` keeps what was asked; `broken` makes every answer a 503."""

    def __init__(self) -> None:
        self.rooms: dict[str, dict[str, ParticipantInfo]] = defaultdict(dict)
        self.calls: list[tuple[str, str]] = []
        self.broken = False
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/twirp/livekit.RoomService/{method}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"ws://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def join(self, token: str) -> ParticipantInfo:
        """A client connects with a token, as LiveKit takes it: the second of an identity replaces the first."""
        claims = TokenVerifier(KEY, SECRET).verify(token)
        assert claims.video is not None
        assert claims.video.room_join
        info = ParticipantInfo(
            sid=f"PA_{len(self.calls)}_{claims.identity}_{time.monotonic_ns()}",
            identity=claims.identity,
            joined_at=int(time.time()),
            attributes=claims.attributes or {},
        )
        info.permission.can_publish = claims.video.can_publish
        if claims.video.can_publish:
            info.tracks.append(TrackInfo(sid=f"TR_{claims.identity}", type=TrackType.AUDIO))
        self.rooms[claims.video.room][claims.identity] = info
        return info

    def let_in(self, identity: str, *, room: str, speaks: bool = False, at: float | None = None) -> ParticipantInfo:
        """The same with a token of ours."""
        now = datetime.fromtimestamp(time.time() if at is None else at, UTC)
        return self.join(tokens.issue(key=KEY, secret=SECRET, identity=identity, room=room, speaks=speaks, now=now))

    def names(self, room: str) -> set[str]:
        """Who is in a room."""
        return set(self.rooms.get(room, {}))

    async def _answer(self, request: web.Request) -> web.Response:
        if self.broken:
            return web.json_response({"code": "unavailable", "msg": "down"}, status=503)
        method = request.match_info["method"]
        asked: Any = REQUESTS[method].FromString(await request.read())
        scheme, _, token = request.headers["Authorization"].partition(" ")
        claims = TokenVerifier(KEY, SECRET).verify(token)
        if scheme != "Bearer" or claims.video is None or not self._may(method, claims.video, asked.room):
            return web.json_response({"code": "permission_denied", "msg": "no"}, status=403)
        self.calls.append((method, getattr(asked, "identity", "") or asked.room))
        try:
            answer = getattr(self, f"_{method}")(asked)
        except NotFoundError:
            return web.json_response({"code": "not_found", "msg": "participant or room does not exist"}, status=404)
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    @staticmethod
    def _may(method: str, video: Any, room: str) -> bool:
        if method == "DeleteRoom":
            return bool(video.room_create)
        return bool(video.room_admin) and video.room == room

    def _ListParticipants(self, asked: Any) -> Message:  # noqa: N802 - Twirp's names
        return protocol.ListParticipantsResponse(participants=self.rooms.get(asked.room, {}).values())

    def _RemoveParticipant(self, asked: Any) -> Message:  # noqa: N802
        self._find(asked)
        del self.rooms[asked.room][asked.identity]
        return protocol.RemoveParticipantResponse()

    def _UpdateParticipant(self, asked: Any) -> Message:  # noqa: N802
        found = self._find(asked)
        found.permission.CopyFrom(asked.permission)
        if not asked.permission.can_publish:
            del found.tracks[:]
        return found

    def _MutePublishedTrack(self, asked: Any) -> Message:  # noqa: N802
        (track,) = [track for track in self._find(asked).tracks if track.sid == asked.track_sid]
        track.muted = asked.muted
        return protocol.MuteRoomTrackResponse(track=track)

    def _DeleteRoom(self, asked: Any) -> Message:  # noqa: N802
        if asked.room not in self.rooms:
            raise NotFoundError
        del self.rooms[asked.room]
        return protocol.DeleteRoomResponse()

    def _find(self, asked: Any) -> ParticipantInfo:
        found = self.rooms.get(asked.room, {}).get(asked.identity)
        if found is None:
            raise NotFoundError
        return found


def webhook(kind: str, *, room: str, participant: ParticipantInfo, number: int, at: int) -> tuple[str, str]:
    """A webhook's body and its Authorization header, signed as LiveKit signs."""
    event = WebhookEvent(event=kind, id=f"EV_{number}", created_at=at, room=Room(name=room), participant=participant)
    body = MessageToJson(event)
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return body, AccessToken(KEY, SECRET).with_sha256(digest).to_jwt()
