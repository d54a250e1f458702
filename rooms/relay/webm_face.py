"""Listening over HTTPS, for networks that block UDP: one endless WebM stream a slot, fed from the room."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from rooms.relay import webm
from rooms.relay.opus import SILENCE, samples
from rooms.relay.relay import Relay
from rooms.relay.ring import Sent
from rooms.relay.rtp import Packet
from rooms.relay.session import HttpsSession

CLUSTER_S = 0.1
FRAME_MS = 20
MAX_BEHIND_MS = 2000
MAX_QUEUED = 500


@dataclass(slots=True, eq=False)
class SlotFeed:
    """Packets of one slot as a gapless time line of clusters: silence stands in while nobody speaks.

    A media element stalls on a hole, so time goes by the wall clock, 20 ms after 20 ms.
    """

    slot: int
    own: str
    queue: list[bytes] = field(default_factory=list)
    closed: bool = False
    _written_ms: int = 0

    def on_packet(self, identity: str, packet: Packet, now: float) -> None:
        """Not used: this feed follows slots, not speakers."""

    def on_sent(self, slot: int, sent: Sent, now: float) -> None:
        """Queue a packet of our slot."""
        if slot == self.slot and len(self.queue) < MAX_QUEUED:
            self.queue.append(SILENCE if sent.speaker == self.own else sent.payload)

    def on_gone(self, identity: str) -> None:
        """Not used: a slot outlives its speakers."""

    def close(self) -> None:
        self.closed = True

    def cluster(self, elapsed_ms: int) -> bytes:
        """The cluster up to `elapsed_ms` after the start, empty when nothing is due."""
        start = self._written_ms
        packets: list[tuple[int, bytes]] = []
        for packet in self.queue:
            duration = samples(packet) * 1000 // 48_000
            if duration:
                packets.append((self._written_ms - start, packet))
                self._written_ms += duration
        self.queue.clear()
        # Speech runs up to a frame ahead or behind; only a real gap is filled.
        while self._written_ms + 3 * FRAME_MS < elapsed_ms and self._written_ms - start < MAX_BEHIND_MS:
            packets.append((self._written_ms - start, SILENCE))
            self._written_ms += FRAME_MS
        return webm.cluster(start, packets) if packets else b""


async def open_stream(
    relay: Relay, session: HttpsSession, slot: int, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[bytes]:
    """The bytes of one slot, until the session or the room ends.

    A slot has one reader, the last who came: a session's address in many hands still makes one listener.
    """
    room = relay.rooms[session.room]
    feed = SlotFeed(slot, session.identity)
    room.taps[feed] = feed
    started = clock()
    session.streams[slot] = feed
    try:
        yield webm.header()
        while _is_read(relay, session, feed):
            await asyncio.sleep(CLUSTER_S)
            chunk = feed.cluster(round((clock() - started) * 1000))
            if chunk and _is_read(relay, session, feed):
                yield chunk
    finally:
        room.taps.pop(feed, None)
        if session.streams.get(slot) is feed:
            del session.streams[slot]
        session.heard_at = clock()


def _is_read(relay: Relay, session: HttpsSession, feed: SlotFeed) -> bool:
    """Whether the feed's reader still may, and is the slot's only one."""
    return not feed.closed and session.streams.get(feed.slot) is feed and session.id in relay.sessions
