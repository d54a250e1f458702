"""Request limits that let people through when Valkey, which counts them, is away: paying matters more."""

import redis
import structlog
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle
from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class _OpenWithoutValkey(SimpleRateThrottle):
    """Counts in the cache, and counts nothing when the cache cannot be reached."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """As the framework does it; True when nobody can count."""
        try:
            return super().allow_request(request, view)
        except redis.RedisError as error:
            log.warning("throttle.not_counting", error=str(error))
            return True


class PersonThrottle(_OpenWithoutValkey, UserRateThrottle):
    """Per signed-in person."""


class VisitorThrottle(_OpenWithoutValkey, AnonRateThrottle):
    """Per address of who is not signed in."""
