"""DTLS handshakes under way: their datagrams, their retransmissions, and what follows when they end."""

from rooms.relay.dtls import DtlsError, is_closing_alert
from rooms.relay.log import log
from rooms.relay.relay import CLOSING_S, CONSENT_S, Relay
from rooms.relay.session import Kind, RtcSession
from rooms.relay.stun import Address


def hear(relay: Relay, session: RtcSession, datagram: bytes, source: Address, now: float) -> None:
    """Take one DTLS datagram of a session; when it completes the handshake, sound can flow."""
    if session.handshake is None and is_closing_alert(datagram):
        # Not authenticated: a peer that goes on checking stays.
        session.ice.heard_at = min(session.ice.heard_at, now - CONSENT_S + CLOSING_S)
        return
    try:
        flight = session.hear_dtls(datagram)
    except DtlsError as error:
        _fail(relay, session, error, now)
        return
    for out in flight:
        relay.send(out, source)
    _maybe_ready(relay, session, now)


def repeat(relay: Relay, session: RtcSession, now: float) -> None:
    """Send again what the handshake's timer says is due."""
    try:
        flight = session.retransmit_dtls()
    except DtlsError as error:
        _fail(relay, session, error, now)
        return
    if session.ice.selected is not None:
        for datagram in flight:
            relay.send(datagram, session.ice.selected)


def _fail(relay: Relay, session: RtcSession, error: DtlsError, now: float) -> None:
    relay.outlet.metrics.counters.dtls_failures += 1
    log.info("handshake failed", session=session.id[:6], room=session.room, error=str(error)[:120])
    relay.close(session, "handshake", now)


def _maybe_ready(relay: Relay, session: RtcSession, now: float) -> None:
    if session.srtp is None or session.ready_at is not None:
        return
    relay.unready.discard(session)
    room = relay.rooms[session.room]
    if session.kind is Kind.PUBLISH:
        room.add_publisher(session)
    else:
        room.add_listener(session)
    relay.ready(session, now)
