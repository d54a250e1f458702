"""The API's description and the page to try it on."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class Schema(SpectacularAPIView):
    """OpenAPI 3."""

    permission_classes = [AllowAny]
    throttle_classes = []


# The page's script comes from an address of its own, but its head has a style element.
@method_decorator(csp_replace({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, served from here."""

    permission_classes = [AllowAny]
    throttle_classes = []
