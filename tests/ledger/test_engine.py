"""The engine's parts, one by one; what needs several sessions or folding has a database of its own."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from ledger.errors import (
    AccountClosedError,
    AccountStateError,
    FloorCrossedError,
    HoldExceededError,
    InvalidPostingError,
    KeyConflictError,
    PeriodClosedError,
    UnbalancedError,
    UnknownAccountError,
)
from ledger.operations import (
    Posted,
    PostingError,
    capture_hold,
    close_account,
    close_period,
    correct,
    describe_account,
    expire_holds,
    fold,
    place_hold,
    post,
    post_many,
    release_hold,
    reverse,
    set_floor,
)
from ledger.postings import Leg, credit, debit
from ledger.proof import verify
from ledger.queries import balance_minor, balance_minor_before, balance_recorded, trial_balance
from tests.databases import Database
from tests.ledger.cast import (
    ADA,
    AVAILABLE,
    GRACE,
    NOON,
    S,
    books,
    fold_all,
    move,
    owed,
    p,
    posting,
    refuses,
    sale,
    sqlstate,
    wait_until,
)

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _sound_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, the whole ledger verifies."""
    request.getfixturevalue("committed_db" if "committed_db" in request.fixturenames else "db")
    yield
    assert verify().findings == ()


def fund(amount_minor: int = 1000) -> None:
    """Ada has an amount available."""
    post(posting=move("fund:1", AVAILABLE, p(ADA, "available"), amount_minor, kind="grant"))


# -- posting ---------------------------------------------------------------------------------------


def test_the_same_posting_again_is_a_replay() -> None:
    first = post(posting=sale())
    before = books()
    assert post(posting=sale()) == Posted(transaction_id=first.transaction_id, replayed=True)
    assert books() == before


def test_a_replay_may_name_the_instant_in_another_zone() -> None:
    post(posting=sale())
    elsewhere = NOON.astimezone(datetime.now().astimezone().tzinfo)
    assert post(posting=sale(effective_at=elsewhere)).replayed


def test_a_key_with_other_content_names_the_transaction() -> None:
    first = post(posting=sale())
    with refuses(KeyConflictError) as refused:
        post(posting=sale(description="another"))
    assert (refused.value.key, refused.value.transaction_id) == ("sale:1", first.transaction_id)


def test_posting_is_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        post(posting=sale())
    with django_assert_num_queries(1):
        post_many(postings=[sale("sale:2"), sale("sale:3")])


def test_a_posting_inside_a_transaction_goes_with_it(committed_db: Database) -> None:
    with transaction.atomic():
        post(posting=sale())
        transaction.set_rollback(True)
    assert books() == {}
    with transaction.atomic():
        post(posting=sale())
    assert len(books()) == 5


def test_a_refusal_leaves_a_savepoint_usable() -> None:
    with transaction.atomic():
        post(posting=sale())
        with refuses(FloorCrossedError):
            post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 1))
        post(posting=sale("sale:2"))
    assert owed(p(ADA)) == [1822]


def test_an_unbalanced_posting_is_refused_in_python() -> None:
    with refuses(UnbalancedError):
        posting("x", debit(S, 5, "USD"), credit(AVAILABLE, 4, "USD"))
    with refuses(UnbalancedError):
        posting("x", debit(S, 5, "USD"), credit(AVAILABLE, 5, "EUR"))


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 1.0, True, None])
def test_an_amount_is_a_positive_integer(amount: Any) -> None:
    with refuses(InvalidPostingError):
        debit(S, amount, "USD")


def test_an_unknown_account_names_itself() -> None:
    with refuses(UnknownAccountError) as refused:
        post(posting=move("x", "payable:ada:pending", S, 1))
    assert refused.value.account == "payable:ada:pending"


