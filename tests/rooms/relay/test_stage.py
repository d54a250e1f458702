"""The loudest few are heard."""

from rooms.relay.rtp import Packet
from rooms.relay.stage import HOLD_S, SLOTS, Stage

QUIET, TALKING, LOUD = 110, 40, 10


def say(stage: Stage, who: str, level: int, now: float, *, packets: int = 20) -> int | None:
    """Packets of one level; the slot that the last went out on."""
    index = None
    for step in range(packets):
        slot = stage.slot_for(who, Packet(111, False, step, 0, 1, b"opus-frame", level), now)  # noqa: FBT003
        index = None if slot is None else slot.index
    return index


def full_stage() -> Stage:
    stage = Stage()
    for number in range(SLOTS):
        stage.join(f"speaker {number}")
        assert say(stage, f"speaker {number}", TALKING, 0.0) == number
    stage.join("ada")
    return stage


def test_everyone_has_a_slot_while_there_are_enough() -> None:
    stage = full_stage()

    assert [slot.speaker for slot in stage.slots] == [f"speaker {number}" for number in range(SLOTS)]
    assert stage.speaking() == [f"speaker {number}" for number in range(SLOTS)]


def test_who_speaks_takes_the_slot_of_who_has_been_silent_longest() -> None:
    stage = full_stage()
    for number in (0, 1, 3):
        say(stage, f"speaker {number}", TALKING, 1.0)

    assert say(stage, "ada", TALKING, 1.0) == 2
    assert stage.slot_of("speaker 2") is None


def test_nobody_loses_a_slot_in_the_pause_between_words() -> None:
    stage = full_stage()

    assert say(stage, "ada", TALKING, HOLD_S / 2) is None


def test_silence_takes_no_slot_from_anybody() -> None:
    stage = full_stage()

    assert say(stage, "ada", QUIET, 10.0) is None


def test_who_is_clearly_louder_pushes_the_quietest_out() -> None:
    stage = full_stage()
    for number in range(SLOTS):
        say(stage, f"speaker {number}", TALKING + number, 1.0)

    assert say(stage, "ada", LOUD, 1.0) == SLOTS - 1


def test_who_leaves_frees_the_slot() -> None:
    stage = full_stage()
    stage.leave("speaker 1")

    assert say(stage, "ada", QUIET, 0.0, packets=1) == 1


def test_a_publisher_without_levels_counts_as_talking_when_it_sends_frames() -> None:
    stage = Stage()
    stage.join("obs")
    for _ in range(20):
        stage.slot_for("obs", Packet(111, False, 0, 0, 1, b"a whole frame"), 0.0)  # noqa: FBT003

    assert stage.speaking() == ["obs"]
