"""What every page knows about the site it belongs to."""

from django.conf import settings
from django.http import HttpRequest

MAIL_IN_FILES = "django.core.mail.backends.filebased.EmailBackend"


def site(request: HttpRequest) -> dict[str, object]:
    """Template variables of every page: `public_url`, `is_sandbox` (no real money moves), `mail_stays_here`."""
    is_sandbox = bool(settings.STRIPE_API_BASE)
    return {
        "public_url": settings.PUBLIC_URL,
        "is_sandbox": is_sandbox,
        "mail_stays_here": is_sandbox and settings.EMAIL_BACKEND == MAIL_IN_FILES,
    }
