"""The mirror: every movement once, page by page, from wherever an import was killed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from config import clock
from payouts.balance_transactions import registry, waiting
from payouts.balance_transactions.operations import import_pages, take_imported
from payouts.balance_transactions.waiting import object_known, try_again
from payouts.errors import ContradictionError, StripeUnavailableError
from payouts.gateway import facts, lookups
from payouts.models import BalanceTransaction, ImportCursor, MirrorState, Payee
from payouts.runs.operations import run_payouts
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers


@pytest.fixture
def charge(sandbox: Sandbox) -> Callable[[int], None]:
    """Make so many charges at Stripe that no sale asked for."""

    def charge(count: int) -> None:
        for _ in range(count):
            sandbox.client.v1.payment_intents.create(
                {"amount": 700, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
                 "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
            )  # fmt: skip

    return charge


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe answers two movements at a time."""
    monkeypatch.setattr(lookups, "balance_transactions", partial(lookups.balance_transactions, limit=2))


@pytest.mark.django_db
def test_nothing_at_stripe_is_nothing_here(sandbox: Sandbox) -> None:
    assert import_pages(now=clock.now()) == 0
    assert not BalanceTransaction.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("pages_of_two")
def test_the_first_import_reaches_the_beginning_and_later_ones_go_on(
    sandbox: Sandbox, charge: Callable[[int], None]
) -> None:
    charge(5)
    assert import_pages(now=clock.now()) == 5
    assert import_pages(now=clock.now()) == 0
    charge(3)
    assert import_pages(now=clock.now()) == 3
    listed = sandbox.client.v1.balance_transactions.list({"limit": 100}).data
    assert set(BalanceTransaction.objects.values_list("id", flat=True)) == {each.id for each in listed}
    cursor = ImportCursor.objects.get()
    assert cursor.newest_id == listed[0].id
    assert cursor.backfilled_at is not None


