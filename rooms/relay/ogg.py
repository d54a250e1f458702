"""Ogg pages with one Opus stream (RFC 3533, RFC 7845): packets in, bytes of a playable file out."""

import struct
from dataclasses import dataclass, field

from rooms.relay.webm import opus_head

PAGE = struct.Struct("<4sBBqIIIB")
FIRST, LAST = 0x02, 0x04
PAGE_SAMPLES = 48_000  # a page a second: a crash loses at most that
MAX_SEGMENTS = 255


def _crc_table() -> tuple[int, ...]:
    table = []
    for index in range(256):
        value = index << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def checksum(page: bytes) -> int:
    """Ogg's CRC-32: polynomial 04C11DB7, not reflected, from 0 (RFC 3533 section 6)."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _CRC[(value >> 24) ^ byte]
    return value


def last_granule(tail: bytes) -> int:
    """The granule position of the last page that begins in the last bytes of a file; 0 when none does."""
    at = tail.rfind(b"OggS")
    while at >= 0:
        if at + PAGE.size <= len(tail):
            granule: int = PAGE.unpack_from(tail, at)[3]
            return max(0, granule)
        at = tail.rfind(b"OggS", 0, at)
    return 0


@dataclass(slots=True)
class OggWriter:
    """Collects packets into pages. `granule` counts samples at 48 kHz, the pre-skip included."""

    serial: int
    pre_skip: int
    granule: int = 0
    _number: int = 0
    _packets: list[bytes] = field(default_factory=list)
    _segments: int = 0
    _page_start: int = 0

    def head(self, tags: dict[str, str]) -> bytes:
        """The two header pages; `tags` become the comment header (RFC 7845 section 5.2)."""
        vendor = b"obole relay"
        comments = [f"{name}={value}".encode() for name, value in tags.items()]
        body = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments))
        body += b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)
        return self._page([opus_head(pre_skip=self.pre_skip)], FIRST, 0) + self._page([body], 0, 0)

    def add(self, packet: bytes, duration: int) -> bytes:
        """Add one packet of `duration` samples; returns a finished page, or nothing."""
        segments = len(packet) // 255 + 1
        out = b"" if self._segments + segments <= MAX_SEGMENTS else self.flush()
        self._packets.append(packet)
        self._segments += segments
        self.granule += duration
        if self.granule - self._page_start >= PAGE_SAMPLES:
            out += self.flush()
        return out

    def flush(self) -> bytes:
        """The page of what has been added since the last, or nothing."""
        if not self._packets:
            return b""
        return self._take_page(0)

    def finish(self) -> bytes:
        """The last page, marked as such."""
        return self._take_page(LAST)

    def _take_page(self, flags: int) -> bytes:
        page = self._page(self._packets, flags, self.granule)
        self._packets, self._segments, self._page_start = [], 0, self.granule
        return page

    def _page(self, packets: list[bytes], flags: int, granule: int) -> bytes:
        lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
        fields = (b"OggS", 0, flags, granule, self.serial, self._number)
        tail = lacing + b"".join(packets)
        self._number += 1
        crc = checksum(PAGE.pack(*fields, 0, len(lacing)) + tail)
        return PAGE.pack(*fields, crc, len(lacing)) + tail
