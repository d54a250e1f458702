"""RTP packets and the audio level in their header extensions."""

import pytest

from rooms.relay import rtp
from rooms.relay.sources import source_of

PLAIN = rtp.build(payload_type=111, sequence=7, timestamp=960, ssrc=5, payload=b"opus")


def with_extension(profile: int, data: bytes) -> bytes:
    """PLAIN with a header extension block."""
    data += bytes(-len(data) % 4)
    block = profile.to_bytes(2, "big") + (len(data) // 4).to_bytes(2, "big") + data
    return bytes([PLAIN[0] | 0x10]) + PLAIN[1:12] + block + PLAIN[12:]


def test_what_it_writes_it_reads() -> None:
    packet = rtp.parse(PLAIN)

    assert (packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc) == (111, 7, 960, 5)
    assert (packet.payload, packet.marker, packet.level_dbov) == (b"opus", False, None)


def test_it_names_the_speaker_as_contributing_source() -> None:
    """RFC 3550, section 5.1: CC is 1 and the CSRC follows the fixed header."""
    source = source_of("ticket:1")

    packet = rtp.build(payload_type=111, sequence=7, timestamp=960, ssrc=5, payload=b"opus", source=source)

    assert (packet[0], packet[12:16], packet[16:]) == (0x81, source.to_bytes(4, "big"), b"opus")
    assert rtp.parse(packet).payload == b"opus"
    assert source_of("ticket:1") == source != source_of("ticket:2")


@pytest.mark.parametrize(
    ("profile", "data"),
    [
        (0xBEDE, bytes([0x32, 1, 2, 3, 0x10, 0x80 | 42])),  # another extension of three bytes, then ours
        (0xBEDE, bytes([0, 0, 0x10, 0x80 | 42])),  # padding first
        (0x1000, bytes([9, 0, 1, 1, 0x80 | 42])),  # two-byte form, an empty one first
    ],
)
def test_it_reads_the_audio_level(profile: int, data: bytes) -> None:
    """RFC 6464 in the forms of RFC 8285 sections 4.2 and 4.3."""
    packet = rtp.parse(with_extension(profile, data), level_id=1)

    assert (packet.level_dbov, packet.voice) == (42, True)
    assert packet.payload == b"opus"


@pytest.mark.parametrize("data", [b"\xf0\x10\x01", b"\x13\x01", b""])
def test_a_broken_extension_has_no_level_and_harms_nothing(data: bytes) -> None:
    packet = rtp.parse(with_extension(0xBEDE, data)[:], level_id=2)

    assert packet.level_dbov is None
    assert packet.payload == b"opus"


def test_it_takes_padding_and_contributing_sources_off() -> None:
    packet = bytes([0x80 | 0x20 | 1]) + PLAIN[1:12] + bytes(4) + b"opus\0\0\x03"

    assert rtp.parse(packet).payload == b"opus"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        PLAIN[:11],
        b"\x00" + PLAIN[1:],
        bytes([0x8F]) + PLAIN[1:],
        bytes([0xA0]) + PLAIN[1:12] + b"\x00",
        bytes([0xA0]) + PLAIN[1:12] + b"\xff",
        bytes([0x90]) + PLAIN[1:12] + b"\xbe\xde\x00\xff",
        bytes([0x90]) + PLAIN[1:12] + b"\xbe",
    ],
)
def test_it_refuses_what_is_malformed(packet: bytes) -> None:
    with pytest.raises(rtp.RtpError):
        rtp.parse(packet, level_id=1)


@pytest.mark.parametrize(("a", "b", "ahead"), [(1, 0, 1), (0, 65535, 1), (65535, 0, -1), (40000, 7232, -32768)])
def test_sequence_numbers_wrap(a: int, b: int, ahead: int) -> None:
    assert rtp.sequence_after(a, b) == ahead
