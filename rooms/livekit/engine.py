"""Carries out at LiveKit what Django says, at once and again with each look; tells Django who is there."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from livekit.protocol.models import ParticipantInfo

from rooms.livekit.server import Server, ServerAwayError
from rooms.livekit.standing import Standing, Verdict
from rooms.livekit.tokens import granted_at, identity_of, name_of
from rooms.relay.control import Control, Demote, End, Lease, Mute, Readmit, Record, Revoke
from rooms.relay.events import Here, Joined, Left, Sink, Watched
from rooms.relay.log import log

LOOK_EVERY_S: Final = 10.0
REMEMBER_ENDED_S: Final = 3600.0


@dataclass(slots=True)
class Engine:
    """All rooms. `take` is called with each message in order; `run` acts on them and looks at rooms in between."""

    server: Server
    events: Sink
    wall: Callable[[], float] = time.time
    rooms: dict[str, Standing] = field(default_factory=dict)
    acting: bool = False
    _due: asyncio.Queue[Control] = field(default_factory=asyncio.Queue)
    _seen: dict[str, dict[str, ParticipantInfo]] = field(default_factory=dict)

    def take(self, message: Control) -> None:
        """Note what was said. What was said before the start only matters for the first look."""
        standing = self.rooms.setdefault(message.room, Standing())
        match message:
            case Lease():
                standing.lease(message)
            case Revoke():
                standing.revoked[message.identity] = message
            case Readmit():
                standing.revoked.pop(message.identity, None)
            case Demote():
                standing.demote(message)
            case Mute():
                standing.mute(message)
            case End():
                standing.ended = True
            case Record():
                log.warning("recording is not done by this engine", room=message.room)
            case _:
                assert_never(message)
        if self.acting:
            self._due.put_nowait(message)

    async def run(self) -> None:
        """Act until cancelled. The first look settles what was said while nobody listened."""
        self.acting = True
        await self.look_at_all()
        next_look = self.wall() + LOOK_EVERY_S
        while True:
            try:
                message = await asyncio.wait_for(self._due.get(), max(0.0, next_look - self.wall()))
            except TimeoutError:
                await self.look_at_all()
                next_look = self.wall() + LOOK_EVERY_S
            else:
                await self._act(message)

    async def look_at_all(self) -> None:
        """Hold every room against what LiveKit says of it."""
        for room in list(self.rooms):
            try:
                await self.look_at(room)
            except ServerAwayError as error:
                log.warning("livekit is away", room=room, error=str(error))

    async def look_at(self, room: str) -> None:
        """Do what is to be done with each participant, and tell who is there. Raises ServerAwayError."""
        standing, now = self.rooms[room], self.wall()
        standing.forget(now)
        if standing.ended or now >= standing.leased_until:
            await self._end(room, now)
            return
        kept = []
        for participant in await self.server.participants(room):
            verdict = standing.verdict(participant.identity, granted_at=granted_at(participant.attributes), now=now)
            if verdict is Verdict.REMOVE:
                await self.server.remove(room, participant.identity)
                continue
            if verdict is not Verdict.KEEP:
                await self.server.mute(room, participant, muted=verdict is Verdict.MUTE)
            kept.append(participant)
        self._tell(room, kept, now)
        speakers = sum(1 for participant in kept if identity_of(participant.identity)[1])
        self.events.tell(Watched(room=room, speakers=speakers, at_s=now))

    async def _act(self, message: Control) -> None:
        """At once, without a list where none is needed; a call that fails is made up for by the next look."""
        room = message.room
        try:
            if isinstance(message, Revoke):
                await self.server.remove(room, name_of(message.identity, speaks=True))
                await self.server.remove(room, name_of(message.identity, speaks=False))
            elif isinstance(message, Demote):
                name = name_of(message.identity, speaks=True)
                await self.server.forbid_speech(room, name)
                await self.server.remove(room, name)
            elif isinstance(message, Mute | End):
                await self.look_at(room)
        except ServerAwayError as error:
            log.warning("livekit is away", room=room, error=str(error))

    async def _end(self, room: str, now: float) -> None:
        """Everybody out. The room is forgotten once its end is so old that no token of it can live."""
        standing = self.rooms[room]
        await self.server.end(room)
        self._tell(room, [], now)
        if now - standing.leased_until > REMEMBER_ENDED_S:
            del self.rooms[room]

    def _tell(self, room: str, present: list[ParticipantInfo], now: float) -> None:
        """Who came and went since the last look, and who is still there. Webhooks tell sooner, and may get lost."""
        before = self._seen.get(room, {})
        here = {participant.sid: participant for participant in present}
        for sid, participant in here.items():
            if sid not in before:
                self.events.tell(joined(room, participant, float(participant.joined_at)))
        for sid in before.keys() - here.keys():
            self.events.tell(left(room, before[sid], now, "left"))
        if here:
            self.events.tell(Here(room=room, sessions=tuple(here), at_s=now))
        self._seen[room] = here
        if not here:
            del self._seen[room]


def joined(room: str, participant: ParticipantInfo, at_s: float) -> Joined:
    """The event of somebody who came."""
    identity, speaks = identity_of(participant.identity)
    return Joined(
        room=room, identity=identity, session=participant.sid, way="publish" if speaks else "listen", at_s=at_s
    )


def left(room: str, participant: ParticipantInfo, at_s: float, reason: str) -> Left:
    """The event of somebody who went."""
    identity, speaks = identity_of(participant.identity)
    return Left(
        room=room,
        identity=identity,
        session=participant.sid,
        way="publish" if speaks else "listen",
        at_s=at_s,
        seconds=max(0.0, at_s - float(participant.joined_at)),
        reason=reason,
    )
