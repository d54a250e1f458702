"""Tells apart what arrives on the one UDP port, by the first byte (RFC 7983 section 7, RFC 5761 section 4)."""

from enum import Enum


class Kind(Enum):
    """What a datagram is."""

    STUN = "stun"
    DTLS = "dtls"
    RTP = "rtp"
    RTCP = "rtcp"
    UNKNOWN = "unknown"


def kind_of(datagram: bytes) -> Kind:
    """Classify one datagram; ZRTP, TURN channels, QUIC and what is too short to be anything are UNKNOWN."""
    if len(datagram) < 2:
        return Kind.UNKNOWN
    first = datagram[0]
    if 128 <= first <= 191:
        # RFC 5761: payload types 64 to 95 are left free so that RTCP types 192 to 223 stand out.
        return Kind.RTCP if 192 <= datagram[1] <= 223 else Kind.RTP
    if first <= 3:
        return Kind.STUN
    if 20 <= first <= 63:
        return Kind.DTLS
    return Kind.UNKNOWN