def test_a_batch_is_all_or_nothing() -> None:
    bad = move("bad", p(ADA, "available"), p(ADA, "in_transit"), 1)
    with refuses(FloorCrossedError):
        post_many(postings=[sale(), bad, sale("sale:2")])
    assert books() == {}


def test_a_batch_each_for_itself_names_what_was_refused() -> None:
    bad = move("bad", p(ADA, "available"), p(ADA, "in_transit"), 1)
    first, refused, second = post_many(postings=[sale(), bad, sale("sale:2")], atomic=False)
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert isinstance(refused, PostingError)
    assert (refused.key, type(refused.error)) == ("bad", FloorCrossedError)
    assert owed(p(ADA)) == [1822]


def test_a_batch_meets_the_floor_after_each_posting() -> None:
    fund(100)
    out = move("out", p(ADA, "available"), p(ADA, "in_transit"), 101)
    back = move("back", AVAILABLE, p(ADA, "available"), 50)
    with refuses(FloorCrossedError):
        post_many(postings=[out, back])
    post_many(postings=[back, out])
    assert owed(p(ADA, "available")) == [49]


def test_a_batch_keeps_running_balances() -> None:
    post_many(postings=[sale(f"sale:{n}") for n in range(1, 6)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, balance_minor FROM ledger_entry WHERE version IS NOT NULL ORDER BY version")
        assert cursor.fetchall() == [(n, -911 * n) for n in range(1, 6)]


def test_an_empty_batch_is_nothing() -> None:
    assert post_many(postings=[]) == []


def test_a_key_posted_at_the_same_moment_waits_and_replays(committed_db: Database) -> None:
    answers: list[Posted] = []

    def again() -> None:
        answers.append(post(posting=sale()))
        connection.close()

    with transaction.atomic():
        first = post(posting=sale())
        other = threading.Thread(target=again)
        other.start()
        wait_for_lock(committed_db)
    other.join()
    assert answers == [Posted(transaction_id=first.transaction_id, replayed=True)]


def test_a_key_of_a_transaction_that_rolls_back_is_free(committed_db: Database) -> None:
    answers: list[Posted] = []

    def again() -> None:
        answers.append(post(posting=sale()))
        connection.close()

    with transaction.atomic():
        post(posting=sale())
        other = threading.Thread(target=again)
        other.start()
        wait_for_lock(committed_db)
        transaction.set_rollback(True)
    other.join()
    assert [answer.replayed for answer in answers] == [False]


def wait_for_lock(database: Database) -> None:
    """Wait until a session of this database waits for another."""
    with psycopg.connect(database.url, autocommit=True) as watcher:
        while not watcher.execute(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database())"
        ).fetchone():
            threading.Event().wait(0.01)


def test_ids_beyond_32_bits_are_posted(committed_db: Database) -> None:
    with psycopg.connect(committed_db.owner_url, autocommit=True) as owner:
        owner.execute("ALTER SEQUENCE ledger_transaction_id_seq RESTART WITH 3000000000")
        owner.execute("ALTER TABLE ledger_entry ALTER COLUMN id RESTART WITH 3000000000")
    assert post(posting=sale()).transaction_id == 3_000_000_000
    assert balance_minor(account=S, currency="USD") == 941


# -- folding and late commits ----------------------------------------------------------------------


def test_a_hot_balance_is_exact_before_and_after_folding(committed_db: Database) -> None:
    post(posting=sale())
    before = trial_balance()
    assert fold_all() == 6
    assert trial_balance() == before
    post(posting=sale("sale:2"))
    assert balance_minor(account=S, currency="USD") == 1882
    fold_all()
    assert fold() == 0
    assert balance_minor(account=S, currency="USD") == 1882


def test_a_fold_never_misses_a_late_commit(committed_db: Database) -> None:
    post_many(postings=[sale("opens:1"), sale("opens:2", payee=GRACE)])
    fold_all()
    with psycopg.connect(committed_db.url) as late:
        late.execute("SELECT ledger_post(%s::jsonb)", [json_of(sale("late", payee=GRACE))])
        post(posting=sale("early"))
        assert fold() == 0  # the early one has a higher transaction id than the one still open
        assert balance_minor(account=S, currency="USD") == 2823
        late.commit()
    assert balance_minor(account=S, currency="USD") == 3764
    assert fold_all() == 12
    assert balance_minor(account=S, currency="USD") == 3764


def test_a_late_commit_under_a_savepoint_is_not_missed_either(committed_db: Database) -> None:
    post_many(postings=[sale("opens:1"), sale("opens:2", payee=GRACE)])
    with transaction.atomic():
        with transaction.atomic():
            post(posting=sale("late", payee=GRACE))
        with psycopg.connect(committed_db.url, autocommit=True) as other:
            other.execute("SELECT ledger_post(%s::jsonb)", [json_of(sale("early"))])
            other.execute("SELECT ledger_fold()")
    fold_all()
    assert balance_minor(account=S, currency="USD") == 3764


def test_a_restored_cluster_opens_a_new_epoch(committed_db: Database) -> None:
    post(posting=sale())
    fold_all()
    with psycopg.connect(committed_db.owner_url, autocommit=True) as owner:
        owner.execute("UPDATE ledger_book SET folded_xact = '4000000000000'")  # as if this cluster began anew
    post(posting=sale("sale:2"))
    assert balance_minor(account=S, currency="USD") == 1882
    fold_all()
    assert fold() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, folded_epoch FROM ledger_book")
        assert cursor.fetchone() == (2, 2)


def json_of(given: Any) -> str:
    """A posting as ledger_post takes it."""
    return json.dumps(given.request())


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folded", [True, False])
def test_a_balance_before_an_instant_follows_effective_dates(committed_db: Database, *, folded: bool) -> None:
    for day in range(3):
        post(posting=sale(f"sale:{day}", effective_at=NOON + day * DAY))
    post(posting=sale("backdated", effective_at=NOON - 5 * DAY))
    if folded:
        fold()
    expected = {
        NOON - 6 * DAY: 0,
        NOON: 941,
        NOON + timedelta(microseconds=1): 1882,
        NOON + timedelta(hours=1): 1882,
        NOON + timedelta(minutes=90): 1882,
        NOON + DAY: 1882,
        NOON + 9 * DAY: 3764,
    }
    for at, total in expected.items():
        assert balance_minor_before(account=S, currency="USD", instant=at) == total
        assert balance_minor_before(account=p(ADA), currency="USD", instant=at) == -total * 911 // 941
        assert sum(line.balance_minor for line in trial_balance(as_of=at)) == 0


def test_a_recorded_balance_follows_posting_order_not_start_order(committed_db: Database) -> None:
    with psycopg.connect(committed_db.url) as slow:
        slow.execute("SELECT 1")  # starts before the other, posts after it
        post(posting=move("first", AVAILABLE, p(ADA), 100))
        between = datetime.now(UTC)
        slow.execute("SELECT ledger_post(%s::jsonb)", [json_of(move("second", AVAILABLE, p(ADA), 1))])
        slow.commit()
    for account in (p(ADA), AVAILABLE):
        sign = -1 if account == p(ADA) else 1
        for _ in range(3):
            assert sign * balance_recorded(account=account, currency="USD", at=between).balance_minor == 100
            assert sign * balance_recorded(account=account, currency="USD", at=datetime.now(UTC)).balance_minor == 101
            fold()


def test_a_recorded_balance_is_final_once_nothing_can_join_it(committed_db: Database) -> None:
    post(posting=sale())
    at = datetime.now(UTC)
    assert not balance_recorded(account=S, currency="USD", at=at).final
    with psycopg.connect(committed_db.url) as late:
        late.execute("SELECT pg_current_xact_id()")
        fold()
        fold()
        assert not balance_recorded(account=S, currency="USD", at=datetime.now(UTC)).final
    wait_until(lambda: fold() == 0 and balance_recorded(account=S, currency="USD", at=at).final)
    assert balance_recorded(account=S, currency="USD", at=at).balance_minor == 941


def test_the_closed_months_take_corrections_in_the_open_one() -> None:
    post(posting=sale())
    close_period(before=NOON + 5 * DAY, actor="fin")
    with refuses(PeriodClosedError):
        post(posting=sale("sale:2"))
    with refuses(PeriodClosedError):
        close_period(before=NOON, actor="fin")
    right = move("sale:1:right", S, p(GRACE), 941, effective_at=NOON + 6 * DAY, kind="correction")
    correct(original="sale:1", key="sale:1:wrong", replacement=right)
    assert books() == {S: 941, p(GRACE): -941}
    assert balance_minor_before(account=p(ADA), currency="USD", instant=NOON + 5 * DAY) == -911


def test_closing_a_period_waits_for_postings_under_way(committed_db: Database) -> None:
    done = threading.Event()

    def close() -> None:
        close_period(before=NOON + DAY, actor="fin")
        done.set()
        connection.close()

    with transaction.atomic():
        post(posting=sale())
        closer = threading.Thread(target=close)
        closer.start()
        wait_for_lock(committed_db)
        assert not done.is_set()
    closer.join()
    with refuses(PeriodClosedError):
        post(posting=sale("sale:2"))
    assert balance_minor(account=S, currency="USD") == 941


# -- accounts --------------------------------------------------------------------------------------


def test_an_account_closes_when_it_is_empty() -> None:
    post(posting=sale())
    with refuses(AccountStateError):
        close_account(account=p(ADA), currency="USD", actor="fin")
    post(posting=move("release:1", p(ADA), p(ADA, "available"), 911))
    close_account(account=p(ADA), currency="USD", actor="fin")
    with refuses(AccountClosedError) as refused:
        post(posting=sale("sale:2"))
    assert (refused.value.account, refused.value.key) == (p(ADA), "sale:2")
    with refuses(AccountStateError):
        close_account(account=S, currency="USD", actor="fin")


def test_a_floor_and_metadata_can_be_set() -> None:
    fund(100)
    set_floor(account=p(ADA, "available"), currency="USD", floor_minor=40, actor="fin")
    describe_account(account=p(ADA, "available"), currency="USD", metadata={"note": "vip"}, actor="fin")
    with refuses(FloorCrossedError) as refused:
        post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 61))
    assert refused.value.available_minor == 60
    with refuses(FloorCrossedError):
        set_floor(account=p(ADA, "available"), currency="USD", floor_minor=101, actor="fin")


