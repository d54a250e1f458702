"""The ICE-lite agent: answers connectivity checks on the one UDP port and learns where each peer is (RFC 8445)."""

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from rooms.relay import stun
from rooms.relay.stun import Address

REMEMBERED_CHECKS = 64
MAX_ADDRESSES = 8


def new_ufrag() -> str:
    """A local user fragment: 48 random bits, letters a checker never rejects (RFC 8839 section 5.4)."""
    return secrets.token_hex(6)


def new_password() -> str:
    """A local ICE password of 144 random bits."""
    return secrets.token_hex(18)


@dataclass(slots=True)
class Credentials:
    """One generation of short-term credentials, ours and (when told) the peer's ufrag."""

    local_ufrag: str
    local_password: str
    remote_ufrag: str

    @classmethod
    def fresh(cls, remote_ufrag: str) -> "Credentials":
        return cls(new_ufrag(), new_password(), remote_ufrag)


@dataclass(slots=True)
class IceSide:
    """What ICE knows of one session: credentials, addresses that proved themselves, the one in use."""

    credentials: Credentials
    addresses: list[Address] = field(default_factory=list)
    selected: Address | None = None
    heard_at: float = 0.0
    checks: OrderedDict[bytes, Address] = field(default_factory=OrderedDict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back, and whose check it was when it held."""

    datagram: bytes | None
    ufrag: str | None = None
    moved: bool = False
    forgotten: Address | None = None


class IceLite:
    """All sessions' ICE sides, by local ufrag."""

    def __init__(self) -> None:
        self._sides: dict[str, IceSide] = {}

    def __len__(self) -> int:
        return len(self._sides)

    def add(self, side: IceSide) -> None:
        """Start answering checks for this side's credentials."""
        self._sides[side.credentials.local_ufrag] = side

    def drop(self, ufrag: str) -> None:
        """Stop answering checks sent with this local ufrag."""
        self._sides.pop(ufrag, None)

    def handle(self, datagram: bytes, source: Address, now: float) -> Answer:
        """Answer one STUN datagram. Strangers (unknown ufrag) get silence, so that the port reflects nothing."""
        try:
            message = stun.parse(datagram)
        except stun.StunError:
            return Answer(None)
        if message.type != stun.BINDING_REQUEST:
            return Answer(None)
        ufrag = _local_ufrag(message)
        side = self._sides.get(ufrag) if ufrag else None
        if side is None or ufrag is None:
            return Answer(None)
        refusal = _refusal(message, side)
        if refusal is not None:
            return Answer(refusal)
        if _is_replayed(message, side, source):
            return Answer(None)
        side.heard_at = now
        forgotten = _remember(side, source)
        moved = _select(side, source, nominated=stun.USE_CANDIDATE in message.attributes)
        return Answer(_success(message, side, source), ufrag, moved, forgotten)


def _local_ufrag(message: stun.Message) -> str | None:
    username = message.attributes.get(stun.USERNAME, b"")
    local, separator, _ = username.partition(b":")
    return local.decode("ascii", "replace") if separator else None


def _refusal(message: stun.Message, side: IceSide) -> bytes | None:
    credentials = side.credentials
    username = f"{credentials.local_ufrag}:{credentials.remote_ufrag}".encode()
    password = credentials.local_password.encode()
    # An unauthenticated error carries no integrity (RFC 8489 section 9.1.3).
    if stun.MESSAGE_INTEGRITY not in message.attributes:
        return _error(message, stun.error_code(400, "Bad Request"))
    known_peer = hmac.compare_digest(username, message.attributes[stun.USERNAME])
    if not known_peer or not message.integrity_holds(password):
        return _error(message, stun.error_code(401, "Unauthenticated"))
    unknown = message.unknown_required()
    if unknown:
        attributes = [stun.error_code(420, "Unknown Attribute"), stun.unknown_attributes(unknown)]
        return stun.build(stun.BINDING_ERROR, message.transaction_id, attributes, password)
    if stun.ICE_CONTROLLED in message.attributes:
        # We are lite and can only be controlled: the peer has to take the other role (RFC 8445 section 7.3.1.1).
        attributes = [stun.error_code(487, "Role Conflict")]
        return stun.build(stun.BINDING_ERROR, message.transaction_id, attributes, password)
    return None


def _error(message: stun.Message, code: tuple[int, bytes]) -> bytes:
    return stun.build(stun.BINDING_ERROR, message.transaction_id, [code])


def _is_replayed(message: stun.Message, side: IceSide, source: Address) -> bool:
    """A copied check sent from elsewhere must not pull the audio to its sender; a repeat from its own place may."""
    first_source = side.checks.setdefault(message.transaction_id, source)
    if len(side.checks) > REMEMBERED_CHECKS:
        side.checks.popitem(last=False)
    return first_source != source


def _remember(side: IceSide, source: Address) -> Address | None:
    """Note that this address proved itself; the oldest is forgotten past a limit, and returned."""
    if source in side.addresses:
        return None
    side.addresses.append(source)
    if len(side.addresses) <= MAX_ADDRESSES:
        return None
    forgotten = next(old for old in side.addresses if old != side.selected)
    side.addresses.remove(forgotten)
    return forgotten


def _select(side: IceSide, source: Address, *, nominated: bool) -> bool:
    """Whether this check moves the session to another address."""
    if side.selected == source or not (nominated or side.selected is None):
        return False
    # Before nomination the first address that proved itself serves the DTLS handshake.
    side.selected = source
    return True


def _success(message: stun.Message, side: IceSide, source: Address) -> bytes:
    mapped = stun.xor_mapped_address(source, message.transaction_id)
    password = side.credentials.local_password.encode()
    return stun.build(stun.BINDING_SUCCESS, message.transaction_id, [mapped], password)
