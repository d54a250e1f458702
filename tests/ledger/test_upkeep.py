"""The job that keeps the ledger: scheduled, and safe to run any number of times."""

import pytest
from django.conf import settings

from ledger.operations import post
from ledger.proof import verify
from payouts.tasks import keep_ledger
from tests.databases import Database
from tests.ledger.cast import books, sale, wait_until


def test_it_is_scheduled() -> None:
    assert settings.CELERY_BEAT_SCHEDULE[keep_ledger.name]["task"] == keep_ledger.name


@pytest.mark.usefixtures("valkey")
def test_it_folds_and_seals(committed_db: Database) -> None:
    post(posting=sale())
    before = books()

    def sealed() -> bool:
        keep_ledger(unknown="an old message")
        return verify().unsealed == 0

    wait_until(sealed)
    assert verify().findings == ()
    assert books() == before
