"""RTP packets (RFC 3550 section 5) and the audio-level header extension (RFC 6464), read without decoding audio."""

import struct
from dataclasses import dataclass

FIXED = struct.Struct("!BBHII")
WITH_SOURCE = struct.Struct("!BBHIII")
ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000
SILENT_LEVEL = 127
MAX_PAYLOAD = 1276  # one Opus packet of the largest frame size (RFC 6716 section 3.4) still fits one datagram


class RtpError(ValueError):
    """The packet is not well-formed RTP."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What the relay needs of an RTP packet. `level_dbov` is 0 (loudest) to 127 (silence), None when not told."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    level_dbov: int | None = None
    voice: bool = False


def parse(packet: bytes, level_id: int | None = None) -> Packet:
    """Parse one unprotected packet; `level_id` is the negotiated audio-level extension id. Raises RtpError."""
    if len(packet) < FIXED.size:
        raise RtpError("short")
    first, second, sequence, timestamp, ssrc = FIXED.unpack_from(packet)
    if first >> 6 != 2:
        raise RtpError("version")
    start = FIXED.size + 4 * (first & 0x0F)
    level = None
    if first & 0x10:
        start, level = _extensions(packet, start, level_id)
    payload = _payload(packet, start, padded=bool(first & 0x20))
    return Packet(
        payload_type=second & 0x7F,
        marker=bool(second & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=payload,
        level_dbov=None if level is None else level & 0x7F,
        voice=level is not None and bool(level & 0x80),
    )


def _payload(packet: bytes, start: int, *, padded: bool) -> bytes:
    end = len(packet)
    if padded:
        padding = packet[-1]
        if padding == 0:
            raise RtpError("padding")
        end -= padding
    if start > end:
        raise RtpError("no room for a payload")
    return packet[start:end]


def _extensions(packet: bytes, start: int, level_id: int | None) -> tuple[int, int | None]:
    if start + 4 > len(packet):
        raise RtpError("extension header")
    profile, words = struct.unpack_from("!HH", packet, start)
    end = start + 4 + 4 * words
    if end > len(packet):
        raise RtpError("extension runs past the end")
    if level_id is None:
        return end, None
    if profile == ONE_BYTE_PROFILE:
        return end, _find_one_byte(packet[start + 4 : end], level_id)
    if profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return end, _find_two_byte(packet[start + 4 : end], level_id)
    return end, None


def _find_one_byte(data: bytes, wanted: int) -> int | None:
    """RFC 8285 section 4.2."""
    offset = 0
    while offset < len(data):
        identifier, length = data[offset] >> 4, (data[offset] & 0x0F) + 1
        if identifier == 0:
            offset += 1
            continue
        if identifier == 15 or offset + 1 + length > len(data):
            return None
        if identifier == wanted:
            return data[offset + 1]
        offset += 1 + length
    return None


def _find_two_byte(data: bytes, wanted: int) -> int | None:
    """RFC 8285 section 4.3."""
    offset = 0
    while offset + 1 < len(data):
        identifier, length = data[offset], data[offset + 1]
        if identifier == 0:
            offset += 1
            continue
        if offset + 2 + length > len(data):
            return None
        if identifier == wanted:
            return data[offset + 2] if length else None
        offset += 2 + length
    return None


def build(
    *,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    marker: bool = False,
    source: int = 0,
) -> bytes:
    """Write a packet without header extensions or padding; `source` is its one contributing source, 0 for none."""
    second = payload_type | (0x80 if marker else 0)
    if source:
        return WITH_SOURCE.pack(0x81, second, sequence, timestamp, ssrc, source) + payload
    return FIXED.pack(0x80, second, sequence, timestamp, ssrc) + payload


def level_extension(level_id: int, level_dbov: int) -> bytes:
    """A one-byte-form extension block that carries an audio level, to go between header and payload."""
    return struct.pack("!HHBBxx", ONE_BYTE_PROFILE, 1, level_id << 4, level_dbov | 0x80)


def sequence_after(a: int, b: int) -> int:
    """How far sequence `a` is ahead of `b`, from -32768 to 32767 (RFC 1982)."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000
