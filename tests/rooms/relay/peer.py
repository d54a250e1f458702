"""A WebRTC peer of our own for tests and for the load generator: STUN, DTLS and SRTP over one plain UDP socket.

It moves by `handle(datagram)` alone, so that a test can drive it step by step and a load generator by epoll.
aiortc and Chromium are the independent peers; this one is for precision and for numbers.
"""

import datetime as dt
import secrets
import socket
import struct

from OpenSSL import SSL

from rooms.relay import rtcp, rtp, stun
from rooms.relay.certificate import Fingerprint, Identity
from rooms.relay.demux import Kind, kind_of
from rooms.relay.dtls import Handshake, make_context
from rooms.relay.srtp import Pair

OPUS = 111
LEVEL_ID = 1
PASSWORD = "peerpasswordpeerpasswordpeer"
IDENTITY = Identity.generate(dt.datetime.now(dt.UTC))
CONTEXT: SSL.Context = make_context(IDENTITY)


def offer(*, sends: bool, sections: int = 1, ufrag: str = "peerfrag", setup: str = "actpass", extra: str = "") -> str:
    """An SDP offer as Chromium writes it, in essence."""
    mids = " ".join(str(index) for index in range(sections))
    head = f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
    return head + "".join(_section(index, sends=sends, ufrag=ufrag, setup=setup) for index in range(sections)) + extra


def _section(mid: int, *, sends: bool, ufrag: str, setup: str) -> str:
    lines = [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS} 63",
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{PASSWORD}",
        f"a=fingerprint:{IDENTITY.fingerprint}",
        f"a=setup:{setup}",
        f"a=mid:{mid}",
        f"a=extmap:{LEVEL_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=sendonly" if sends else "a=recvonly",
        "a=rtcp-mux",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=rtcp-fb:{OPUS} nack",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        "a=rtpmap:63 red/48000/2",
    ]
    return "".join(line + "\r\n" for line in lines)


class Peer:
    """One peer. `received` keeps plain RTP packets, `feedback` plain RTCP packets."""

    def __init__(self, *, ufrag: str = "peerfrag", ip: str = "127.0.0.1") -> None:
        self.ufrag = ufrag
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.socket.setblocking(False)  # noqa: FBT003 - its only form
        self.ssrc = secrets.randbits(31) + 1
        self.received: list[bytes] = []
        self.feedback: list[rtcp.RtcpPacket] = []
        self.stun_replies: list[stun.Message] = []
        self.srtp: Pair | None = None
        self._handshake: Handshake | None = None
        self._relay: stun.Address = ("", 0)
        self.remote_ufrag = self.remote_password = ""
        self._fingerprint: Fingerprint | None = None

    @property
    def address(self) -> stun.Address:
        host, port = self.socket.getsockname()
        return host, port

    @property
    def ready(self) -> bool:
        return self.srtp is not None

    def begin(self, answer: str) -> None:
        """Take the answer and send the first check."""
        attributes = dict(
            line[2:].split(":", 1) for line in answer.split("\r\n") if line.startswith("a=") and ":" in line
        )
        candidate = attributes["candidate"].split()
        self._relay = (candidate[4], int(candidate[5]))
        self._fingerprint = Fingerprint.parse(attributes["fingerprint"])
        self.remote_ufrag, self.remote_password = attributes["ice-ufrag"], attributes["ice-pwd"]
        self.check()

    def check(self, *, nominate: bool = True, password: str | None = None, transaction: bytes | None = None) -> bytes:
        """Send a connectivity check; returns it, for replays."""
        attributes = [
            (stun.USERNAME, f"{self.remote_ufrag}:{self.ufrag}".encode()),
            (stun.PRIORITY, struct.pack("!I", 1)),
            (stun.ICE_CONTROLLING, bytes(8)),
        ]
        if nominate:
            attributes.append((stun.USE_CANDIDATE, b""))
        key = self.remote_password if password is None else password
        message = stun.build(stun.BINDING_REQUEST, transaction or secrets.token_bytes(12), attributes, key.encode())
        self.send(message)
        return message

    def nudge(self) -> None:
        """Say again what may have been lost: the check, or the handshake's last flight."""
        if self._handshake is None:
            self.check()
            return
        for out in self._handshake.retransmit():
            self.send(out)

    def send(self, datagram: bytes) -> None:
        """Send raw bytes to the relay."""
        self.socket.sendto(datagram, self._relay)

    def drain(self) -> int:
        """Handle all that has arrived; how many datagrams that was."""
        count = 0
        while True:
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return count
            count += 1
            self.handle(datagram)

    def handle(self, datagram: bytes) -> None:
        """Take one step."""
        kind = kind_of(datagram)
        if kind is Kind.STUN:
            self._on_stun(datagram)
        elif kind is Kind.DTLS:
            self._on_dtls(datagram)
        elif kind is Kind.RTP and self.srtp is not None:
            self.received.append(self.srtp.inbound.unprotect(datagram))
        elif kind is Kind.RTCP and self.srtp is not None:
            self.feedback += rtcp.parse(self.srtp.inbound.unprotect_rtcp(datagram))

    def _on_stun(self, datagram: bytes) -> None:
        message = stun.parse(datagram)
        if message.type == stun.BINDING_REQUEST:  # our relay asks nothing; Janus does
            mapped = stun.xor_mapped_address(self._relay, message.transaction_id)
            self.send(stun.build(stun.BINDING_SUCCESS, message.transaction_id, [mapped], PASSWORD.encode()))
            return
        self.stun_replies.append(message)
        if message.type == stun.BINDING_SUCCESS and self._handshake is None and self._fingerprint and not self.ready:
            self._handshake = Handshake(CONTEXT, self._fingerprint, server=False)
            for out in self._handshake.start():
                self.send(out)

    def _on_dtls(self, datagram: bytes) -> None:
        if self._handshake is None:
            return
        for out in self._handshake.receive(datagram):
            self.send(out)
        if self._handshake.keys is not None:
            self.srtp = Pair.of_client(self._handshake.keys)
            self._handshake = None

    def protected(self, *, sequence: int, timestamp: int, payload: bytes, level: int | None = None) -> bytes:
        """An SRTP packet ready to send."""
        assert self.srtp is not None
        plain = rtp.build(payload_type=OPUS, sequence=sequence, timestamp=timestamp, ssrc=self.ssrc, payload=payload)
        if level is not None:
            plain = bytes([plain[0] | 0x10]) + plain[1:12] + rtp.level_extension(LEVEL_ID, level) + plain[12:]
        return self.srtp.outbound.protect(plain)

    def speak(self, *, sequence: int, timestamp: int, payload: bytes, level: int | None = None) -> None:
        """Send one packet of audio."""
        self.send(self.protected(sequence=sequence, timestamp=timestamp, payload=payload, level=level))

    def report(self, *packets: rtcp.RtcpPacket) -> None:
        """Send RTCP."""
        assert self.srtp is not None
        plain = rtcp.build(rtcp.ReceiverReport(self.ssrc)) + b"".join(rtcp.build(packet) for packet in packets)
        self.send(self.srtp.outbound.protect_rtcp(plain))

    def packets(self) -> list[rtp.Packet]:
        """What was heard, parsed, and taken out."""
        parsed = [rtp.parse(packet) for packet in self.received]
        self.received.clear()
        return parsed

    def close(self) -> None:
        self.socket.close()
