"""SRTP (RFC 3711, RFC 7714) on libsrtp, in place, through pylibsrtp's compiled binding.

pylibsrtp's own `Session` copies each packet three times and keeps 1,500 bytes of buffer a session; with two sessions
for each of 2,000 listeners both matter, so the binding is used directly, here and in the fan-out alone.
"""

from dataclasses import dataclass
from typing import Any

from pylibsrtp import ERRORS, Policy
from pylibsrtp._binding import ffi, lib  # no public name exists for the raw calls

MAX_PACKET = 1500
MAX_TRAILER = 16 + 4
OK: int = lib.srtp_err_status_ok

_scratch = ffi.new("char[]", 2048)
_scratch_view = ffi.buffer(_scratch)
_length = ffi.new("int *")


class SrtpError(Exception):
    """libsrtp refused a packet: forged, replayed, or malformed. `reason` is libsrtp's word."""

    def __init__(self, status: int) -> None:
        self.reason: str = ERRORS[status] if 0 <= status < len(ERRORS) else "unknown"
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Profile:
    """A DTLS-SRTP protection profile (RFC 5764 section 4.1.2, RFC 7714 section 14.2), sizes in bytes."""

    name: bytes
    code: int
    key_length: int
    salt_length: int
    tag_length: int


# In order of preference.
PROFILES = (
    Profile(b"SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12, 16),
    Profile(b"SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14, 10),
)


def profile_named(name: bytes) -> Profile | None:
    """The profile OpenSSL selected, None when it selected none."""
    return next((profile for profile in PROFILES if profile.name == name), None)


@dataclass(frozen=True, slots=True)
class Keys:
    """Master key and salt for each direction, as exported by DTLS (RFC 5764 section 4.2)."""

    profile: Profile
    client: bytes
    server: bytes

    @classmethod
    def split(cls, profile: Profile, material: bytes) -> "Keys":
        """Cut exported material: client key, server key, client salt, server salt."""
        key, salt = profile.key_length, profile.salt_length
        salts = material[2 * key :]
        return cls(profile, material[:key] + salts[:salt], material[key : 2 * key] + salts[salt : 2 * salt])


class Stream:
    """One direction of SRTP and SRTCP. `handle` is libsrtp's context, for the fan-out."""

    __slots__ = ("_owner", "handle")

    def __init__(self, profile: Profile, key: bytes, *, outbound: bool) -> None:
        kind = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile.code)
        # A retransmission repeats the same bytes under the same index: the same ciphertext, nothing is learned.
        policy.allow_repeat_tx = outbound
        owner = ffi.new("srtp_t *")
        _check(lib.srtp_create(owner, policy._policy))  # noqa: SLF001 - the struct has no public accessor
        self._owner = ffi.gc(owner, _dealloc)
        self.handle: Any = owner[0]

    def protect(self, packet: bytes) -> bytes:
        """RTP to SRTP; raises SrtpError."""
        return self._run(lib.srtp_protect, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """RTCP to SRTCP; raises SrtpError."""
        return self._run(lib.srtp_protect_rtcp, packet)

    def unprotect(self, packet: bytes) -> bytes:
        """SRTP to RTP; raises SrtpError for a forged or replayed packet."""
        return self._run(lib.srtp_unprotect, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP to RTCP; raises SrtpError for a forged or replayed packet."""
        return self._run(lib.srtp_unprotect_rtcp, packet)

    def _run(self, function: Any, packet: bytes) -> bytes:
        size = len(packet)
        if not 8 <= size <= MAX_PACKET:
            raise SrtpError(1)
        _scratch_view[0:size] = packet
        _length[0] = size
        _check(function(self.handle, _scratch, _length))
        return bytes(_scratch_view[0 : _length[0]])


def _dealloc(owner: Any) -> None:
    lib.srtp_dealloc(owner[0])


def _check(status: int) -> None:
    if status != OK:
        raise SrtpError(status)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both directions of a session, seen from the DTLS server or the client."""

    outbound: Stream
    inbound: Stream

    @classmethod
    def of_server(cls, keys: Keys) -> "Pair":
        return cls(Stream(keys.profile, keys.server, outbound=True), Stream(keys.profile, keys.client, outbound=False))

    @classmethod
    def of_client(cls, keys: Keys) -> "Pair":
        return cls(Stream(keys.profile, keys.client, outbound=True), Stream(keys.profile, keys.server, outbound=False))
