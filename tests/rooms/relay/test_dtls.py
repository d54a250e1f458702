"""Handshakes between our own two sides, and with what must be refused."""

import datetime as dt

import pytest
from OpenSSL import SSL

from rooms.relay.certificate import Fingerprint, Identity
from rooms.relay.dtls import MTU, DtlsError, Handshake, datagrams, is_closing_alert, make_context
from rooms.relay.srtp import PROFILES, Keys, Pair, SrtpError

SERVER, CLIENT = (Identity.generate(dt.datetime.now(dt.UTC)) for _ in range(2))
SERVER_CONTEXT, CLIENT_CONTEXT = make_context(SERVER), make_context(CLIENT)


def sides(
    *, expected_of_client: Fingerprint = CLIENT.fingerprint, client: SSL.Context = CLIENT_CONTEXT
) -> tuple[Handshake, Handshake]:
    """A server and a client that expects the server's certificate."""
    return (
        Handshake(SERVER_CONTEXT, expected_of_client, server=True),
        Handshake(client, SERVER.fingerprint, server=False),
    )


def run(server: Handshake, client: Handshake) -> None:
    """Carry flights to and fro until both are quiet."""
    flight = client.start()
    while flight:
        back = [out for datagram in flight for out in server.receive(datagram)]
        flight = [out for datagram in back for out in client.receive(datagram)]


def test_both_sides_derive_the_same_keys() -> None:
    server, client = sides()
    run(server, client)

    assert server.keys is not None
    assert server.keys == client.keys
    assert server.keys.profile.name == b"SRTP_AEAD_AES_128_GCM"
    assert server.keys.client != server.keys.server


def test_it_falls_back_to_the_profile_every_browser_has() -> None:
    context = make_context(CLIENT)
    context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
    server, client = sides(client=context)
    run(server, client)

    assert server.keys is not None
    assert server.keys.profile.name == b"SRTP_AES128_CM_SHA1_80"


def test_it_refuses_a_certificate_with_another_fingerprint() -> None:
    stranger = Identity.generate(dt.datetime.now(dt.UTC))
    server, client = sides(expected_of_client=stranger.fingerprint)

    with pytest.raises(DtlsError, match="fingerprint"):
        run(server, client)
    assert server.keys is None


def test_it_refuses_a_peer_without_srtp() -> None:
    plain = SSL.Context(SSL.DTLS_METHOD)
    plain.set_max_proto_version(0xFEFD)
    plain.use_certificate(CLIENT.certificate)
    plain.use_privatekey(CLIENT.key)
    server, client = sides(client=plain)

    with pytest.raises(DtlsError, match="profile"):
        run(server, client)


def test_rubbish_inside_a_handshake_does_not_break_it() -> None:
    server, client = sides()
    for rubbish in (b"", b"\x16", b"\x16\xfe\xfd" + bytes(8) + b"\xff\xff", bytes([22]) * 100):
        assert server.receive(rubbish) == []
    run(server, client)

    assert server.keys == client.keys is not None


def test_flights_fit_the_mtu() -> None:
    server, client = sides()
    hello = client.start()
    answer = [out for datagram in hello for out in server.receive(datagram)]

    assert answer
    assert max(len(datagram) for datagram in answer) <= MTU


def test_records_are_cut_whole() -> None:
    record = b"\x16\xfe\xfd" + bytes(8) + (700).to_bytes(2, "big") + bytes(700)

    assert list(datagrams(record * 3)) == [record, record, record]
    assert list(datagrams(record[:300])) == []


def test_an_encrypted_alert_is_a_hint_that_the_page_closed() -> None:
    assert is_closing_alert(b"\x15\xfe\xfd\x00\x01" + bytes(30))
    assert not is_closing_alert(b"\x15\xfe\xfd\x00\x00" + bytes(30))
    assert not is_closing_alert(b"\x16\xfe\xfd\x00\x01" + bytes(30))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_srtp_goes_both_ways_and_refuses_replays_and_forgeries(profile: object) -> None:
    assert profile in PROFILES
    chosen = next(p for p in PROFILES if p is profile)
    keys = Keys.split(chosen, bytes(range(2 * (chosen.key_length + chosen.salt_length))))
    relay, peer = Pair.of_server(keys), Pair.of_client(keys)
    plain = b"\x80\x6f\x00\x01" + bytes(8) + b"opus"

    protected = peer.outbound.protect(plain)
    assert len(protected) == len(plain) + chosen.tag_length
    assert relay.inbound.unprotect(protected) == plain
    with pytest.raises(SrtpError, match="replay"):
        relay.inbound.unprotect(protected)
    forged = protected[:-1] + bytes([protected[-1] ^ 1])
    with pytest.raises(SrtpError):
        Pair.of_server(keys).inbound.unprotect(forged)
    assert peer.outbound.protect(plain) == protected  # a retransmission is the same bytes


@pytest.mark.parametrize("text", ["", "md5 00:11", "sha-256 zz", "sha-256 00:11", "sha-1 " + "00:" * 19 + "00"])
def test_weak_or_broken_fingerprints_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fingerprint|hexadecimal"):
        Fingerprint.parse(text)


def test_a_fingerprint_reads_back() -> None:
    assert Fingerprint.parse(str(SERVER.fingerprint)) == SERVER.fingerprint
