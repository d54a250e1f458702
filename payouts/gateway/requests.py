"""A stored call, as the gateway sends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The exact JSON body and the options that make a repetition the same call."""

    body: str
    api_version: str
    idempotency_key: str
    stripe_account: str = ""