def test_only_some_kinds_cross_the_floor_of_what_is_available() -> None:
    fund(100)
    for kind in ("refund", "dispute.lost", "correction", "reversal"):
        post(posting=move(kind, p(ADA, "available"), AVAILABLE, 200, kind=kind))
    with refuses(FloorCrossedError):
        post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 1, kind="refunded"))
    post(posting=move("y", AVAILABLE, p(ADA, "available"), 1, kind="sale"))  # what adds is never refused
    assert owed(p(ADA, "available")) == [-699]


# -- holds -----------------------------------------------------------------------------------------


def hold(key: str, amount_minor: int, expires_at: datetime | None = None) -> None:
    """Hold on what Ada has available."""
    place_hold(
        key=key,
        account=p(ADA, "available"),
        currency="USD",
        amount_minor=amount_minor,
        subject=key,
        expires_at=expires_at,
    )


def test_a_hold_is_captured_in_parts_and_released() -> None:
    fund(1000)
    hold("hold:1", 600)
    hold("hold:1", 600)  # a replay
    with refuses(FloorCrossedError) as refused:
        hold("hold:2", 401)
    assert refused.value.available_minor == 400
    part = move("capture:1", p(ADA, "available"), p(ADA, "in_transit"), 250)
    assert not capture_hold(hold="hold:1", posting=part).replayed
    assert capture_hold(hold="hold:1", posting=part).replayed
    with refuses(HoldExceededError) as exceeded:
        capture_hold(hold="hold:1", posting=move("capture:2", p(ADA, "available"), p(ADA, "in_transit"), 351))
    assert exceeded.value.remaining_minor == 350
    with refuses(FloorCrossedError):
        post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 401))
    assert release_hold(hold="hold:1", key="release:1") == 350
    assert release_hold(hold="hold:1", key="release:1") == 350
    with refuses(HoldExceededError):
        release_hold(hold="hold:1", key="release:2", amount_minor=1)
    post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 750))
    assert owed(p(ADA, "available"), p(ADA, "in_transit")) == [0, 1000]


