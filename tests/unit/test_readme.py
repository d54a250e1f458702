"""The README tells the truth: each command, file and picture that it names exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)(?: ([A-Z]+)=\S+)?")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


def make_commands() -> list[str]:
    """Every `make x` that the README shows as code."""
    code = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", README, flags=re.DOTALL)
    return sorted({match[0] for block in code for match in MAKE.findall("\n".join(block))})


def test_it_has_the_two_commands() -> None:
    assert {"demo", "test"} <= set(make_commands())


@pytest.mark.parametrize("target", make_commands())
def test_every_make_command_exists(target: str) -> None:
    answer = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [link for link in targets if not (page.parent / link).exists()]
    assert missing == []


def test_it_has_a_picture_of_room_studio_and_admin() -> None:
    pictures = {Path(link).stem for link in LINK.findall(README) if link.endswith(".png")}
    assert {"room", "studio", "admin"} <= pictures
