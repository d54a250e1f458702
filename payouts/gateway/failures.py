"""Stripe's exceptions as ours: what may be tried again, and what never will succeed.

Source: https://docs.stripe.com/error-low-level and https://docs.stripe.com/api/idempotent_requests
"""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from payouts.errors import StripeRefusedError, StripeUnavailableError

CONFLICT = 409
PAYMENT_REQUIRED = 402


@contextmanager
def translated() -> Iterator[None]:
    """Run a call of the SDK.

    Raises:
        StripeUnavailableError: no answer, 409, 429 or 5xx.
        StripeRefusedError: anything else.
    """
    try:
        yield
    except stripe.RateLimitError as error:
        raise StripeUnavailableError(_message(error), retry_after_s=_retry_after_s(error), executed=False) from error
    except stripe.APIConnectionError as error:
        raise StripeUnavailableError(f"No answer from Stripe: {_message(error)}", silent=True) from error
    except stripe.StripeError as error:
        status = error.http_status
        if status is None or status == CONFLICT or status >= 500:
            kept = status != CONFLICT and _was_kept(error)
            raise StripeUnavailableError(
                _message(error),
                retry_after_s=_retry_after_s(error),
                kept=kept,
                silent=status != CONFLICT and not kept,
            ) from error
        raise StripeRefusedError(
            _message(error),
            code=error.code or _type(error),
            http_status=status,
            param=_param(error),
            decline_code=(error.error.decline_code or "") if error.error else "",
        ) from error


def refusal_of(error: stripe.PaymentIntent.LastPaymentError) -> StripeRefusedError:
    """The refusal of a card that an intent remembers: the same as its call was answered with."""
    return StripeRefusedError(
        error.message or "The card was declined.",
        code=error.code or error.type,
        http_status=PAYMENT_REQUIRED,
        decline_code=error.decline_code or "",
    )


def _message(error: stripe.StripeError) -> str:
    return error.user_message or str(error)


def _type(error: stripe.StripeError) -> str:
    return (error.error.type if error.error else None) or type(error).__name__


def _param(error: stripe.StripeError) -> str | None:
    return error.error.param if error.error else None


def _header(error: stripe.StripeError, name: str) -> str:
    return next((value for key, value in (error.headers or {}).items() if key.lower() == name), "")


def _was_kept(error: stripe.StripeError) -> bool:
    """A 500 that was answered from the key's memory: this key will never bring anything else."""
    return _header(error, "idempotent-replayed") == "true"


def _retry_after_s(error: stripe.StripeError) -> float | None:
    text = _header(error, "retry-after")
    return float(text) if text.replace(".", "", 1).isdigit() else None
