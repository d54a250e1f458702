"""A WHIP publisher that sends Opus packets: offer, one connectivity check, a DTLS handshake, SRTP. For the demo alone.

It is the relay's own codec turned round: no browser and no media library is needed to send what is encoded already.
"""

import datetime as dt
import secrets
import socket
import struct
import time
from typing import Final

import httpx
from OpenSSL import SSL

from rooms.relay import rtp, stun
from rooms.relay.certificate import Fingerprint, Identity
from rooms.relay.demux import Kind, kind_of
from rooms.relay.dtls import Handshake, make_context
from rooms.relay.srtp import Pair

OPUS, LEVEL_ID, LEVEL_DBOV = 111, 1, 28
FRAME: Final = 960
CHECK_EVERY_S: Final = 2.0
GONE_AFTER_S: Final = 8.0
CONNECT_WITHIN_S: Final = 5.0
DATAGRAM_MAX: Final = 2048


class LineLostError(Exception):
    """The relay refused, or answers no more."""


class Publisher:
    """One voice. `send` a packet every 20 ms; LineLostError from any method means: join again with a new grant."""

    def __init__(self) -> None:
        identity = Identity.generate(dt.datetime.now(dt.UTC))
        self._context: SSL.Context = make_context(identity)
        self._fingerprint = identity.fingerprint
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._ssrc = secrets.randbits(31) + 1
        self._sequence, self._timestamp = secrets.randbits(14), secrets.randbits(31)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.05)
        self._handshake: Handshake | None = None
        self._srtp: Pair | None = None
        self._heard_at = self._checked_at = time.monotonic()

    def join(self, *, relay_url: str, room: str, token: str) -> None:
        """Connect until packets can be sent."""
        answer = httpx.post(
            f"{relay_url}/relay/rooms/{room}/whip",
            content=self._offer(),
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"},
        )
        if answer.status_code != httpx.codes.CREATED:
            raise LineLostError(answer.text)
        self._take(answer.text)
        end_s = time.monotonic() + CONNECT_WITHIN_S
        while self._srtp is None:
            if time.monotonic() > end_s:
                raise LineLostError("no connection")
            if self._handshake is None:
                self._check()
            else:
                self._out(self._handshake.retransmit())
            self._receive()
        self._socket.setblocking(False)  # noqa: FBT003 (its only form)

    def send(self, payload: bytes) -> None:
        """Send one Opus packet of 20 ms, and keep the line up."""
        assert self._srtp is not None  # noqa: S101 (joined)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        plain = rtp.build(
            payload_type=OPUS,
            sequence=self._sequence,
            timestamp=self._timestamp,
            ssrc=self._ssrc,
            payload=payload,
        )
        extended = bytes([plain[0] | 0x10]) + plain[1:12] + rtp.level_extension(LEVEL_ID, LEVEL_DBOV) + plain[12:]
        self._out([self._srtp.outbound.protect(extended)])
        now = time.monotonic()
        if now - self._checked_at > CHECK_EVERY_S:
            self._check()
        self._receive()
        if now - self._heard_at > GONE_AFTER_S:
            raise LineLostError("the relay answers no more")

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _offer(self) -> str:
        lines = [
            "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
            f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}", "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{self._ufrag}", f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{self._fingerprint}", "a=setup:actpass", "a=mid:0",
            f"a=extmap:{LEVEL_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "a=sendonly", "a=rtcp-mux", f"a=rtpmap:{OPUS} opus/48000/2", f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        ]  # fmt: skip
        return "".join(line + "\r\n" for line in lines)

    def _take(self, answer: str) -> None:
        attributes = dict(
            line[2:].split(":", 1) for line in answer.split("\r\n") if line.startswith("a=") and ":" in line
        )
        candidate = attributes["candidate"].split()
        self._socket.connect((candidate[4], int(candidate[5])))
        self._remote = Fingerprint.parse(attributes["fingerprint"])
        self._remote_ufrag, self._remote_password = attributes["ice-ufrag"], attributes["ice-pwd"]

    def _check(self) -> None:
        self._checked_at = time.monotonic()
        attributes = [
            (stun.USERNAME, f"{self._remote_ufrag}:{self._ufrag}".encode()),
            (stun.PRIORITY, struct.pack("!I", 1)),
            (stun.ICE_CONTROLLING, bytes(8)),
            (stun.USE_CANDIDATE, b""),
        ]
        key = self._remote_password.encode()
        self._out([stun.build(stun.BINDING_REQUEST, secrets.token_bytes(12), attributes, key)])

    def _receive(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(DATAGRAM_MAX)
            except (BlockingIOError, TimeoutError):
                return
            except OSError as error:
                raise LineLostError(str(error)) from error
            self._hear(datagram)
            if self._srtp is None:
                return

    def _hear(self, datagram: bytes) -> None:
        kind = kind_of(datagram)
        if kind is Kind.STUN:
            self._heard_at = time.monotonic()
            if self._handshake is None and self._srtp is None:
                self._handshake = Handshake(self._context, self._remote, server=False)
                self._out(self._handshake.start())
        elif kind is Kind.DTLS and self._handshake is not None:
            self._out(self._handshake.receive(datagram))
            if self._handshake.keys is not None:
                self._srtp, self._handshake = Pair.of_client(self._handshake.keys), None

    def _out(self, datagrams: list[bytes]) -> None:
        try:
            for datagram in datagrams:
                self._socket.send(datagram)
        except ConnectionRefusedError as error:
            raise LineLostError("nobody is there") from error
