"""Events that never came are found in Stripe's list: every source, every hole once, from wherever it was killed."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config import clock
from payouts.balance_transactions.operations import import_pages
from payouts.errors import StripeUnavailableError
from payouts.gateway import event_lists
from payouts.inbox import catch_up
from payouts.inbox.catch_up import PLATFORM, THIN
from payouts.models import EventCursor, EventKind, EventState, Payee, Payout, PayoutState, SaleState, StripeEvent
from payouts.runs.operations import run_payouts
from payouts.tasks import catch_up_events
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers


def missing_at_stripe(sandbox: Sandbox) -> set[str]:
    """What Stripe has and the inbox has not."""
    all_of_them = {event["id"] for event in [*sandbox.events(), *sandbox.thin_events()]}
    return all_of_them - set(StripeEvent.objects.values_list("id", flat=True))


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("stripe_catchup", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def unheard(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> Payout:
    """A sale and a payout, of which not one event has come; an hour has passed."""
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url) == 303
    catch_up.catch_up(now=sandbox.advance(days=1 / 24), pages_max=50)
    sale.refresh_from_db()
    workers.process()
    sale.refresh_from_db()
    assert sale.state == SaleState.PAID
    workers.sandbox.advance(days=4)

    import_pages(now=clock.now())
    run_payouts(now=clock.now())
    workers.call()
    sandbox.advance(days=3)
    return Payout.objects.get()


def test_a_lost_payout_event_of_a_connected_account_is_found(unheard: Payout, workers: Workers) -> None:
    assert unheard.state == PayoutState.SENT
    assert {cursor.name for cursor in EventCursor.objects.all()} == {PLATFORM, THIN, unheard.payee.stripe_account_id}
    found = catch_up.catch_up(now=clock.now(), pages_max=50)
    lost = StripeEvent.objects.get(type="payout.paid")
    assert lost.id in {event_id for each in found for event_id in each.missing}
    assert (lost.account, lost.kind, lost.state) == (
        unheard.payee.stripe_account_id, EventKind.SNAPSHOT, EventState.RECEIVED
    )  # fmt: skip
    workers.process()
    unheard.refresh_from_db()
    assert unheard.state == PayoutState.PAID
    assert catch_up.catch_up(now=clock.now(), pages_max=50) == []


def test_what_is_stored_is_what_would_have_come(shop: Shop, sandbox: Sandbox, workers: Workers, ada: Payee) -> None:
    heard = {event.id: event for event in StripeEvent.objects.all()}
    StripeEvent.objects.all().delete()
    catch_up.catch_up(now=sandbox.advance(days=1 / 24), pages_max=50)
    assert missing_at_stripe(sandbox) == set()
    for event_id, before in heard.items():
        event = StripeEvent.objects.get(id=event_id)
        for field in ("kind", "type", "object_id", "account", "api_version", "livemode", "created_at"):
            assert getattr(event, field) == getattr(before, field), (event.type, field)
        ours, theirs = json.loads(bytes(event.raw)), json.loads(bytes(before.raw))
        assert ours["id"] == theirs["id"]
        assert ours.get("data") == theirs.get("data")


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    shop: Shop, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    StripeEvent.objects.all().delete()
    monkeypatch.setattr(event_lists, "PAGE", 2)
    fetch = event_lists.snapshot_events
    calls: list[str] = []

    def dies_every_other_time(**where: object) -> event_lists.EventPage:
        calls.append(str(where["after_id"]))
        if len(calls) % 2 == 0:
            raise StripeUnavailableError("No answer from Stripe")
        return fetch(**where)  # type: ignore[arg-type]

    monkeypatch.setattr(event_lists, "snapshot_events", dies_every_other_time)
    now = sandbox.advance(days=1 / 24)
    deaths = 0
    finished = False
    while not finished:
        try:
            finished = catch_up.catch_up(now=now, pages_max=50) == []
        except StripeUnavailableError:
            deaths += 1
            assert EventCursor.objects.exclude(after_id="").count() <= 1
    assert deaths > 1
    repeated = [place for place in calls if place and calls.count(place) > 2]
    assert repeated == []  # a page is asked for again once, when its answer was lost
    assert missing_at_stripe(sandbox) == set()


def test_the_task_spends_few_calls_and_keeps_quiet_without_stripe(
    shop: Shop, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    StripeEvent.objects.all().delete()
    sandbox.advance(days=1 / 24)
    monkeypatch.setattr("payouts.tasks.CATCH_UP_PAGES", 1)
    read = []
    for _ in range(5):
        catch_up_events()
        read.append(StripeEvent.objects.count())
    assert read[0] < read[2] == read[3] == read[4]
    assert missing_at_stripe(sandbox) == set()
    sandbox.fault("timeout_before", "GET /v1/events", count=5)
    EventCursor.objects.update(read_to=clock.now() - timedelta(days=1))
    catch_up_events()


def test_the_command_says_what_is_missing_and_then_fills_it(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    count = StripeEvent.objects.count()
    StripeEvent.objects.all().delete()
    sandbox.advance(days=1 / 24)
    dry = command("--since", "1d", "--dry-run")
    assert "Would be stored" in dry
    assert StripeEvent.objects.count() == 0
    assert not EventCursor.objects.exists()
    stored = command("--since", "1d")
    assert StripeEvent.objects.count() == count
    assert dry.split("total")[1].split("│")[1:3] == stored.split("total")[1].split("│")[1:3]
    assert missing_at_stripe(sandbox) == set()
    again = command("--since", "1d")
    assert again.split("total")[1].split("│")[2].strip() == "0"


def test_the_command_reads_one_account_and_one_range(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    StripeEvent.objects.all().delete()
    begin = sandbox.advance(days=1)
    sandbox.client.v1.payment_intents.create({"amount": 700, "currency": "usd"})
    end = sandbox.advance(days=1)
    command("--since", begin.isoformat(), "--until", end.isoformat(), "--account", ada.stripe_account_id)
    assert not StripeEvent.objects.exists()
    command("--since", begin.isoformat(), "--until", end.isoformat())
    assert list(StripeEvent.objects.values_list("type", flat=True)) == ["payment_intent.created"]
    assert not EventCursor.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dry-run"], "need --since"),
        (["--until", "1d"], "need --since"),
        (["--since", "1d", "--until", "2d"], "is not before --until"),
        (["--since", "yesterday"], "is no time: write 3d"),
        (["--since", "2026-02-31"], "is no time: write 3d"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_arguments(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        command(*arguments)


@pytest.mark.django_db
def test_with_stripe_away_the_command_says_so_and_fails(sandbox: Sandbox) -> None:
    sandbox.fault("timeout_before", "GET /v1/events", count=5)
    with pytest.raises(CommandError, match="Stripe cannot be reached"):
        command("--since", "1d")


@pytest.mark.django_db
def test_events_of_the_other_mode_are_not_stored(shop: Shop, ada: Payee, sandbox: Sandbox, settings: object) -> None:
    StripeEvent.objects.all().delete()
    settings.STRIPE_LIVEMODE = True  # type: ignore[attr-defined]
    found = catch_up.catch_up(now=sandbox.advance(days=1 / 24), pages_max=50)
    assert sum(each.listed for each in found) > 0
    assert not StripeEvent.objects.exists()
