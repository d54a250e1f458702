"""How a body is kept: as canonical JSON text, the same bytes for every attempt."""

import json
from collections.abc import Mapping


def text(body: Mapping[str, object]) -> str:
    """The exact text of one of Stripe's own parameter types (`stripe.params`)."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