@pytest.mark.django_db
def test_an_import_that_died_between_pages_goes_on_from_there(
    sandbox: Sandbox, charge: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    charge(7)
    pages = 0

    def one_page_then_silence(**where: str) -> facts.Page:
        nonlocal pages
        pages += 1
        if pages % 2 == 0:
            raise StripeUnavailableError("No answer from Stripe")
        return fetch(**where, limit=2)

    fetch = lookups.balance_transactions
    monkeypatch.setattr(lookups, "balance_transactions", one_page_then_silence)
    for imported in (2, 4, 6):
        with pytest.raises(StripeUnavailableError):
            import_pages(now=clock.now())
        assert BalanceTransaction.objects.count() == imported
    with pytest.raises(StripeUnavailableError):
        import_pages(now=clock.now())
    assert ImportCursor.objects.get().backfilled_at is not None
    assert BalanceTransaction.objects.count() == 7


@pytest.mark.django_db
def test_a_movement_that_shows_late_behind_newer_ones_is_still_found(
    sandbox: Sandbox, charge: Callable[[int], None]
) -> None:
    charge(1)
    sandbox.advance(days=0.01)
    charge(3)
    import_pages(now=clock.now())
    hidden = sandbox.client.v1.balance_transactions.list({"limit": 2}).data[1].id
    BalanceTransaction.objects.filter(id=hidden).delete()  # as if Stripe had not shown it yet
    assert import_pages(now=clock.now()) == 1
    assert BalanceTransaction.objects.filter(id=hidden).exists()


def test_transfers_and_reversals_are_recognised(shop: Shop, sandbox: Sandbox, workers: Workers, ada: Payee) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.turn()
    movement = BalanceTransaction.objects.get(type="transfer")
    assert (movement.state, movement.posting_key) == (MirrorState.POSTED, f"transfer:{movement.source_id}")
    assert movement.settled_at == movement.available_on
    assert not BalanceTransaction.objects.exclude(state=MirrorState.POSTED).exists()


def test_what_is_not_ours_is_marked_and_not_posted(shop: Shop, sandbox: Sandbox, ada: Payee) -> None:
    shop.sell(ada)
    sandbox.advance(days=4)
    sandbox.client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": ada.stripe_account_id})
    import_pages(now=clock.now())
    stray = BalanceTransaction.objects.get(type="transfer")
    assert stray.state == MirrorState.IMPORTED  # its call's answer might still be on its way
    import_pages(now=sandbox.advance(days=1))
    stray.refresh_from_db()
    assert (stray.state, stray.posting_key) == (MirrorState.UNMATCHED, "")


@dataclass
class Desk:
    """A taker of payments of 700, for a test to teach."""

    asked: int = 0
    knows: set[str] = field(default_factory=set)
    error: Exception | None = None

    def take(self, *, movement: BalanceTransaction, now: datetime) -> bool:
        self.asked += 1
        if self.error is not None:
            raise self.error
        if movement.source_id not in self.knows:
            return False
        BalanceTransaction.objects.filter(id=movement.id).update(state=MirrorState.POSTED, posting_key="test:1")
        return True


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The last to be asked about charges."""
    made = Desk()
    monkeypatch.setitem(registry._takers, "charge", [*registry.takers_of("charge"), made.take])
    return made


@pytest.fixture
def stray(sandbox: Sandbox, charge: Callable[[int], None], desk: Desk) -> BalanceTransaction:
    """A charge that nobody knows, imported."""
    charge(1)
    import_pages(now=clock.now())
    return BalanceTransaction.objects.get()


@pytest.mark.django_db
def test_what_nobody_knows_yet_is_asked_about_again_ever_more_slowly(
    stray: BalanceTransaction, desk: Desk, sandbox: Sandbox
) -> None:
    assert (stray.state, desk.asked) == (MirrorState.IMPORTED, 1)
    assert stray.note == "a charge of nothing that is known here"
    assert stray.next_attempt_at - stray.imported_at == timedelta(seconds=2)
    take_imported(now=stray.imported_at + timedelta(seconds=1))
    assert desk.asked == 1
    for age, wait, state in [
        (timedelta(minutes=10), timedelta(minutes=5), MirrorState.IMPORTED),
        (timedelta(hours=2), timedelta(hours=1), MirrorState.UNMATCHED),
        (timedelta(days=30), timedelta(days=1), MirrorState.UNMATCHED),
    ]:
        now = stray.imported_at + age
        take_imported(now=now)
        stray.refresh_from_db()
        assert (stray.state, stray.next_attempt_at - now) == (state, wait)
    assert desk.asked == 4
    desk.knows = {stray.source_id}
    take_imported(now=stray.next_attempt_at)
    stray.refresh_from_db()
    assert (stray.state, stray.posting_key) == (MirrorState.POSTED, "test:1")


@pytest.mark.django_db
def test_what_becomes_known_is_taken_at_once(
    stray: BalanceTransaction, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = stray.imported_at + timedelta(days=2)
    take_imported(now=now)
    stray.refresh_from_db()
    assert stray.state == MirrorState.UNMATCHED
    woken: list[str] = []
    monkeypatch.setattr(waiting, "wake_after_commit", woken.append)
    desk.knows = {stray.source_id}
    object_known("", "ch_other", now=now)
    assert woken == []
    object_known(stray.source_id, now=now)
    assert woken == ["payouts.tasks.import_balance_transactions"]
    take_imported(now=now)
    stray.refresh_from_db()
    assert stray.state == MirrorState.POSTED
    object_known(stray.source_id, now=now)
    assert len(woken) == 1


@pytest.mark.django_db
def test_trouble_with_one_is_written_down_and_keeps_no_other_waiting(
    stray: BalanceTransaction, desk: Desk, sandbox: Sandbox, charge: Callable[[int], None]
) -> None:
    desk.error = RuntimeError("a bug")
    charge(1)
    import_pages(now=stray.imported_at + timedelta(hours=3))
    notes = {each.id: (each.state, each.note) for each in BalanceTransaction.objects.all()}
    assert set(notes.values()) == {(MirrorState.IMPORTED, "RuntimeError: a bug")}
    desk.error = ContradictionError("700 paid, 900 asked", object_id="ch_1")
    take_imported(now=stray.imported_at + timedelta(days=2))
    stray.refresh_from_db()
    assert (stray.state, stray.note) == (MirrorState.MISMATCH, "ch_1: 700 paid, 900 asked")
    desk.error, desk.knows = None, {stray.source_id}
    now = stray.imported_at + timedelta(days=3)
    take_imported(now=now)
    stray.refresh_from_db()
    assert stray.state == MirrorState.MISMATCH  # until a person says so
    assert try_again(balance_transaction_ids=[stray.id], now=now) == 1
    take_imported(now=now)
    stray.refresh_from_db()
    assert stray.state == MirrorState.POSTED
    assert try_again(balance_transaction_ids=[stray.id], now=now) == 0


@pytest.mark.django_db
def test_what_nothing_here_makes_says_so(stray: BalanceTransaction) -> None:
    BalanceTransaction.objects.update(type="topup", next_attempt_at=stray.imported_at)
    take_imported(now=stray.imported_at)
    assert BalanceTransaction.objects.get().note == "nothing here makes a topup"
