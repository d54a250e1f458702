"""A slot's numbers only move forward, whoever holds it."""

from hypothesis import given
from hypothesis import strategies as st

from rooms.relay.rtp import Packet, sequence_after
from rooms.relay.slots import CLOCK_HZ, FRAME, Slot


def packet(sequence: int, timestamp: int, *, marker: bool = False) -> Packet:
    return Packet(111, marker, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 1, b"opus")


def test_a_new_speaker_goes_on_where_the_last_one_stopped() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    last = slot.rewrite(packet(100, 5000), 0.0)
    slot.take("grace", 1.0)
    first = slot.rewrite(packet(9, 77), 1.0)

    assert last is not None
    assert first is not None
    assert first.sequence == (last.sequence + 1) & 0xFFFF
    assert (first.timestamp - last.timestamp) & 0xFFFFFFFF == CLOCK_HZ  # a second passed
    assert first.marker


def test_gaps_of_dtx_are_kept_in_time_and_not_in_numbers() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    first = slot.rewrite(packet(1, 0), 0.0)
    second = slot.rewrite(packet(2, 20 * FRAME), 0.4)

    assert first is not None
    assert second is not None
    assert (second.sequence - first.sequence) & 0xFFFF == 1
    assert (second.timestamp - first.timestamp) & 0xFFFFFFFF == 20 * FRAME


def test_a_repaired_packet_fills_its_own_hole() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    first = slot.rewrite(packet(1, 0), 0.0)
    third = slot.rewrite(packet(3, 2 * FRAME), 0.04)
    second = slot.rewrite(packet(2, FRAME), 0.06)

    assert first
    assert second
    assert third
    assert [(p.sequence - first.sequence) & 0xFFFF for p in (first, second, third)] == [0, 1, 2]
    assert slot.ring.get(second.sequence) == second


def test_what_was_said_before_the_take_over_stays_unsaid() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    slot.rewrite(packet(10, 0), 0.0)

    assert slot.rewrite(packet(9, -FRAME), 0.01) is None


def test_after_a_mute_there_is_no_gap_to_ask_for() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    before = slot.rewrite(packet(10, 0), 0.0)
    slot.pause()
    after = slot.rewrite(packet(500, 490 * FRAME), 9.8)

    assert before
    assert after
    assert (after.sequence - before.sequence) & 0xFFFF == 1


def test_a_ring_forgets_what_is_old() -> None:
    slot = Slot(0)
    slot.take("ada", 0.0)
    sent = [slot.rewrite(packet(i, i * FRAME), i * 0.02) for i in range(300)]

    assert sent[0]
    assert sent[299]
    assert slot.ring.get(sent[0].sequence) is None
    assert slot.ring.get(sent[299].sequence) == sent[299]


steps = st.lists(
    st.tuples(st.sampled_from(["next", "skip", "late", "take", "pause", "jump"]), st.integers(1, 60)), max_size=120
)


@given(steps)
def test_no_number_ever_carries_two_payloads(plan: list[tuple[str, int]]) -> None:
    """The promise that keeps SRTP safe: one (SSRC, sequence, rollover), one payload."""
    slot = Slot(0)
    slot.take("speaker", 0.0)
    sequence, now = 30_000, 0.0
    index: dict[int, bytes] = {}
    highest, extended = slot.sequence, 0
    seen_in: set[int] = set()
    for number, (step, size) in enumerate(plan):
        now += 0.02
        if step == "take":
            slot.take(f"speaker {number}", now)
            seen_in.clear()
            sequence = size * 1000
        elif step == "pause":
            slot.pause()
        sequence += {"next": 1, "skip": size, "late": 0, "jump": 5000}.get(step, 1)
        incoming = (sequence - (size if step == "late" else 0)) & 0xFFFF
        if incoming in seen_in:
            continue  # SRTP's replay protection refuses it before the slot sees it
        seen_in.add(incoming)
        sent = slot.rewrite(Packet(111, False, incoming, number, 1, b"%d" % number), now)  # noqa: FBT003
        if sent is None:
            continue
        ahead = sequence_after(sent.sequence, highest)
        if ahead > 0:
            highest, extended = sent.sequence, extended + ahead
            ahead = 0
        assert index.setdefault(extended + ahead, sent.payload) == sent.payload
