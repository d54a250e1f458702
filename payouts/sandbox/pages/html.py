"""Templates, amounts and times as the pages write them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from payouts.sandbox.money import exponent

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$", "inr": "₹", "krw": "₩"}
_TEMPLATES = Jinja2Templates(directory=Path(__file__).parent.parent / "templates")


def money(amount: int, currency: str) -> str:
    """1000 usd as $10.00; the code in place of a symbol that nobody knows."""
    places = exponent(currency)
    whole, part = divmod(abs(amount), 10**places)
    text = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    symbol = _SYMBOLS.get(currency)
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency.upper()}"


def moment(seconds: float) -> str:
    """A time in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y, %H:%M:%S")


_TEMPLATES.env.filters |= {"moment": moment}
_TEMPLATES.env.globals |= {"money": money}


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """A rendered template."""
    return _TEMPLATES.TemplateResponse(
        request, name, values, status_code=status, headers={"Cache-Control": "no-store"}
    )
