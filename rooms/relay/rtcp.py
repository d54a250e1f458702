"""RTCP: sender and receiver reports, BYE and generic NACK (RFC 3550 section 6, RFC 4585 section 6.2.1)."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SR, RR, SDES, BYE, RTPFB = 200, 201, 202, 203, 205
NACK_FORMAT = 1
MAX_PACKETS = 16
REPORT = struct.Struct("!IB3sIIII")
NTP_EPOCH_OFFSET_S = 2_208_988_800


class RtcpError(ValueError):
    """The compound packet is not well-formed."""


@dataclass(frozen=True, slots=True)
class Report:
    """A reception report block. `lost` is cumulative and may be negative; `fraction` is in 1/256."""

    ssrc: int
    fraction: int = 0
    lost: int = 0
    highest: int = 0
    jitter: int = 0
    last_sr: int = 0
    delay: int = 0


@dataclass(frozen=True, slots=True)
class SenderReport:
    """`ntp` is a 64-bit NTP time."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers of `media` that its receiver `ssrc` lacks."""

    ssrc: int
    media: int
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


RtcpPacket = SenderReport | ReceiverReport | Nack | Bye


def parse(compound: bytes) -> list[RtcpPacket]:
    """Parse a compound (or reduced-size, RFC 5506) packet, leaving out kinds not used here; raises RtcpError."""
    found: list[RtcpPacket] = []
    for count, kind, body in _split(compound):
        packet = _parse_one(count, kind, body)
        if packet is not None:
            found.append(packet)
    return found


def _split(compound: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    for _ in range(MAX_PACKETS):
        if offset == len(compound):
            return
        if offset + 4 > len(compound) or compound[offset] >> 6 != 2:
            raise RtcpError("header")
        end = offset + 4 + 4 * int.from_bytes(compound[offset + 2 : offset + 4], "big")
        if end > len(compound):
            raise RtcpError("length")
        yield compound[offset] & 0x1F, compound[offset + 1], compound[offset + 4 : end]
        offset = end
    raise RtcpError("too many packets")


def _parse_one(count: int, kind: int, body: bytes) -> RtcpPacket | None:
    try:
        if kind == SR:
            ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
            return SenderReport(ssrc, ntp, timestamp, packets, octets, _reports(body, 24, count))
        if kind == RR:
            return ReceiverReport(int.from_bytes(body[:4], "big"), _reports(body, 4, count))
        if kind == BYE:
            return Bye(struct.unpack_from(f"!{count}I", body))
        if kind == RTPFB and count == NACK_FORMAT:
            ssrc, media = struct.unpack_from("!II", body)
            return Nack(ssrc, media, tuple(_missing(body[8:])))
    except struct.error as error:
        raise RtcpError("body") from error
    return None


def _reports(body: bytes, start: int, count: int) -> tuple[Report, ...]:
    return tuple(_report(body, start + 24 * index) for index in range(count))


def _report(body: bytes, offset: int) -> Report:
    ssrc, fraction, lost, highest, jitter, last_sr, delay = REPORT.unpack_from(body, offset)
    return Report(ssrc, fraction, int.from_bytes(lost, "big", signed=True), highest, jitter, last_sr, delay)


def _missing(items: bytes) -> Iterator[int]:
    for first, mask in struct.iter_unpack("!HH", items):
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def build(packet: RtcpPacket) -> bytes:
    """Write one packet."""
    if isinstance(packet, SenderReport):
        head = struct.pack("!IQIII", packet.ssrc, packet.ntp, packet.rtp_timestamp, packet.packets, packet.octets)
        return _header(SR, len(packet.reports), head + _pack_reports(packet.reports))
    if isinstance(packet, ReceiverReport):
        body = packet.ssrc.to_bytes(4, "big") + _pack_reports(packet.reports)
        return _header(RR, len(packet.reports), body)
    if isinstance(packet, Bye):
        return _header(BYE, len(packet.ssrcs), struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs))
    items = b"".join(struct.pack("!HH", first, mask) for first, mask in _masks(packet.missing))
    return _header(RTPFB, NACK_FORMAT, struct.pack("!II", packet.ssrc, packet.media) + items)


def _header(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _pack_reports(reports: Iterable[Report]) -> bytes:
    return b"".join(
        REPORT.pack(
            report.ssrc,
            report.fraction,
            max(-0x800000, min(0x7FFFFF, report.lost)).to_bytes(3, "big", signed=True),
            report.highest,
            report.jitter,
            report.last_sr,
            report.delay,
        )
        for report in reports
    )


def _masks(missing: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Pack ascending (modulo 2^16) sequence numbers as (first, mask of the next 16)."""
    first: int | None = None
    mask = 0
    for sequence in missing:
        ahead = 0 if first is None else (sequence - first) & 0xFFFF
        if first is not None and 1 <= ahead <= 16:
            mask |= 1 << (ahead - 1)
            continue
        if first is not None:
            yield first, mask
        first, mask = sequence, 0
    if first is not None:
        yield first, mask


def ntp_of(epoch_s: float) -> int:
    """A 64-bit NTP time of a Unix time."""
    return int((epoch_s + NTP_EPOCH_OFFSET_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def sender_of(datagram: bytes) -> int:
    """The sender's SSRC, which SRTCP leaves in the clear (bytes 4 to 8), 0 when there is none."""
    return int.from_bytes(datagram[4:8], "big")
