"""The policy lab over real sales: what each payee earned, and would have earned under another policy."""

import json
from datetime import timedelta
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config import clock
from ledger import fees
from payouts.models import Payee
from payouts.sales.replay import replay_sales
from tests.payouts.conftest import Shop


def test_posted_sales_are_replayed_under_another_policy(
    shop: Shop, ada: Payee, grace: Payee, tmp_path: Path, django_assert_num_queries: object
) -> None:
    shop.sell(ada)
    shop.sell(ada, grace, price_minor=2000)
    shop.open(ada)  # nobody paid it, so it earned nothing
    found = replay_sales(policy=fees.policy("ticketed-spaces", 1))
    # 1000: 911 became 970. 2000 in halves: 1852 less what the processor took became 1940.
    assert [(line.payee, line.sales, line.earned_minor, line.would_have_earned_minor) for line in found] == sorted(
        [(str(ada.id), 2, 911 + 926, 970 + 970), (str(grace.id), 1, 926, 970)]
    )
    assert replay_sales(policy=fees.policy("stars", 1), until=clock.now() - timedelta(days=1)) == []
    assert len(replay_sales(policy=fees.policy("stars", 1), since=clock.now() - timedelta(days=1))) == 2

    half = fees.policy("stars", 1).as_data() | {
        "slug": "half",
        "tiers": [{"rate": str(Fraction(1, 2)), "upto_minor": None}],
    }
    path = tmp_path / "half.json"
    path.write_text(json.dumps(half))
    out = StringIO()
    call_command("replay_policy", str(path), "--json", stdout=out)
    assert {line["payee"]: line["would_have_earned_minor"] for line in json.loads(out.getvalue())} == {
        str(ada.id): 1000, str(grace.id): 500,
    }  # fmt: skip
    out = StringIO()
    call_command("replay_policy", "ticketed-spaces", stdout=out)
    assert "19.40 USD" in out.getvalue()


@pytest.mark.parametrize("name", ["no-such-policy", "missing.json"])
def test_an_unknown_policy_is_named(name: str, db: None) -> None:
    with pytest.raises(CommandError, match=name):
        call_command("replay_policy", name)
