"""Disputes in the sandbox."""

import pytest

from tests.payouts.disputes.court import Court
from tests.payouts.stripe_driver import Sandbox, Workers


@pytest.fixture
def court(sandbox: Sandbox, workers: Workers) -> Court:
    """Opens disputes and decides them."""
    return Court(sandbox=sandbox, workers=workers)
