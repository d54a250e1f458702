"""How many pages evidence makes once Stripe compiles it for a bank, and the beginning of a text that fits.

Since API version 2026-09-30, Stripe refuses evidence whose estimated pages exceed the network's limit
(`dispute_evidence_page_limit_exceeded`), also as a draft. It does not publish its estimate: ours counts more lines
than a page of plain text needs. Mastercard's limit, the strictest, holds here for all networks.
Source: https://docs.stripe.com/changelog/endive/2026-09-30/page-limit-validation-dispute-evidence
"""

import math
from collections.abc import Mapping
from typing import Final

PAGES_MAX: Final = 19
LINES_A_PAGE: Final = 40
LINES_MAX: Final = PAGES_MAX * LINES_A_PAGE
_CHARACTERS_A_LINE: Final = 80
_LINES_OF_A_HEADING: Final = 2


def pages_of(texts: Mapping[str, str]) -> int:
    """How many pages all fields together make."""
    return math.ceil(lines_of(texts) / LINES_A_PAGE)


def lines_of(texts: Mapping[str, str]) -> int:
    """How many printed lines all fields together make, with a heading each."""
    return sum(printed_lines(text) + _LINES_OF_A_HEADING for text in texts.values())


def printed_lines(text: str) -> int:
    """How many lines a text makes on paper."""
    return sum(_lines_of_one(line) for line in text.split("\n"))


def beginning(text: str, *, lines: int) -> str:
    """The most of a text's beginning that makes at most so many printed lines."""
    kept: list[str] = []
    for line in text.split("\n"):
        needed = _lines_of_one(line)
        if needed > lines:
            kept.append(line[: lines * _CHARACTERS_A_LINE])
            break
        kept.append(line)
        lines -= needed
    return "\n".join(kept)


def _lines_of_one(line: str) -> int:
    return max(1, math.ceil(len(line) / _CHARACTERS_A_LINE))
