"""What can be set from the environment; the knobs can also be turned while it runs (POST /_sandbox/settings)."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(slots=True)
class Knobs:
    """Behaviour that tests and the demo change; kept in the database so that a restart remembers it."""

    available_days: int = 2
    payout_days: int = 2
    fee_delay_s: int = 0
    fee_variation: float = 0.0
    refund_failure_delay_s: int = 60
    settlement_currencies: list[str] = field(default_factory=lambda: ["usd"])
    exchange_rates: dict[str, float] = field(default_factory=dict)
    retry_base_s: float = 1.0


MEANINGS = {
    "available_days": "Days until a charge's funds are available",
    "payout_days": "Days until a payout arrives",
    "fee_delay_s": "Seconds until a charge gets its balance transaction and fee",
    "fee_variation": "Share of charges, 0 to 1, that cost more than 2.9% + 30",
    "refund_failure_delay_s": "Seconds until a refund to card …5126 fails",
    "settlement_currencies": "Currencies that charges keep; others become the first",
    "exchange_rates": "USD for one unit of a currency, where it is not the built-in rate",
    "retry_base_s": "Seconds before a failed delivery is tried again; it doubles",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the sandbox listens, keeps its data and sends its events."""

    port: int = 8010
    data: str = "sandbox.sqlite3"
    public_url: str = "http://127.0.0.1:8010"
    forward_to: tuple[str, ...] = ()
    forward_v2_to: tuple[str, ...] = ()
    webhook_secret: str = "whsec_sandbox"  # noqa: S105  (a local default, printed on the sandbox's own page)
    clock_start_s: float = 0.0
    knobs: Knobs = field(default_factory=Knobs)


class SettingsError(Exception):
    """The environment asks for something that the sandbox refuses."""


def from_env(env: Mapping[str, str] | None = None) -> Settings:
    """Read SANDBOX_* variables; a live Stripe key anywhere in the environment is refused."""
    env = os.environ if env is None else env
    for name, value in env.items():
        if re.search(r"\b[sr]k_live_", value):
            raise SettingsError(f"{name} holds a live Stripe key: the sandbox never runs beside one.")
    port = int(env.get("SANDBOX_PORT", "8010"))
    return Settings(
        port=port,
        data=env.get("SANDBOX_DATA", "sandbox.sqlite3"),
        public_url=env.get("SANDBOX_PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
        forward_to=_urls(env.get("SANDBOX_FORWARD_TO", "")),
        forward_v2_to=_urls(env.get("SANDBOX_FORWARD_V2_TO", "")),
        webhook_secret=env.get("SANDBOX_WEBHOOK_SECRET", "whsec_sandbox"),
        clock_start_s=duration_s(env.get("SANDBOX_CLOCK_START", "0s")),
        knobs=_knobs(env),
    )


def duration_s(text: str) -> float:
    """Seconds of `-28d`, `12h`, `30m`, `45s` or a bare number of seconds."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if match is None:
        raise SettingsError(f"Not a duration: {text!r} (write -28d, 12h, 30m or 45s).")
    return float(match[1]) * _UNITS_S[match[2] or "s"]


def turn(knobs: Knobs, changes: Mapping[str, Any]) -> Knobs:
    """The knobs with some of them changed, each coerced to the type of its default."""
    known = {f.name: getattr(knobs, f.name) for f in fields(Knobs)}
    unknown = set(changes) - set(known)
    if unknown:
        raise SettingsError(f"Unknown settings: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.")
    return Knobs(**(asdict(knobs) | {name: type(known[name])(value) for name, value in changes.items()}))


def _knobs(env: Mapping[str, str]) -> Knobs:
    changes: dict[str, Any] = {}
    for f in fields(Knobs):
        text = env.get(f"SANDBOX_{f.name.upper()}")
        if text is None:
            continue
        if f.name == "settlement_currencies":
            changes[f.name] = [code.strip().lower() for code in text.split(",") if code.strip()]
        elif f.name == "exchange_rates":
            changes[f.name] = {k.strip().lower(): float(v) for k, v in (p.split("=") for p in text.split(",") if p)}
        else:
            changes[f.name] = text
    return turn(Knobs(), changes)


def _urls(text: str) -> tuple[str, ...]:
    return tuple(url.strip() for url in text.split(",") if url.strip())
