"""Offers of browsers, read; answers, read back by aiortc's own parser."""

import datetime as dt

import pytest
from aiortc.sdp import SessionDescription

from rooms.relay.answer import Place, accept_listen, accept_publish, write, write_fragment
from rooms.relay.certificate import Identity
from rooms.relay.ice import Credentials
from rooms.relay.problems import BadOffer, UnusableOffer
from rooms.relay.sdp import MAX_OFFER, parse_fragment, parse_offer
from tests.rooms.relay.peer import offer

IDENTITY = Identity.generate(dt.datetime.now(dt.UTC))
PLACE = Place("192.0.2.9", 8031, IDENTITY.fingerprint)
FRAGMENT = b"a=ice-ufrag:newfrag\r\na=ice-pwd:newpasswordnewpasswordnew\r\na=end-of-candidates\r\n"
CREDENTIALS = Credentials("ourfrag", "ourpasswordourpasswordour", "peerfrag")


def answer(text: str, *, slots: tuple[int, ...] = ()) -> str:
    parsed = parse_offer(text.encode())
    accepted = accept_listen(parsed, 4) if slots else accept_publish(parsed)
    return write(parsed, accepted, place=PLACE, credentials=CREDENTIALS, session_number=7, slot_ssrcs=slots)


def test_it_reads_what_it_needs_of_a_publisher() -> None:
    parsed = parse_offer(offer(sends=True).encode())
    accepted = accept_publish(parsed)

    assert (parsed.ice_ufrag, parsed.setup, parsed.bundle) == ("peerfrag", "actpass", ("0",))
    assert (accepted.indexes, accepted.opus, accepted.nack, accepted.level_id) == ((0,), 111, True, 1)


def test_the_answer_to_a_publisher_receives_on_our_one_port() -> None:
    read = SessionDescription.parse(answer(offer(sends=True)))

    (media,) = read.media
    assert (media.kind, media.port, media.host, media.direction) == ("audio", 8031, "192.0.2.9", "recvonly")
    assert media.ice is not None
    assert (media.ice.usernameFragment, media.ice.password) == ("ourfrag", "ourpasswordourpasswordour")
    assert media.dtls is not None
    assert media.dtls.role == "server"
    assert media.dtls.fingerprints[0].value.lower() == IDENTITY.fingerprint.digest.hex(":")
    assert [candidate.ip for candidate in media.ice_candidates] == ["192.0.2.9"]
    assert [codec.mimeType for codec in media.rtp.codecs] == ["audio/opus"]
    assert [(e.id, e.uri) for e in media.rtp.headerExtensions] == [(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")]
    assert "a=ice-lite" in answer(offer(sends=True)).split("\r\n")
    parameters = media.rtp.codecs[0].parameters
    assert (str(parameters["useinbandfec"]), str(parameters["usedtx"])) == ("1", "1")


def test_a_listener_gets_a_slot_for_each_section_with_its_own_ssrc() -> None:
    read = SessionDescription.parse(answer(offer(sends=False, sections=4), slots=(11, 12, 13, 14)))

    assert [media.direction for media in read.media] == ["sendonly"] * 4
    assert [media.ssrc[0].ssrc for media in read.media] == [11, 12, 13, 14]


def test_a_listener_with_one_section_hears_the_first_slot() -> None:
    read = SessionDescription.parse(answer(offer(sends=False), slots=(11, 12, 13, 14)))

    assert [media.ssrc[0].ssrc for media in read.media] == [11]


def test_what_is_not_audio_is_refused_in_its_place() -> None:
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtcp-mux\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n"
    text = offer(sends=True).replace("BUNDLE 0", "BUNDLE 0 1") + video

    written = answer(text)

    assert "m=video 0 UDP/TLS/RTP/SAVPF 96" in written
    assert "a=group:BUNDLE 0\r\n" in written


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=0\r\n", ""),
        ("a=ice-ufrag:peerfrag", "a=ice-ufrag:a"),
        ("a=ice-pwd:peerpassword", "a=ice-pwd:pä"),
        ("a=fingerprint:sha-256 ", "a=fingerprint:md5 "),
        ("m=audio 9", "m=audio"),
        ("s=-", "s"),
        ("a=mid:0", "a=mid:a b"),
    ],
)
def test_it_refuses_a_malformed_offer(old: str, new: str) -> None:
    text = offer(sends=True)
    assert old in text
    with pytest.raises(BadOffer):
        parse_offer(text.replace(old, new).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("opus/48000/2", "PCMU/8000"),
        ("a=sendonly", "a=recvonly"),
        ("a=rtcp-mux\r\n", ""),
        ("SAVPF", "AVPF"),
        ("a=setup:actpass", "a=setup:passive"),
        ("m=audio 9", "m=audio 0"),
    ],
)
def test_it_refuses_an_offer_it_cannot_use(old: str, new: str) -> None:
    text = offer(sends=True)
    assert old in text
    with pytest.raises(UnusableOffer):
        accept_publish(parse_offer(text.replace(old, new).encode()))


def test_it_wants_everything_in_one_bundle() -> None:
    with pytest.raises(UnusableOffer, match="BUNDLE"):
        accept_listen(parse_offer(offer(sends=False, sections=2).replace("BUNDLE 0 1", "BUNDLE 0").encode()), 4)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"v=0\r\n", b"v=0\r\n" + bytes(MAX_OFFER)])
def test_it_refuses_what_is_no_offer(body: bytes) -> None:
    with pytest.raises(BadOffer):
        parse_offer(body)


def test_fragments_read_and_write() -> None:
    fragment = parse_fragment(FRAGMENT)
    assert (fragment.ice_ufrag, fragment.ice_password) == ("newfrag", "newpasswordnewpasswordnew")
    assert parse_fragment(b"a=end-of-candidates\r\n").ice_ufrag == ""
    with pytest.raises(BadOffer):
        parse_fragment(b"a=ice-ufrag:newfrag\r\n")

    written = write_fragment(PLACE, CREDENTIALS, mid="0", opus=111)
    assert "a=ice-ufrag:ourfrag\r\na=ice-pwd:ourpasswordourpasswordour" in written
