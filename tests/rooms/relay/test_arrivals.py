"""Loss and jitter of what a publisher sends, and what to ask for."""

from rooms.relay.arrivals import ASK_AGAIN_S, MAX_ASKS, MAX_MISSING, Arrivals
from rooms.relay.rtcp import SenderReport
from rooms.relay.rtp import Packet


def see(arrivals: Arrivals, *sequences: int) -> None:
    for sequence in sequences:
        stamp = (sequence & 0xFFFF) * 960
        arrivals.see(Packet(111, False, sequence & 0xFFFF, stamp, 1, b"opus"), sequence * 0.02)  # noqa: FBT003


def test_it_asks_for_a_gap_at_once_then_again_then_gives_up() -> None:
    arrivals = Arrivals(1)
    see(arrivals, 10, 13)
    now = 13 * 0.02
    asked = []
    for _ in range(MAX_ASKS + 2):
        asked.append(arrivals.due(now))
        assert arrivals.due(now) == []
        now += ASK_AGAIN_S + 0.001

    assert asked == [[11, 12]] * MAX_ASKS + [[], []]
    assert arrivals.missing == {}


def test_what_comes_late_is_recovered_and_not_asked_for() -> None:
    arrivals = Arrivals(1)
    see(arrivals, 10, 12, 11)

    assert arrivals.due(1.0) == []
    assert arrivals.recovered == 1
    assert arrivals.report(1.0).lost == 0


def test_it_reports_loss_as_rfc_3550_does() -> None:
    arrivals = Arrivals(1)
    see(arrivals, *[n for n in range(100) if n % 4])
    report = arrivals.report(2.0)

    assert (report.lost, report.fraction, report.highest) == (24, 62, 99)  # 1..99 expected, 24 of 99 lost
    see(arrivals, *range(100, 200))
    assert arrivals.report(4.0).fraction == 0


def test_numbers_wrap() -> None:
    arrivals = Arrivals(1)
    see(arrivals, 65534, 65535, 65536, 65537)

    report = arrivals.report(0.0)
    assert (report.highest, report.lost) == (65537, 0)


def test_a_stream_that_starts_over_is_not_a_loss() -> None:
    arrivals = Arrivals(1)
    see(arrivals, 1, 2, 30_000, 30_001)

    assert arrivals.due(1e6) == []
    assert arrivals.report(1e6).lost == 0


def test_gaps_do_not_pile_up() -> None:
    arrivals = Arrivals(1)
    for sequence in range(0, 60_000, 900):
        see(arrivals, sequence)
        arrivals.due(sequence * 0.02)
        assert len(arrivals.missing) <= MAX_MISSING


def test_it_echoes_the_sender_report_for_the_round_trip() -> None:
    arrivals = Arrivals(1)
    see(arrivals, 1)
    arrivals.hear_sender(SenderReport(1, 0x0001_2345_6789_ABCD, 0, 0, 0), 10.0)

    report = arrivals.report(10.5)
    assert (report.last_sr, report.delay) == (0x2345_6789, 32768)
