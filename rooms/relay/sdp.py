"""Reads SDP offers and ICE fragments (RFC 8866, RFC 8829, RFC 8840): what the relay uses of them, strictly."""

import re
from dataclasses import dataclass, field

from rooms.relay.certificate import Fingerprint
from rooms.relay.problems import BadOffer

MAX_OFFER = 65_536
MAX_SECTIONS = 32
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}")
ICE_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line and its attributes. `opus` is the payload type of opus/48000/2, None when it is not offered."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    mid: str
    direction: str
    rtcp_mux: bool
    opus: int | None
    nack: bool
    level_id: int | None
    ssrcs: tuple[int, ...]

    @property
    def sends(self) -> bool:
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        return self.direction in {"sendrecv", "recvonly"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A parsed offer. ICE and DTLS values are those of the BUNDLE group's first section."""

    sections: tuple[Section, ...]
    bundle: tuple[str, ...]
    ice_ufrag: str
    ice_password: str
    fingerprint: Fingerprint
    setup: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A trickle-ice-sdpfrag (RFC 8840): the credentials in it, if any. Candidates are not needed by ICE-lite."""

    ice_ufrag: str
    ice_password: str


@dataclass(slots=True)
class _Part:
    """A session part or a media part: its m-line and its attributes by name."""

    media: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return self.attributes.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])


def parse_offer(body: bytes) -> Offer:
    """Parse an offer; raises BadOffer with the line or attribute at fault."""
    session, *media = _parts(_lines(body))
    if not 1 <= len(media) <= MAX_SECTIONS:
        raise BadOffer(f"The offer has {len(media)} m-lines; 1 to {MAX_SECTIONS} are taken.")
    sections = tuple(_section(part, index) for index, part in enumerate(media))
    bundle = _bundle(session)
    tagged = next((part for part, s in zip(media, sections, strict=True) if bundle and s.mid == bundle[0]), media[0])

    def value(name: str) -> str:
        return tagged.first(name) or session.first(name)

    ufrag, password = value("ice-ufrag"), value("ice-pwd")
    _check_ice(ufrag, password)
    try:
        fingerprint = Fingerprint.parse(value("fingerprint"))
    except ValueError as error:
        raise BadOffer("The offer has no a=fingerprint with sha-256 or better.") from error
    return Offer(sections, bundle, ufrag, password, fingerprint, value("setup"))


def parse_fragment(body: bytes) -> Fragment:
    """Parse a trickle or ICE-restart fragment; raises BadOffer."""
    attributes: dict[str, list[str]] = {}
    for line in _lines(body):
        if line.startswith("a="):
            name, _, rest = line[2:].partition(":")
            attributes.setdefault(name, []).append(rest)
    ufrag, password = attributes.get("ice-ufrag", [""])[0], attributes.get("ice-pwd", [""])[0]
    if ufrag or password:
        _check_ice(ufrag, password)
    return Fragment(ufrag, password)


def _lines(body: bytes) -> list[str]:
    if len(body) > MAX_OFFER:
        raise BadOffer(f"The offer is longer than {MAX_OFFER} bytes.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadOffer("The offer is not UTF-8.") from error
    return [line for line in text.replace("\r\n", "\n").split("\n") if line]


def _parts(lines: list[str]) -> list[_Part]:
    if not lines or lines[0] != "v=0":
        raise BadOffer("The offer does not begin with v=0.")
    parts = [_Part()]
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            raise BadOffer("The offer has a line that is not <type>=<value>.")
        if line[0] == "m":
            parts.append(_Part(line[2:]))
        elif line[0] == "a":
            name, _, rest = line[2:].partition(":")
            parts[-1].attributes.setdefault(name, []).append(rest)
    return parts


def _section(part: _Part, index: int) -> Section:
    fields = part.media.split()
    if len(fields) < 4 or not fields[1].partition("/")[0].isdecimal():
        raise BadOffer(f"m-line {index} is malformed.")
    mid = part.first("mid")
    if mid and not TOKEN.fullmatch(mid):
        raise BadOffer(f"m-line {index} has a malformed mid.")
    opus = _opus(part, fields[3:])
    return Section(
        kind=fields[0],
        port=int(fields[1].partition("/")[0][:6]),
        protocol=fields[2],
        formats=tuple(fields[3:]),
        mid=mid,
        direction=next((name for name in part.attributes if name in DIRECTIONS), "sendrecv"),
        rtcp_mux="rtcp-mux" in part.attributes,
        opus=opus,
        nack=any(value in {f"{opus} nack", "* nack"} for value in part.all("rtcp-fb")),
        level_id=_level_id(part),
        ssrcs=_ssrcs(part),
    )


def _opus(part: _Part, formats: list[str]) -> int | None:
    """The payload type mapped to opus (RFC 7587 section 7: always 48000/2)."""
    for value in part.all("rtpmap"):
        number, _, encoding = value.partition(" ")
        if encoding.strip().lower() == "opus/48000/2" and number in formats and _small(number, 127):
            return int(number)
    return None


def _level_id(part: _Part) -> int | None:
    for value in part.all("extmap"):
        identifier, _, uri = value.partition(" ")
        number = identifier.partition("/")[0]
        if uri.partition(" ")[0] == LEVEL_URI and _small(number, 255) and int(number) not in {0, 15}:
            return int(number)
    return None


def _ssrcs(part: _Part) -> tuple[int, ...]:
    numbers = [value.partition(" ")[0] for value in part.all("ssrc")[:64]]
    return tuple(dict.fromkeys(int(number) for number in numbers if _small(number, 0xFFFFFFFF)))


def _small(number: str, limit: int) -> bool:
    return number.isascii() and number.isdecimal() and len(number) <= 10 and int(number) <= limit


def _bundle(session: _Part) -> tuple[str, ...]:
    for value in session.all("group"):
        semantics, *mids = value.split() or [""]
        if semantics == "BUNDLE":
            return tuple(mids)
    return ()


def _check_ice(ufrag: str, password: str) -> None:
    # Lengths and characters of RFC 8839 section 5.4.
    if not ICE_UFRAG.fullmatch(ufrag) or not ICE_PASSWORD.fullmatch(password):
        raise BadOffer("a=ice-ufrag or a=ice-pwd is missing or malformed.")