def test_a_capture_beyond_its_hold_does_not_eat_another_hold() -> None:
    fund(1000)
    hold("hold:1", 300)
    hold("hold:2", 700)
    with refuses(HoldExceededError):
        capture_hold(hold="hold:1", posting=move("c", p(ADA, "available"), p(ADA, "in_transit"), 301))
    assert owed(p(ADA, "available")) == [1000]


def test_a_hold_expires_at_its_time() -> None:
    fund(1000)
    hold("hold:1", 600, expires_at=NOON)
    hold("hold:2", 400)
    assert expire_holds(now=NOON - DAY) == 0
    assert expire_holds(now=NOON) == 1
    assert expire_holds(now=NOON + DAY) == 0
    post(posting=move("x", p(ADA, "available"), p(ADA, "in_transit"), 600))
    with refuses(FloorCrossedError):
        post(posting=move("y", p(ADA, "available"), p(ADA, "in_transit"), 1))


def test_a_hold_key_cannot_be_placed_with_other_content() -> None:
    fund(1000)
    hold("hold:1", 600)
    with refuses(KeyConflictError):
        hold("hold:1", 601)


# -- reversal --------------------------------------------------------------------------------------


def test_a_reversal_mirrors_exactly() -> None:
    post(posting=sale())
    reverse(key="undo:1", original="sale:1", effective_at=NOON + DAY)
    assert books() == {}
    with refuses(InvalidPostingError):
        reverse(key="undo:2", original="sale:1", effective_at=NOON + DAY)


