"""Stripe's limits on evidence, and contributors that fail."""

import pytest

from payouts.disputes import evidence
from payouts.disputes.evidence import CUT, TOTAL_MAX, EvidenceError, checked, gathered
from payouts.models import Dispute

DISPUTE = Dispute(id="du_1")
LONG = "x" * 20_000


@pytest.fixture(autouse=True)
def contributors(monkeypatch: pytest.MonkeyPatch, db: None) -> list[evidence.Contributor]:
    """No contributors but the test's own."""
    registry: list[evidence.Contributor] = []
    monkeypatch.setattr(evidence, "_contributors", registry)
    return registry


def test_several_texts_for_a_field_follow_each_other_in_stripes_order() -> None:
    evidence.contributes(lambda _: {"access_activity_log": "bought", "customer_name": " Linus "})
    evidence.contributes(lambda _: {"access_activity_log": "entered", "service_date": ""})
    assert list(gathered(DISPUTE).items()) == [
        ("customer_name", "Linus"), ("access_activity_log", "bought\n\nentered")
    ]  # fmt: skip


def test_one_that_fails_or_names_no_field_is_left_out() -> None:
    def broken(_: Dispute) -> evidence.Texts:
        raise RuntimeError("a bug")

    evidence.contributes(broken)
    evidence.contributes(lambda _: {"receipt": "wants a file"})
    evidence.contributes(lambda _: {"customer_name": "Linus"})
    assert gathered(DISPUTE) == {"customer_name": "Linus"}


def test_a_field_that_is_too_long_is_cut_and_says_so() -> None:
    evidence.contributes(lambda _: {"access_activity_log": LONG + "y"})
    text = gathered(DISPUTE)["access_activity_log"]
    assert len(text) == 20_000
    assert text.endswith(f"x{CUT}")


def test_all_fields_together_keep_within_the_total_and_short_ones_stay_whole() -> None:
    names = [field.name for field in evidence.FIELDS if field.is_long]
    evidence.contributes(lambda _: dict.fromkeys(names, LONG) | {"customer_name": "Linus"})
    texts = gathered(DISPUTE)
    assert len(names) * 20_000 > TOTAL_MAX
    assert sum(map(len, texts.values())) <= TOTAL_MAX
    assert texts["customer_name"] == "Linus"


def test_what_finance_writes_is_refused_beyond_the_limits_with_the_remedy() -> None:
    assert checked({"customer_name": " Linus ", "service_date": ""}) == {"customer_name": "Linus"}
    with pytest.raises(EvidenceError, match=r"Use has 20,001 characters; shorten it to 20,000") as refused:
        checked({"access_activity_log": LONG + "y"})
    assert refused.value.field == "access_activity_log"
    names = [field.name for field in evidence.FIELDS if field.is_long]
    with pytest.raises(EvidenceError, match=r"160,000 characters; shorten them to 150,000") as refused:
        checked(dict.fromkeys(names, LONG))
    assert not refused.value.field
