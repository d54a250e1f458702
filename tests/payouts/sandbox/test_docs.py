"""docs/sandbox.md names every button, fault and setting that there is."""

from dataclasses import fields
from pathlib import Path

from payouts.sandbox import actions, faults
from payouts.sandbox.settings import Knobs

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text()


def _section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_button_fault_and_setting_is_documented() -> None:
    buttons, broken, settings = _section("By hand"), _section("Faults"), _section("Settings")
    assert {action.name for action in actions._ACTIONS if f"`{action.name}`" not in buttons} == set()
    assert {kind for kind in faults.API | faults.EVENT if f"`{kind}`" not in broken} == set()
    assert {knob.name for knob in fields(Knobs) if f"`{knob.name}`" not in settings} == set()