def test_a_reversal_replays_by_key() -> None:
    post(posting=sale())
    first = reverse(key="undo:1", original="sale:1", effective_at=NOON + DAY)
    again = reverse(key="undo:1", original="sale:1", effective_at=NOON + DAY)
    assert (again.transaction_id, again.replayed) == (first.transaction_id, True)


def test_partial_reversals_end_at_zero() -> None:
    post(posting=sale())
    for nth, part in enumerate((333, 333, 1)):
        reverse(key=f"undo:{nth}", original="sale:1", effective_at=NOON, amount_minor=part)
    with refuses(InvalidPostingError):
        reverse(key="undo:3", original="sale:1", effective_at=NOON, amount_minor=393)
    reverse(key="undo:4", original="sale:1", effective_at=NOON)
    assert books() == {}


def test_nothing_reverses_more_than_there_is(committed_db: Database) -> None:
    first = post(posting=sale())
    reverse(key="undo:1", original="sale:1", effective_at=NOON)
    forged = posting("undo:2", Leg(account=S, amount_minor=-1, currency="USD"), debit(p(ADA), 1, "USD"), kind="refund")
    forgery = json_with(forged, reverses=first.transaction_id)
    with psycopg.connect(committed_db.url, autocommit=True) as session:
        assert sqlstate(session, "SELECT ledger_post(%s::jsonb)", forgery) == "LG009"
    assert books() == {}


def json_with(given: Any, **changes: Any) -> str:
    """A posting as ledger_post takes it, changed."""
    return json.dumps(given.request() | changes)
