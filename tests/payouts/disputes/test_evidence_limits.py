"""Stripe's limits on evidence, and contributors that fail."""

import pytest

from payouts.disputes import evidence
from payouts.disputes.evidence import CUT, EvidenceError, checked, gathered
from payouts.disputes.pages import PAGES_MAX, beginning, pages_of, printed_lines
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


def test_all_fields_together_keep_within_the_pages_of_a_bank_and_short_ones_stay_whole() -> None:
    names = [field.name for field in evidence.FIELDS if field.is_long]
    evidence.contributes(lambda _: dict.fromkeys(names, LONG) | {"customer_name": "Linus"})
    texts = gathered(DISPUTE)
    assert pages_of(dict.fromkeys(names, LONG)) == 51
    assert pages_of(texts) == PAGES_MAX
    assert texts["customer_name"] == "Linus"


def test_a_log_of_many_short_lines_makes_many_pages_too() -> None:
    evidence.contributes(lambda _: {"access_activity_log": "in\n" * 6_000})
    text = gathered(DISPUTE)["access_activity_log"]
    assert text.endswith(f"in\n{CUT}")
    assert pages_of({"access_activity_log": text}) == PAGES_MAX


def test_a_beginning_counts_long_lines_as_several() -> None:
    text = "a\n\n" + "b" * 200
    assert printed_lines(text) == 5
    assert beginning(text, lines=4) == "a\n\n" + "b" * 160
    assert beginning(text, lines=0) == ""
    assert beginning(text, lines=5) == text


def test_what_finance_writes_is_refused_beyond_the_limits_with_the_remedy() -> None:
    assert checked({"customer_name": " Linus ", "service_date": ""}) == {"customer_name": "Linus"}
    with pytest.raises(EvidenceError, match=r"Use has 20,001 characters; shorten it to 20,000") as refused:
        checked({"access_activity_log": LONG + "y"})
    assert refused.value.field == "access_activity_log"
    names = [field.name for field in evidence.FIELDS if field.is_long]
    with pytest.raises(EvidenceError, match=r"make 51 pages; banks take 19\. Shorten the longest") as refused:
        checked(dict.fromkeys(names, LONG))
    assert not refused.value.field
