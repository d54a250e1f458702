"""RTCP: what is written is read, and what others write is understood."""

import pytest
from aiortc import rtp as independent
from hypothesis import given
from hypothesis import strategies as st

from rooms.relay import rtcp

REPORT = rtcp.Report(ssrc=9, fraction=12, lost=-3, highest=70_000, jitter=5, last_sr=6, delay=7)


@pytest.mark.parametrize(
    "packet",
    [
        rtcp.SenderReport(1, 2**63 + 5, 3, 4, 5, (REPORT,)),
        rtcp.ReceiverReport(1, (REPORT, REPORT)),
        rtcp.ReceiverReport(1),
        rtcp.Nack(1, 2, (10, 11, 26, 27, 65535)),
        rtcp.Bye((1, 2)),
    ],
)
def test_what_it_writes_it_reads(packet: rtcp.RtcpPacket) -> None:
    assert rtcp.parse(rtcp.build(packet)) == [packet]


def test_aiortc_reads_our_nack_and_we_read_theirs() -> None:
    ours = rtcp.build(rtcp.Nack(1, 2, (10, 12, 27, 40)))
    (theirs,) = independent.RtcpPacket.parse(ours)
    assert isinstance(theirs, independent.RtcpRtpfbPacket)
    assert theirs.lost == [10, 12, 27, 40]

    assert rtcp.parse(bytes(theirs)) == [rtcp.Nack(1, 2, (10, 12, 27, 40))]


def test_it_reads_a_compound_and_leaves_out_what_it_does_not_use() -> None:
    description = bytes.fromhex("81ca0002") + bytes(8)
    compound = rtcp.build(rtcp.ReceiverReport(1)) + description + rtcp.build(rtcp.Bye((1,)))

    assert rtcp.parse(compound) == [rtcp.ReceiverReport(1), rtcp.Bye((1,))]


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=40, unique=True).map(sorted))
def test_no_missing_number_gets_lost(missing: list[int]) -> None:
    (packet,) = rtcp.parse(rtcp.build(rtcp.Nack(1, 2, tuple(missing))))

    assert isinstance(packet, rtcp.Nack)
    assert list(packet.missing) == missing


@pytest.mark.parametrize(
    "compound",
    [
        b"\x80",
        b"\x00\xc9\x00\x00",
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x81\xc9\x00\x01" + bytes(4),
        bytes.fromhex("80cb0000") * 17,
    ],
)
def test_it_refuses_what_is_malformed(compound: bytes) -> None:
    with pytest.raises(rtcp.RtcpError):
        rtcp.parse(compound)


def test_ntp_time_begins_in_1900() -> None:
    assert rtcp.ntp_of(0.5) == (2_208_988_800 << 32) + (1 << 31)
