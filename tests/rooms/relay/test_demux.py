"""The table of RFC 7983 section 7, byte by byte."""

import pytest

from rooms.relay.demux import Kind, kind_of


def expected(first: int) -> Kind:
    """What the RFC says of a first byte; the second byte is a payload type below 192."""
    if first <= 3:
        return Kind.STUN
    if 20 <= first <= 63:
        return Kind.DTLS
    if 128 <= first <= 191:
        return Kind.RTP
    return Kind.UNKNOWN  # 16-19 ZRTP, 64-79 TURN channel, the rest unassigned


@pytest.mark.parametrize("first", range(256))
def test_the_first_byte_decides(first: int) -> None:
    assert kind_of(bytes([first, 111, 0, 0])) is expected(first)


@pytest.mark.parametrize("second", [192, 205, 223])
def test_the_second_byte_tells_rtcp(second: int) -> None:
    """RFC 5761 section 4."""
    assert kind_of(bytes([0x80, second])) is Kind.RTCP


@pytest.mark.parametrize("second", [0, 111, 191, 224, 255])
def test_the_second_byte_tells_rtp(second: int) -> None:
    assert kind_of(bytes([0x80, second])) is Kind.RTP


@pytest.mark.parametrize("datagram", [b"", b"\x80"])
def test_what_is_too_short_is_nothing(datagram: bytes) -> None:
    assert kind_of(datagram) is Kind.UNKNOWN
