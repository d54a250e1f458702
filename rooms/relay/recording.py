"""Records each speaker of a room to an Ogg Opus file of their own, by remuxing what they send."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from rooms.relay import opus
from rooms.relay.log import log
from rooms.relay.ogg import OggWriter
from rooms.relay.ring import Sent
from rooms.relay.rtp import Packet
from rooms.relay.webm import PRE_SKIP

MAX_GAP = 48_000 * 60 * 60  # an hour of silence; more is a stream that started over
REORDER = 5


@dataclass(slots=True)
class Track:
    """One speaker's file. Gaps (silence, loss) are filled with frames that the decoder conceals, so that time holds.

    Packets are put in order over a window of 5, which covers what NACK brings back late.
    """

    file: BinaryIO
    writer: OggWriter
    waiting: dict[int, Packet] = field(default_factory=dict)
    next_timestamp: int | None = None

    def take(self, packet: Packet) -> None:
        """Hold a packet for ordering, and write the oldest one when enough wait."""
        self.waiting[packet.timestamp] = packet
        if len(self.waiting) > REORDER:
            self._write_oldest()

    def close(self) -> None:
        """Write what waits, end the stream, close the file."""
        while self.waiting:
            self._write_oldest()
        self.file.write(self.writer.finish())
        self.file.close()

    def _write_oldest(self) -> None:
        first = next(iter(self.waiting))
        timestamp = min(self.waiting, key=lambda stamp: _ahead(stamp, first))
        packet = self.waiting.pop(timestamp)
        duration = opus.samples(packet.payload)
        if not duration:
            return
        gap = 0 if self.next_timestamp is None else _ahead(timestamp, self.next_timestamp)
        if gap < 0:
            return
        if gap <= MAX_GAP:
            self._fill(gap, packet.payload)
        self.file.write(self.writer.add(packet.payload, duration))
        self.next_timestamp = (timestamp + duration) & 0xFFFFFFFF

    def _fill(self, gap: int, like: bytes) -> None:
        step = opus.concealed_samples(like)
        filler = opus.concealment(like)
        for _ in range(gap // step):
            self.file.write(self.writer.add(filler, step))


def _ahead(a: int, b: int) -> int:
    """How far RTP timestamp `a` is ahead of `b`."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@dataclass(slots=True, eq=False)
class Recorder:
    """A tap on a room: a track for each speaker, begun with their first packet."""

    room: str
    folder: Path
    wall: Callable[[], float]
    tracks: dict[str, Track] = field(default_factory=dict)
    failed: bool = False

    def on_packet(self, identity: str, packet: Packet, now: float) -> None:
        """Write a speaker's packet. A full disk ends the recording, not the room."""
        if self.failed:
            return
        try:
            track = self.tracks.get(identity)
            if track is None:
                track = self.tracks[identity] = self._open(identity)
            track.take(packet)
        except OSError as error:
            self.failed = True
            log.error("recording stopped", room=self.room, error=type(error).__name__)

    def on_sent(self, slot: int, sent: Sent, now: float) -> None:
        """Not used: recordings follow speakers, heard or not."""

    def close(self) -> None:
        """End all files."""
        for track in self.tracks.values():
            try:
                track.close()
            except OSError as error:
                log.error("recording not ended", room=self.room, error=type(error).__name__)
        self.tracks.clear()

    def _open(self, identity: str) -> Track:
        started = datetime.fromtimestamp(self.wall(), UTC)
        folder = self.folder / file_name(self.room)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{started:%Y%m%dT%H%M%S%fZ}-{file_name(identity)}.opus"
        track = Track(path.open("xb"), OggWriter(secrets.randbits(32), PRE_SKIP))
        tags = {"TITLE": self.room, "ARTIST": identity, "DATE": started.isoformat()}
        track.file.write(track.writer.head(tags))
        return track


def file_name(text: str) -> str:
    """A name that nobody can turn into a path: the plain characters, and a digest that keeps it unique."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[:60]
    return plain if plain == text else f"{plain}-{sha256(text.encode()).hexdigest()[:12]}"
