"""Loss, both ways: what is asked for again comes again."""

import time

from rooms.relay import rtcp, ticks
from rooms.relay.fanout import BATCH
from rooms.relay.session import RETRANSMITS_A_SECOND
from tests.rooms.relay.house import House
from tests.rooms.relay.peer import Peer


def say(peer: Peer, *sequences: int) -> None:
    for sequence in sequences:
        peer.speak(sequence=sequence, timestamp=960 * sequence, payload=b"\xfc%d" % sequence, level=10)


async def test_a_listener_gets_again_what_it_lacks(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    fin, _ = await house.listener("fin")
    say(ada, *range(10))
    house.pump()
    heard = linus.packets()
    fin.packets()
    # A receiver that lost packets has not seen their numbers: a fresh one stands in for it.
    assert linus.srtp is not None

    linus.report(rtcp.Nack(linus.ssrc, heard[0].ssrc, (heard[3].sequence, heard[7].sequence)))
    before = house.metrics.retransmitted
    house.worker._readable()

    assert house.metrics.retransmitted == before + 2
    assert [len(linus.socket.recv(2048)) for _ in range(2)] == [16 + 2 + 16] * 2
    house.pump()
    assert fin.packets() == []


async def test_what_is_too_old_or_foreign_is_not_answered(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus", sections=1)
    say(ada, 1)
    house.pump()
    (packet,) = linus.packets()
    other_slot = house.relay.rooms["salon"].stage.slots[2].ssrc

    for media, missing in ((packet.ssrc, packet.sequence - 200), (12345, packet.sequence), (other_slot, 1)):
        linus.report(rtcp.Nack(linus.ssrc, media, (missing & 0xFFFF,)))
        house.pump()

    assert house.metrics.nacks_received == 3
    assert house.metrics.retransmitted == 0


async def test_a_greedy_listener_has_an_allowance(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    say(ada, *range(100))
    house.pump()
    heard = linus.packets()
    session = next(iter(house.relay.rooms["salon"].listeners))
    nack = rtcp.Nack(linus.ssrc, heard[0].ssrc, tuple(packet.sequence for packet in heard))
    now = time.monotonic()

    sent = [house.relay.rooms["salon"].answer_nack(session, nack, now, lambda _datagram: None) for _ in range(5)]

    assert sum(sent) == RETRANSMITS_A_SECOND


async def test_the_relay_asks_a_publisher_for_what_is_missing_and_passes_it_on(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    lost = ada.protected(sequence=2, timestamp=1920, payload=b"\xfc2", level=10)
    say(ada, 1, 3)
    house.pump()

    (nack,) = [packet for packet in ada.feedback if isinstance(packet, rtcp.Nack)]
    assert nack.missing == (2,)
    ada.send(lost)
    house.pump()
    heard = sorted(linus.packets(), key=lambda packet: packet.sequence)
    assert [packet.payload for packet in heard] == [b"\xfc1", b"\xfc2", b"\xfc3"]
    assert house.metrics.recovered == 1


async def test_publishers_get_reports_and_quiet_rooms_signs_of_life(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    say(ada, 1, 2, 4)
    house.pump()
    now = time.monotonic()

    ticks.heartbeat(house.relay, now)
    house.pump()
    assert linus.feedback == []  # somebody spoke just now
    ticks.heartbeat(house.relay, now + 1)
    ticks.slow(house.relay)
    ticks.fast(house.relay, now + 1)
    house.pump()

    reports = [
        report for packet in ada.feedback if isinstance(packet, rtcp.ReceiverReport) for report in packet.reports
    ]
    assert (reports[0].ssrc, reports[0].lost) == (ada.ssrc, 1)
    beat, sender = linus.feedback
    assert beat == rtcp.ReceiverReport(house.relay.ssrc)
    assert isinstance(sender, rtcp.SenderReport)
    assert (sender.packets, sender.octets) == (3, 6)


async def test_listeners_come_and_go_in_the_middle_of_a_batch(house: House) -> None:
    """Rows move when somebody leaves: each still gets their own packets under their own keys."""
    ada, _ = await house.speaker("ada")
    count = BATCH + 5
    house.worker.governor.max_listeners = count
    peers = [(await house.listener(f"listener {number}", sections=1))[0] for number in range(count)]
    say(ada, 1)
    house.pump()
    assert [len(peer.packets()) for peer in peers] == [1] * count

    gone = {0, 7, BATCH - 1, BATCH, count - 1}
    for session in list(house.relay.sessions.values()):
        if session.identity in {f"listener {number}" for number in gone}:
            house.relay.close(session, "left", time.monotonic())
    say(ada, 2)
    house.pump()

    assert [len(peer.packets()) for peer in peers] == [int(number not in gone) for number in range(count)]
    assert house.metrics.packets_unsent == 0
    assert house.metrics.protect_failures == 0


async def test_a_listener_who_changes_network_is_followed(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    abroad = Peer(ip="127.0.0.2")
    house.peers.append(abroad)
    abroad.srtp, abroad._relay = linus.srtp, linus._relay
    abroad.remote_ufrag, abroad.remote_password = linus.remote_ufrag, linus.remote_password

    abroad.check()
    house.pump()
    say(ada, 1)
    house.pump()

    assert linus.packets() == []
    assert [packet.payload for packet in abroad.packets()] == [b"\xfc1"]


async def test_loss_is_measured_both_ways(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    fin, _ = await house.listener("fin")
    say(ada, 1, 3)
    house.pump()
    (heard, _) = linus.packets()

    linus.report(rtcp.ReceiverReport(linus.ssrc, (rtcp.Report(heard.ssrc, fraction=128),)))
    fin.report(rtcp.ReceiverReport(fin.ssrc, (rtcp.Report(heard.ssrc, fraction=0),)))
    for step in range(1, 12):
        ticks.fast(house.relay, time.monotonic() + step)
    house.worker._readable()
    metrics = (await house.http.get("/metrics")).text

    assert "\nrelay_listener_loss 0.25\n" in metrics
    assert "\nrelay_publisher_packets_lost_total 1\n" in metrics
    assert "\nrelay_forward_seconds_count 2\n" in metrics


async def test_sender_reports_go_out_in_small_parts_and_reach_everybody(house: House) -> None:
    ada, _ = await house.speaker("ada")
    count = BATCH + 5
    house.worker.governor.max_listeners = count
    peers = [(await house.listener(f"listener {number}", sections=1))[0] for number in range(count)]
    say(ada, 1)
    house.pump()
    now = time.monotonic()

    ticks.slow(house.relay)
    reached = []
    for _ in range(3):
        ticks.fast(house.relay, now)
        house.pump()
        reached.append(sum(len(peer.feedback) for peer in peers))

    assert reached == [BATCH, count, count]
    assert {type(packet) for peer in peers for packet in peer.feedback} == {rtcp.SenderReport}
