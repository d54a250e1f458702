"""The SDK's client, made once for each process from the settings."""

from functools import lru_cache

import stripe
from django.conf import settings

from payouts.gateway.requests import Request

CONNECT_TIMEOUT_S = 3.0


def client() -> stripe.StripeClient:
    """The client for the key and address in the settings. Threads share it."""
    return _made(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT_S)


@lru_cache(maxsize=4)
def _made(key: str, api_base: str, timeout_s: float) -> stripe.StripeClient:
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        key,
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=0,  # the outbox repeats calls, with its own keys and across processes
        http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_S, timeout_s)),
    )


def options(request: Request) -> stripe.RequestOptions:
    """The SDK's options for a stored call."""
    chosen: stripe.RequestOptions = {
        "idempotency_key": request.idempotency_key,
        "stripe_version": request.api_version,
    }
    if request.stripe_account:
        chosen["stripe_account"] = request.stripe_account
    return chosen
