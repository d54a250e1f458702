"""WebM with one Opus track (RFC 8794, RFC 9559, the WebM guidelines): headers and clusters for a live stream."""

import struct

from rooms.relay.opus import CLOCK_HZ

EBML, SEGMENT, INFO, TRACKS, CLUSTER = b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\x15I\xa9f", b"\x16T\xaek", b"\x1fC\xb6u"
UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
PRE_SKIP = 312  # 6.5 ms, the encoder's usual look-ahead
SEEK_PRE_ROLL_NS = 80_000_000


def opus_head(channels: int = 1, pre_skip: int = PRE_SKIP) -> bytes:
    """The identification header (RFC 7845 section 5.1), also WebM's CodecPrivate."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, pre_skip, CLOCK_HZ, 0, 0)


def header() -> bytes:
    """Everything before the first cluster, with a segment of unknown size."""
    ebml = _element(
        EBML,
        _uint(b"\x42\x86", 1)
        + _uint(b"\x42\xf7", 1)
        + _uint(b"\x42\xf2", 4)
        + _uint(b"\x42\xf3", 8)
        + _element(b"\x42\x82", b"webm")
        + _uint(b"\x42\x87", 4)
        + _uint(b"\x42\x85", 2),
    )
    info = _element(
        INFO,
        _uint(b"\x2a\xd7\xb1", 1_000_000) + _element(b"\x4d\x80", b"relay") + _element(b"\x57\x41", b"relay"),
    )
    audio = _element(b"\xe1", _element(b"\xb5", struct.pack(">d", float(CLOCK_HZ))) + _uint(b"\x9f", 1))
    track = _element(
        b"\xae",
        _uint(b"\xd7", 1)
        + _uint(b"\x73\xc5", 1)
        + _uint(b"\x83", 2)
        + _element(b"\x86", b"A_OPUS")
        + _uint(b"\x56\xaa", PRE_SKIP * 1_000_000_000 // CLOCK_HZ)
        + _uint(b"\x56\xbb", SEEK_PRE_ROLL_NS)
        + audio
        + _element(b"\x63\xa2", opus_head()),
    )
    return ebml + SEGMENT + UNKNOWN_SIZE + info + _element(TRACKS, track)


def cluster(start_ms: int, packets: list[tuple[int, bytes]]) -> bytes:
    """A cluster of (milliseconds since `start_ms`, Opus packet) pairs."""
    blocks = b"".join(_block(offset_ms, packet) for offset_ms, packet in packets)
    return _element(CLUSTER, _uint(b"\xe7", start_ms) + blocks)


def _block(offset_ms: int, packet: bytes) -> bytes:
    """A SimpleBlock of track 1, marked as a key frame."""
    return _element(b"\xa3", b"\x81" + struct.pack(">hB", offset_ms, 0x80) + packet)


def _element(identifier: bytes, body: bytes) -> bytes:
    return identifier + (0x01 << 56 | len(body)).to_bytes(8, "big") + body


def _uint(identifier: bytes, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
