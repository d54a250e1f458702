"""RTCP with peers: answering what listeners lack, asking speakers for what is missing."""

from rooms.relay import rtcp
from rooms.relay.relay import Relay
from rooms.relay.session import Kind, RtcSession


def on_rtcp(relay: Relay, session: RtcSession, packet: rtcp.RtcpPacket, now: float) -> None:
    """Act on one RTCP packet of a peer."""
    if isinstance(packet, rtcp.Nack) and session.kind is Kind.LISTEN:
        _answer_nack(relay, session, packet, now)
    elif isinstance(packet, rtcp.SenderReport) and session.arrivals is not None:
        session.arrivals.hear_sender(packet, now)
    elif isinstance(packet, rtcp.ReceiverReport) and packet.reports:
        session.loss_fraction = max(report.fraction for report in packet.reports)


def _answer_nack(relay: Relay, session: RtcSession, nack: rtcp.Nack, now: float) -> None:
    counters = relay.outlet.metrics.counters
    counters.nacks_received += 1
    address = session.ice.selected
    if address is None:
        return
    room = relay.rooms[session.room]
    counters.retransmitted += room.answer_nack(session, nack, now, lambda datagram: relay.send(datagram, address))


def ask_again(relay: Relay, session: RtcSession, now: float) -> None:
    """Ask a speaker for the packets that are due to be asked for."""
    arrivals = session.arrivals
    if arrivals is None or not arrivals.missing:
        return
    given_up = arrivals.given_up
    missing = arrivals.due(now)
    relay.outlet.metrics.counters.publisher_packets_lost += arrivals.given_up - given_up
    if missing and session.accepted.nack:
        relay.outlet.metrics.counters.nacks_sent += 1
        # Outside reduced-size RTCP a compound packet begins with a report (RFC 3550 section 6.1).
        send(relay, session, rtcp.ReceiverReport(relay.ssrc), rtcp.Nack(relay.ssrc, arrivals.ssrc, tuple(missing)))


def send(relay: Relay, session: RtcSession, *packets: rtcp.RtcpPacket) -> None:
    """Send a compound packet to one peer."""
    if session.srtp is None or session.ice.selected is None:
        return
    plain = b"".join(rtcp.build(packet) for packet in packets)
    relay.send(session.srtp.outbound.protect_rtcp(plain), session.ice.selected)
