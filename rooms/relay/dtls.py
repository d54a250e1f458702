"""DTLS 1.2 handshakes over memory BIOs, to key SRTP (RFC 5763, RFC 5764)."""

from collections.abc import Iterator

from OpenSSL import SSL

from rooms.relay.certificate import Fingerprint, Identity
from rooms.relay.srtp import PROFILES, Keys, profile_named

DTLS_1_2 = 0xFEFD
EXPORT_LABEL = b"EXTRACTOR-dtls_srtp"
MTU = 1200
RECORD_HEADER = 13
ALERT = 21
CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256"


class DtlsError(Exception):
    """The handshake failed for good: no common SRTP profile, a wrong certificate, or a fatal alert."""


def make_context(identity: Identity) -> SSL.Context:
    """One context for all handshakes of a process. Certificates are judged by fingerprint afterwards."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_max_proto_version(DTLS_1_2)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(identity.certificate)
    context.use_privatekey(identity.key)
    context.set_cipher_list(CIPHERS)
    context.set_tlsext_use_srtp(b":".join(profile.name for profile in PROFILES))
    return context


class Handshake:
    """One peer's handshake. After `keys` is set the object can go, once `last_flight` has been kept."""

    def __init__(self, context: SSL.Context, expected: Fingerprint, *, server: bool) -> None:
        self._expected = expected
        self._connection = SSL.Connection(context, None)
        self._connection.set_ciphertext_mtu(MTU)
        if server:
            self._connection.set_accept_state()
        else:
            self._connection.set_connect_state()
        self.keys: Keys | None = None
        self.last_flight: list[bytes] = []

    def start(self) -> list[bytes]:
        """The client's first flight; a server has nothing to say yet."""
        return self._advance()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take one datagram, return those to send; raises DtlsError."""
        if not datagram:
            return []
        self._connection.bio_write(datagram)
        return self._advance()

    def retransmit(self) -> list[bytes]:
        """Call about once in `timeout_s`: what OpenSSL's timer says is due again; raises DtlsError."""
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise DtlsError("too many time-outs") from error
        return self._advance()

    @property
    def timeout_s(self) -> float | None:
        """Seconds until the next retransmission, None when none is due."""
        return self._connection.DTLSv1_get_timeout()

    def _advance(self) -> list[bytes]:
        try:
            self._connection.do_handshake()
            self.keys = self._export()
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            raise DtlsError(f"handshake: {error}") from error
        flight = list(datagrams(self._drain()))
        if flight:
            self.last_flight = flight
        return flight

    def _drain(self) -> bytes:
        chunks = []
        while True:
            try:
                chunks.append(self._connection.bio_read(4096))
            except SSL.WantReadError:
                return b"".join(chunks)

    def _export(self) -> Keys:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not self._expected.matches(certificate):
            raise DtlsError("certificate does not match the fingerprint in the SDP")
        profile = profile_named(self._connection.get_selected_srtp_profile())
        if profile is None:
            raise DtlsError("no SRTP profile in common")
        length = 2 * (profile.key_length + profile.salt_length)
        return Keys.split(profile, self._connection.export_keying_material(EXPORT_LABEL, length))


def datagrams(stream: bytes) -> Iterator[bytes]:
    """Cut OpenSSL's output, which a memory BIO runs together, into datagrams of whole records up to the MTU."""
    current = b""
    offset = 0
    while offset + RECORD_HEADER <= len(stream):
        end = offset + RECORD_HEADER + int.from_bytes(stream[offset + 11 : offset + 13], "big")
        if end > len(stream):
            break
        if current and len(current) + end - offset > MTU:
            yield current
            current = b""
        current += stream[offset:end]
        offset = end
    if current:
        yield current


def is_closing_alert(datagram: bytes) -> bool:
    """Whether this looks like an encrypted alert, as sent when a page closes. A hint: it is not authenticated."""
    return len(datagram) > RECORD_HEADER and datagram[0] == ALERT and datagram[3:5] != b"\0\0"
