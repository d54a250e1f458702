"""STUN messages: the part of RFC 8489 (and RFC 5389) that ICE connectivity checks use."""

import hmac
import ipaddress
import struct
import zlib
from dataclasses import dataclass

MAGIC_COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")

BINDING_REQUEST = 0x0001
BINDING_INDICATION = 0x0011
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A

UNDERSTOOD = frozenset({USERNAME, MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE})
FINGERPRINT_XOR = 0x5354554E
INTEGRITY_LENGTH = 20
MAX_MESSAGE = 1280

Address = tuple[str, int]


class StunError(ValueError):
    """The datagram is not a well-formed STUN message."""


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed STUN message. `integrity_at` is the offset of MESSAGE-INTEGRITY, -1 when there is none."""

    type: int
    transaction_id: bytes
    attributes: dict[int, bytes]
    raw: bytes
    integrity_at: int

    def integrity_holds(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY was made with this short-term password (RFC 8489 section 14.5)."""
        if self.integrity_at < 0:
            return False
        expected = _integrity(self.raw[: self.integrity_at], password)
        return hmac.compare_digest(expected, self.attributes[MESSAGE_INTEGRITY])

    def unknown_required(self) -> list[int]:
        """Comprehension-required attributes that this agent does not know (RFC 8489 section 6.3.1)."""
        return [kind for kind in self.attributes if kind < 0x8000 and kind not in UNDERSTOOD]


def parse(datagram: bytes) -> Message:
    """Parse a whole datagram; raises StunError for anything malformed, with a wrong FINGERPRINT included."""
    kind, transaction_id = _parse_header(datagram)
    attributes: dict[int, bytes] = {}
    integrity_at = -1
    offset = HEADER.size
    while offset < len(datagram):
        attribute, value, following = _attribute_at(datagram, offset)
        if attribute == FINGERPRINT:
            _check_fingerprint(datagram, offset, value)
        elif integrity_at < 0:
            # What follows MESSAGE-INTEGRITY is not covered by it and is ignored; of duplicates the first counts.
            attributes.setdefault(attribute, value)
            if attribute == MESSAGE_INTEGRITY:
                integrity_at = offset
        offset = following
    return Message(kind, transaction_id, attributes, datagram, integrity_at)


def _parse_header(datagram: bytes) -> tuple[int, bytes]:
    if not HEADER.size <= len(datagram) <= MAX_MESSAGE:
        raise StunError("length")
    kind, length, cookie, transaction_id = HEADER.unpack_from(datagram)
    if kind & 0xC000 or cookie != MAGIC_COOKIE:
        raise StunError("header")
    if length % 4 or length != len(datagram) - HEADER.size:
        raise StunError("length field")
    return kind, transaction_id


def _attribute_at(datagram: bytes, offset: int) -> tuple[int, bytes, int]:
    attribute, length = ATTRIBUTE.unpack_from(datagram, offset)
    start = offset + ATTRIBUTE.size
    if start + length > len(datagram):
        raise StunError("attribute runs past the end")
    if attribute == MESSAGE_INTEGRITY and length != INTEGRITY_LENGTH:
        raise StunError("MESSAGE-INTEGRITY length")
    return attribute, datagram[start : start + length], start + length + (-length % 4)


def _check_fingerprint(datagram: bytes, offset: int, value: bytes) -> None:
    if offset + 8 != len(datagram) or len(value) != 4:
        raise StunError("FINGERPRINT is not last")
    if value != _fingerprint(datagram[:offset]):
        raise StunError("FINGERPRINT")


def _with_length(message: bytes, extra: int) -> bytes:
    length = len(message) - HEADER.size + extra
    return message[:2] + length.to_bytes(2, "big") + message[4:]


def _integrity(message_before: bytes, password: bytes) -> bytes:
    return hmac.digest(password, _with_length(message_before, ATTRIBUTE.size + INTEGRITY_LENGTH), "sha1")


def _fingerprint(message_before: bytes) -> bytes:
    return ((zlib.crc32(_with_length(message_before, 8)) ^ FINGERPRINT_XOR) & 0xFFFFFFFF).to_bytes(4, "big")


def _pack(attribute: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(attribute, len(value)) + value + bytes(-len(value) % 4)


def build(
    kind: int, transaction_id: bytes, attributes: list[tuple[int, bytes]], password: bytes | None = None
) -> bytes:
    """Write a message, with MESSAGE-INTEGRITY when a password is given, and FINGERPRINT always."""
    body = b"".join(_pack(attribute, value) for attribute, value in attributes)
    message = HEADER.pack(kind, len(body), MAGIC_COOKIE, transaction_id) + body
    if password is not None:
        message += _pack(MESSAGE_INTEGRITY, _integrity(message, password))
    message += _pack(FINGERPRINT, _fingerprint(message))
    return _with_length(message, 0)


def error_code(code: int, reason: str) -> tuple[int, bytes]:
    """The ERROR-CODE attribute (RFC 8489 section 14.8)."""
    return ERROR_CODE, struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode()


def unknown_attributes(kinds: list[int]) -> tuple[int, bytes]:
    """The UNKNOWN-ATTRIBUTES attribute (RFC 8489 section 14.9)."""
    return UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(kinds)}H", *kinds)


def xor_mapped_address(address: Address, transaction_id: bytes) -> tuple[int, bytes]:
    """The XOR-MAPPED-ADDRESS attribute for an IPv4 or IPv6 address (RFC 8489 section 14.2)."""
    host = ipaddress.ip_address(address[0]).packed
    family = 1 if len(host) == 4 else 2
    key = MAGIC_COOKIE.to_bytes(4, "big") + transaction_id
    port = address[1] ^ (MAGIC_COOKIE >> 16)
    return XOR_MAPPED_ADDRESS, struct.pack("!BBH", 0, family, port) + _xor(host, key)


def read_xor_mapped_address(value: bytes, transaction_id: bytes) -> Address:
    """The inverse of `xor_mapped_address`; raises StunError."""
    if len(value) not in {8, 20} or value[1] != (1 if len(value) == 8 else 2):
        raise StunError("XOR-MAPPED-ADDRESS")
    key = MAGIC_COOKIE.to_bytes(4, "big") + transaction_id
    port = int.from_bytes(value[2:4], "big") ^ (MAGIC_COOKIE >> 16)
    return str(ipaddress.ip_address(_xor(value[4:], key))), port


def _xor(data: bytes, key: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(data, key, strict=False))
