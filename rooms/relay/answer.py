"""Decides which m-lines of an offer to take, and writes the SDP answer (RFC 8829 section 5.3, RFC 9725 section 4)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from rooms.relay.certificate import Fingerprint
from rooms.relay.ice import Credentials
from rooms.relay.problems import UnusableOffer
from rooms.relay.sdp import LEVEL_URI, Offer, Section

PROTOCOL = "UDP/TLS/RTP/SAVPF"
CANDIDATE_PRIORITY = 2_130_706_431  # a host candidate of component 1 (RFC 8445 section 5.1.2.1)
# DTX stops sending in silence, in-band FEC repairs single losses; both are asked of whoever sends (RFC 7587).
OPUS_FORMAT = "minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=48000"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the relay's UDP port is, and who answers there."""

    ip: str
    port: int
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sections taken, by index: all others are answered with port 0."""

    indexes: tuple[int, ...]
    opus: int
    nack: bool
    level_id: int | None
    ssrc: int | None


def accept_publish(offer: Offer) -> Accepted:
    """Take the first audio section that sends Opus; raises UnusableOffer."""
    _check_transport(offer)
    index = next((i for i, section in enumerate(offer.sections) if section.sends and _is_usable(section)), None)
    if index is None:
        raise UnusableOffer("The offer sends no Opus audio (opus/48000/2 over UDP/TLS/RTP/SAVPF with rtcp-mux).")
    section = offer.sections[index]
    ssrc = section.ssrcs[0] if section.ssrcs else None
    return Accepted((index,), section.opus or 0, section.nack, section.level_id, ssrc)


def accept_listen(offer: Offer, slots: int) -> Accepted:
    """Take up to `slots` audio sections that receive Opus under one payload type; raises UnusableOffer."""
    _check_transport(offer)
    usable = [i for i, section in enumerate(offer.sections) if section.receives and _is_usable(section)]
    if not usable:
        raise UnusableOffer("The offer receives no Opus audio (opus/48000/2 over UDP/TLS/RTP/SAVPF with rtcp-mux).")
    opus = offer.sections[usable[0]].opus or 0
    taken = [i for i in usable if offer.sections[i].opus == opus][:slots]
    return Accepted(tuple(taken), opus, offer.sections[taken[0]].nack, None, None)


def _is_usable(section: Section) -> bool:
    return (
        section.kind == "audio"
        and section.port != 0
        and section.protocol == PROTOCOL
        and section.rtcp_mux
        and section.opus is not None
    )


def _check_transport(offer: Offer) -> None:
    if offer.setup not in {"actpass", "active"}:
        # The relay waits for the client to begin DTLS, so the client has to be able to.
        raise UnusableOffer("Offer a=setup:actpass.")
    live = [section.mid for section in offer.sections if section.port != 0]
    if len(offer.sections) > 1 and (not offer.bundle or not set(live) <= set(offer.bundle)):
        raise UnusableOffer("Put every m-line in one BUNDLE group.")


def write(
    offer: Offer,
    accepted: Accepted,
    *,
    place: Place,
    credentials: Credentials,
    session_number: int,
    slot_ssrcs: Sequence[int] = (),
) -> str:
    """The SDP answer: receiving one section when `slot_ssrcs` is empty, else sending one slot per section taken."""
    mids = " ".join(offer.sections[index].mid for index in accepted.indexes)
    lines = ["v=0", f"o=- {session_number} 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
    if offer.bundle:
        lines.append(f"a=group:BUNDLE {mids}")
    lines.append("a=msid-semantic: WMS *")
    slots = dict(zip(accepted.indexes, slot_ssrcs, strict=False))
    for index, section in enumerate(offer.sections):
        if index in accepted.indexes:
            lines += _taken(
                section, accepted, place=place, credentials=credentials, ssrc=slots.get(index), index=index
            )
        else:
            lines += _refused(section)
    return "\r\n".join(lines) + "\r\n"


def _refused(section: Section) -> list[str]:
    lines = [f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}", "c=IN IP4 0.0.0.0", "a=inactive"]
    return [*lines, f"a=mid:{section.mid}"] if section.mid else lines


def _taken(
    section: Section, accepted: Accepted, *, place: Place, credentials: Credentials, ssrc: int | None, index: int
) -> list[str]:
    opus = accepted.opus
    lines = [
        f"m=audio {place.port} {PROTOCOL} {opus}",
        f"c=IN IP{ipaddress.ip_address(place.ip).version} {place.ip}",
        *([f"a=mid:{section.mid}"] if section.mid else []),
        "a=rtcp-mux",
        "a=setup:passive",
        f"a=fingerprint:{place.fingerprint}",
        *ice_lines(place, credentials),
        f"a=rtpmap:{opus} opus/48000/2",
        f"a=fmtp:{opus} {OPUS_FORMAT}",
        *([f"a=rtcp-fb:{opus} nack"] if section.nack else []),
    ]
    if ssrc is None:
        level = [f"a=extmap:{accepted.level_id} {LEVEL_URI}"] if accepted.level_id is not None else []
        return [*lines, "a=recvonly", *level]
    stream = f"stage slot-{index}"
    return [*lines, "a=sendonly", f"a=msid:{stream}", f"a=ssrc:{ssrc} cname:stage", f"a=ssrc:{ssrc} msid:{stream}"]


def ice_lines(place: Place, credentials: Credentials) -> list[str]:
    """Our credentials and the one host candidate."""
    return [
        f"a=ice-ufrag:{credentials.local_ufrag}",
        f"a=ice-pwd:{credentials.local_password}",
        f"a=candidate:1 1 udp {CANDIDATE_PRIORITY} {place.ip} {place.port} typ host",
        "a=end-of-candidates",
    ]


def write_fragment(place: Place, credentials: Credentials, *, mid: str, opus: int) -> str:
    """The answer to an ICE restart (RFC 9725 section 4.4.2): our new credentials as an sdpfrag (RFC 8840)."""
    lines = ["a=ice-lite"]
    if mid:
        lines += [f"a=group:BUNDLE {mid}"]
    lines += [f"m=audio 9 {PROTOCOL} {opus}", f"a=mid:{mid or 0}", *ice_lines(place, credentials)]
    return "\r\n".join(lines) + "\r\n"
