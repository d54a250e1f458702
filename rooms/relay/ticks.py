"""What happens by the clock, with nobody asking."""

from rooms.relay import feedback, handshakes, rtcp
from rooms.relay.relay import Relay

FAST_S = 0.02
HEARTBEAT_S = 0.25
SLOW_S = 5.0


def fast(relay: Relay, now: float) -> None:
    """Repeat handshake flights that got lost, ask speakers again for what is missing, send some of the reports due."""
    for session in list(relay.unready):
        handshakes.repeat(relay, session, now)
    for room in relay.rooms.values():
        for session in room.publishers.values():
            feedback.ask_again(relay, session, now)
        room.report(now, relay.wall())


def heartbeat(relay: Relay, now: float) -> None:
    """Reports to speakers, signs of life to listeners of quiet rooms."""
    for room in relay.rooms.values():
        room.heartbeat(now)
        for session in room.publishers.values():
            reports = () if session.arrivals is None else (session.arrivals.report(now),)
            feedback.send(relay, session, rtcp.ReceiverReport(relay.ssrc, reports))
        relay.tell_stage(room)


def slow(relay: Relay) -> None:
    """Sender reports to listeners are due. At once they would hold the audio up for 10 ms with 2,000 listeners."""
    for room in relay.rooms.values():
        room.plan_reports()
