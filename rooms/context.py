"""What every page knows about the site it belongs to."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Template variables of every page: `public_url`, and `is_sandbox` (no real money moves)."""
    return {"public_url": settings.PUBLIC_URL, "is_sandbox": bool(settings.STRIPE_API_BASE)}
