"""One peer's connection: its ICE side, its DTLS handshake while that lasts, its SRTP keys, and what it is here for."""

import secrets
from dataclasses import dataclass, field
from enum import Enum

from rooms.relay.answer import Accepted
from rooms.relay.arrivals import Arrivals
from rooms.relay.dtls import Handshake
from rooms.relay.grants import Grant
from rooms.relay.ice import IceSide
from rooms.relay.srtp import Pair

MAX_SSRCS = 8
RETRANSMITS_A_SECOND = 200


class Kind(Enum):
    """What a session is for. The value is part of the seat's name."""

    PUBLISH = "publish"
    LISTEN = "listen"
    WEBM = "webm"


def new_session_id() -> str:
    """192 random bits: the address of a session is what authorises changing and ending it."""
    return secrets.token_urlsafe(24)


def seat_name(kind: Kind, room: str, identity: str) -> str:
    """One live session for each of these. Both ways of listening are one seat."""
    way = "publish" if kind is Kind.PUBLISH else "listen"
    return f"{way}:{room}:{identity}"


@dataclass(slots=True, eq=False, kw_only=True)
class Session:
    """What every kind of session has. Times are of the monotonic clock, in seconds."""

    id: str
    kind: Kind
    grant: Grant
    created_at: float
    lease_until: float
    ready_at: float | None = None
    muted: bool = False

    @property
    def identity(self) -> str:
        return self.grant.identity

    @property
    def room(self) -> str:
        return self.grant.room

    @property
    def seat(self) -> str:
        return seat_name(self.kind, self.room, self.identity)


@dataclass(slots=True, eq=False, kw_only=True)
class HttpsSession(Session):
    """A session that listens over HTTPS. It lives while a stream of it is read; `streams` has each slot's reader."""

    streams: dict[int, object] = field(default_factory=dict)
    heard_at: float


@dataclass(slots=True, eq=False, kw_only=True)
class RtcSession(Session):
    """A WebRTC session. `ssrcs` counts the streams a peer has shown, so that none can make libsrtp grow."""

    accepted: Accepted
    mid: str
    ice: IceSide
    etag: str
    handshake: Handshake | None
    last_flight: list[bytes] = field(default_factory=list)
    srtp: Pair | None = None
    ssrcs: set[int] = field(default_factory=set)
    arrivals: Arrivals | None = None
    retransmits: float = RETRANSMITS_A_SECOND
    retransmits_at: float = 0.0
    loss_fraction: int = 0

    def knows_ssrc(self, ssrc: int) -> bool:
        """Whether packets of this SSRC may be decrypted: known ones, and new ones up to a limit."""
        return ssrc in self.ssrcs or len(self.ssrcs) < MAX_SSRCS

    def hear_dtls(self, datagram: bytes) -> list[bytes]:
        """Advance the handshake; what to send back. Raises DtlsError. Sets `srtp` when it is done.

        OpenSSL's state goes as soon as there are keys. If our last flight is lost the peer repeats its own, and the
        kept bytes answer it.
        """
        if self.handshake is None:
            return self.last_flight
        flight = self.handshake.receive(datagram)
        return self._after(flight)

    def retransmit_dtls(self) -> list[bytes]:
        """What the handshake's timer says is due; raises DtlsError."""
        if self.handshake is None:
            return []
        timeout_s = self.handshake.timeout_s
        if timeout_s is None or timeout_s > 0:
            return []
        return self._after(self.handshake.retransmit())

    def _after(self, flight: list[bytes]) -> list[bytes]:
        handshake = self.handshake
        if handshake is not None and handshake.keys is not None:
            self.srtp = Pair.of_server(handshake.keys)
            self.last_flight = handshake.last_flight
            self.handshake = None
        return flight

    def may_retransmit(self, now: float) -> bool:
        """Take one from the listener's allowance of repeated packets, which refills with time."""
        refill = (now - self.retransmits_at) * RETRANSMITS_A_SECOND
        self.retransmits = min(RETRANSMITS_A_SECOND, self.retransmits + refill)
        self.retransmits_at = now
        if self.retransmits < 1:
            return False
        self.retransmits -= 1
        return True
