"""What people see: the hosted pages that Stripe would show, and the sandbox's own page."""

from starlette.routing import BaseRoute

from payouts.sandbox.core import Sandbox
from payouts.sandbox.pages import checkout, control, dashboard, onboarding, portal


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Every page's routes."""
    return [
        *control.routes(sandbox),
        *checkout.routes(sandbox),
        *onboarding.routes(sandbox),
        *portal.routes(sandbox),
        *dashboard.routes(sandbox),
    ]
