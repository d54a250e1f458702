"""Stripe's limits on a dispute's text evidence (https://docs.stripe.com/api/disputes/update).

Stripe does not publish how it estimates pages: this is a plain print, a hundred characters a line, fifty lines a page.
"""

import math
from typing import Any

from payouts.sandbox.errors import StripeError
from payouts.sandbox.store import Json

_FIELD_MAX = 20_000
_TOTAL_MAX = 150_000
_PAGES_MAX = {"mastercard": 19}
_PAGES_MAX_OF_OTHERS = 50
_LINE, _PAGE = 100, 50


def check(dispute: Json) -> None:
    """Refuse what is too long for Stripe, or makes more pages than the card's network takes."""
    texts = {name: value for name, value in dispute["evidence"].items() if isinstance(value, str)}
    for name, text in texts.items():
        if len(text) > _FIELD_MAX:
            raise StripeError(f"Invalid string: must be at most {_FIELD_MAX} characters", param=f"evidence[{name}]")
    if (total := sum(map(len, texts.values()))) > _TOTAL_MAX:
        raise StripeError(
            f"The combined character count of the evidence is limited to {_TOTAL_MAX}; it has {total}.",
            param="evidence",
        )
    brand = dispute["payment_method_details"]["card"]["brand"]
    limit = _PAGES_MAX.get(brand, _PAGES_MAX_OF_OTHERS)
    if (pages := _pages(texts)) > limit:
        raise StripeError(
            f"The evidence makes an estimated {pages} pages; {brand} takes {limit}.",
            code="dispute_evidence_page_limit_exceeded", param="evidence",
        )  # fmt: skip


def _pages(texts: dict[str, Any]) -> int:
    lines = sum(max(1, math.ceil(len(line) / _LINE)) for text in texts.values() for line in text.split("\n"))
    return math.ceil(lines / _PAGE)
