"""What to do with each datagram that arrives on the UDP port.

Nothing that a stranger sends raises, or makes anything grow.
"""

from rooms.relay import handshakes, rtcp, rtp
from rooms.relay.arrivals import Arrivals
from rooms.relay.demux import Kind as DatagramKind
from rooms.relay.demux import kind_of
from rooms.relay.feedback import ask_again, on_rtcp
from rooms.relay.relay import Relay
from rooms.relay.session import Kind, RtcSession
from rooms.relay.srtp import SrtpError
from rooms.relay.stun import Address


def receive(relay: Relay, datagram: bytes, source: Address, now: float) -> None:
    """Handle one datagram. Only STUN is heard from addresses that have not proved themselves."""
    kind = kind_of(datagram)
    if kind is DatagramKind.STUN:
        _on_stun(relay, datagram, source, now)
        return
    session = relay.by_address.get(source)
    if session is None or kind is DatagramKind.UNKNOWN:
        relay.outlet.metrics.counters.datagrams_unknown += 1
    elif kind is DatagramKind.RTP:
        _on_srtp(relay, session, datagram, now)
    elif kind is DatagramKind.RTCP:
        _on_srtcp(relay, session, datagram, now)
    else:
        handshakes.hear(relay, session, datagram, source, now)


def _on_stun(relay: Relay, datagram: bytes, source: Address, now: float) -> None:
    relay.outlet.metrics.counters.stun_checks += 1
    answer = relay.ice.handle(datagram, source, now)
    if answer.datagram is not None:
        relay.send(answer.datagram, source)
    session = relay.by_ufrag.get(answer.ufrag or "")
    if session is None:
        return
    relay.by_address[source] = session
    if answer.forgotten is not None and relay.by_address.get(answer.forgotten) is session:
        del relay.by_address[answer.forgotten]
    if answer.moved and session.ready_at is not None:
        relay.rooms[session.room].move_listener(session)


def _on_srtp(relay: Relay, session: RtcSession, datagram: bytes, now: float) -> None:
    counters = relay.outlet.metrics.counters
    packet = _speech(session, datagram)
    if packet is None:
        counters.packets_refused += 1
        return
    counters.packets_in += 1
    if session.arrivals is None or session.arrivals.ssrc != packet.ssrc:
        session.arrivals = Arrivals(packet.ssrc)
    recovered = session.arrivals.recovered
    session.arrivals.see(packet, now)
    counters.recovered += session.arrivals.recovered - recovered
    # At once: what comes back within the listeners' jitter buffer is never missed.
    ask_again(relay, session, now)
    room = relay.rooms[session.room]
    room.forward(session, packet, now)
    relay.outlet.metrics.forward_s.observe(relay.clock() - now)
    relay.tell_stage(room)


def _speech(session: RtcSession, datagram: bytes) -> rtp.Packet | None:
    """The Opus packet in an SRTP datagram of a speaker; None for anything else, forged or replayed."""
    if session.kind is not Kind.PUBLISH or session.srtp is None or len(datagram) < rtp.FIXED.size:
        return None
    ssrc = int.from_bytes(datagram[8:12], "big")
    if not session.knows_ssrc(ssrc):
        return None
    try:
        packet = rtp.parse(session.srtp.inbound.unprotect(datagram), session.accepted.level_id)
    except (SrtpError, rtp.RtpError):
        return None
    session.ssrcs.add(ssrc)
    usable = packet.payload_type == session.accepted.opus and 0 < len(packet.payload) <= rtp.MAX_PAYLOAD
    return packet if usable else None


def _on_srtcp(relay: Relay, session: RtcSession, datagram: bytes, now: float) -> None:
    packets = _compound(session, datagram)
    if packets is None:
        relay.outlet.metrics.counters.packets_refused += 1
        return
    for packet in packets:
        on_rtcp(relay, session, packet, now)


def _compound(session: RtcSession, datagram: bytes) -> list[rtcp.RtcpPacket] | None:
    """The RTCP packets in an SRTCP datagram; None for anything else, forged or replayed."""
    ssrc = rtcp.sender_of(datagram)
    if session.srtp is None or not session.knows_ssrc(ssrc):
        return None
    try:
        packets = rtcp.parse(session.srtp.inbound.unprotect_rtcp(datagram))
    except (SrtpError, rtcp.RtcpError):
        return None
    session.ssrcs.add(ssrc)
    return packets
