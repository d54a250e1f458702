"""Records each speaker of a room to an Ogg Opus file of their own, by remuxing what they send.

Beside each file lies a note in JSON of the same name: who speaks, since when, and, once the file has been ended, when
they spoke. A note without that belongs to a file that a killed relay left; it can be played up to its last second.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from rooms.relay import opus
from rooms.relay.log import log
from rooms.relay.ogg import OggWriter
from rooms.relay.ring import Sent
from rooms.relay.rtp import Packet
from rooms.relay.stage import SPEAKING_DBOV
from rooms.relay.webm import PRE_SKIP

MAX_GAP = 48_000 * 10  # after a longer silence (a mute, say) another file begins, so that none has to be filled
REORDER = 5
PAUSE = 48_000 * 2  # a shorter silence is part of what somebody says


@dataclass(slots=True)
class Note:
    """What a file's note says. `spoke` holds stretches in samples from the file's beginning; None: not ended yet."""

    room: str
    identity: str
    began_at_s: float
    samples: int | None = None
    spoke: list[tuple[int, int]] | None = None

    def write(self, path: Path) -> None:
        """Put it in place whole, whatever happens meanwhile."""
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


@dataclass(slots=True)
class Track:
    """One speaker's file. Gaps (silence, loss) are filled with frames that the decoder conceals, so that time holds.

    Packets are put in order over a window of 5, which covers what NACK brings back late.
    """

    ssrc: int
    file: BinaryIO
    writer: OggWriter
    note: Note
    note_path: Path
    waiting: dict[int, Packet] = field(default_factory=dict)
    newest: int | None = None
    next_timestamp: int | None = None
    spoke: list[tuple[int, int]] = field(default_factory=list)

    def continues_with(self, packet: Packet) -> bool:
        """Whether the packet belongs to this file: of the same stream, and not long after the last."""
        if packet.ssrc != self.ssrc:
            return False
        return self.newest is None or abs(_ahead(packet.timestamp, self.newest)) <= MAX_GAP

    def take(self, packet: Packet) -> None:
        """Hold a packet for ordering, and write the oldest one when enough wait."""
        self.newest = packet.timestamp
        self.waiting[packet.timestamp] = packet
        if len(self.waiting) > REORDER:
            self._write_oldest()

    def close(self) -> None:
        """Write what waits, end the stream, close the file, and only then say in the note that it is whole."""
        while self.waiting:
            self._write_oldest()
        self.file.write(self.writer.finish())
        self.file.close()
        self.note.samples, self.note.spoke = max(0, self.writer.granule - PRE_SKIP), self.spoke
        self.note.write(self.note_path)

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
        self._fill(gap, packet.payload)
        if _is_speech(packet):
            self._speaks(self.writer.granule, self.writer.granule + duration)
        self.file.write(self.writer.add(packet.payload, duration))
        self.next_timestamp = (timestamp + duration) & 0xFFFFFFFF

    def _fill(self, gap: int, like: bytes) -> None:
        step = opus.concealed_samples(like)
        filler = opus.concealment(like)
        for _ in range(gap // step):
            self.file.write(self.writer.add(filler, step))

    def _speaks(self, start: int, end: int) -> None:
        if self.spoke and start - self.spoke[-1][1] < PAUSE:
            start, _ = self.spoke.pop()
        self.spoke.append((start, end))


def _is_speech(packet: Packet) -> bool:
    """By the level that the speaker's own browser measured; without one, by whether there is more than silence."""
    if packet.level_dbov is None:
        return len(packet.payload) > opus.DTX_BYTES
    return packet.level_dbov <= SPEAKING_DBOV


def _ahead(a: int, b: int) -> int:
    """How far RTP timestamp `a` is ahead of `b`."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@dataclass(slots=True, eq=False)
class Recorder:
    """A tap on a room: a track for each speaker, from their first packet until they go or pause for long."""

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
            if track is not None and not track.continues_with(packet):
                self._end(identity)
                track = None
            if track is None:
                track = self.tracks[identity] = self._open(identity, packet.ssrc)
            track.take(packet)
        except OSError as error:
            self.failed = True
            log.error("recording stopped", room=self.room, error=type(error).__name__)

    def on_sent(self, slot: int, sent: Sent, now: float) -> None:
        """Not used: recordings follow speakers, heard or not."""

    def on_gone(self, identity: str) -> None:
        """End the file of a speaker who left."""
        self._end(identity)

    def close(self) -> None:
        """End all files."""
        for identity in list(self.tracks):
            self._end(identity)

    def _end(self, identity: str) -> None:
        track = self.tracks.pop(identity, None)
        if track is None:
            return
        try:
            track.close()
        except OSError as error:
            log.error("recording not ended", room=self.room, error=type(error).__name__)

    def _open(self, identity: str, ssrc: int) -> Track:
        started_s = self.wall()
        started = datetime.fromtimestamp(started_s, UTC)
        folder = self.folder / file_name(self.room)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{started:%Y%m%dT%H%M%S%fZ}-{file_name(identity)}.opus"
        note = Note(self.room, identity, started_s)
        file = path.open("xb")
        note.write(path.with_suffix(".json"))
        track = Track(ssrc, file, OggWriter(secrets.randbits(32), PRE_SKIP), note, path.with_suffix(".json"))
        # The identity only: who is behind it is the site's to say, and to forget.
        tags = {"TITLE": self.room, "ARTIST": identity, "DATE": started.isoformat()}
        track.file.write(track.writer.head(tags))
        return track


def file_name(text: str) -> str:
    """A name that nobody can turn into a path: the plain characters, and a digest that keeps it unique."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[:60]
    return plain if plain == text else f"{plain}-{sha256(text.encode()).hexdigest()[:12]}"
