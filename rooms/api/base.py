"""What every API view of rooms has in common."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle, BaseThrottle, UserRateThrottle
from rest_framework.views import APIView

from rooms.api.problems import exception_handler


class RoomsView(APIView):
    """The settings' request limits, and our errors as problems."""

    throttle_classes: ClassVar[list[type[BaseThrottle]]] = [UserRateThrottle, AnonRateThrottle]  # type: ignore[misc]

    def get_exception_handler(self) -> Callable[[Exception, Mapping[str, Any]], Response | None]:
        """Map our refusals before the framework's own exceptions."""
        return exception_handler
