"""A small world for the state machine: one sandbox, Obole's workers by hand, and everything that can go wrong."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.db import connection

from config import clock
from ledger import accounts
from ledger.queries import balances, moved_by
from payouts.balance_transactions.operations import import_pages
from payouts.disputes import answering, warnings
from payouts.errors import CannotMatchError, StripeUnavailableError
from payouts.inbox import catch_up, many
from payouts.inbox import operations as inbox
from payouts.inbox.replay import TROUBLED, Selection, replay_selection
from payouts.models import (
    BalanceTransaction,
    CallState,
    EarlyFraudWarning,
    EventState,
    MirrorState,
    Payee,
    Payout,
    PayoutState,
    Sale,
    StripeCall,
    StripeEvent,
    WarningDecision,
)
from payouts.models.call import OPEN_STATES
from payouts.models.event import DUE_STATES
from payouts.outbox import operations as outbox
from payouts.reconciliation import findings
from payouts.reconciliation.operations import reconcile
from payouts.runs.operations import release_due, settle_due
from payouts.subscriptions import catching_up
from payouts.suspense import queries as suspense
from payouts.suspense.operations import park_charge
from payouts.wallets import operations as stars
from rooms.refunds import cancelling
from rooms.tickets.operations import end_seat_holds
from tests.payouts.field.books import assert_books_agree
from tests.payouts.field.doors import (
    assert_doors_follow_the_money,
    assert_months_are_as_stripe_has_them,
    waiting_rooms,
)
from tests.payouts.sandbox.local import Local
from tests.payouts.stripe_driver import Sandbox, post_event

ROUNDS_TO_HEAL = 40
SETTLEMENT = ("USD", "JPY")
"""What the platform has bank accounts for; charges in other currencies are converted to the first."""
UNDERWAY = (PayoutState.RESERVED, PayoutState.TRANSFERRED, PayoutState.SENT, PayoutState.RETURNING)


class World:
    """One run's world."""

    def __init__(self, local: Local, payees: list[Payee]) -> None:
        self.local = local
        self.sandbox = Sandbox(local.url)
        self.payees = payees
        self.bag: list[tuple[str, dict[str, Any]]] = []
        self._newest: dict[str, str] = {}

    def listen(self) -> None:
        """Stripe sends what is new: it is on its way, in no order."""
        for account in ["", *(payee.stripe_account_id for payee in self.payees)]:
            self.bag += [("/webhooks/stripe/", event.to_dict(for_json=True)) for event in self._news(account)]

    def skip_news(self) -> None:
        """What happened before the run began is no news."""
        for account in ["", *(payee.stripe_account_id for payee in self.payees)]:
            self._page(account)

    def _news(self, account: str) -> Iterator[stripe.Event]:
        while listed := self._page(account):
            yield from listed

    def _page(self, account: str) -> list[stripe.Event]:
        params: Any = {"limit": 100}
        if account in self._newest:
            params["ending_before"] = self._newest[account]
        where: Any = {"stripe_account": account} if account else {}
        listed: list[stripe.Event] = self.sandbox.client.v1.events.list(params, where).data
        if listed:
            self._newest[account] = listed[0].id
        return listed

    def deliver(self, number: int, *, keep: bool) -> None:
        """One event arrives, perhaps not for the last time."""
        at = number % len(self.bag)
        path, event = self.bag[at]
        if not keep:
            self.bag.pop(at)
        assert post_event(event, path=path).status_code == 200

    def process(self) -> None:
        """Workers process what is due, in any order."""
        due = inbox.due_events(real_now=clock.real_now(), limit=500)
        random.shuffle(due)
        for event_id in due:
            inbox.process(event_id=event_id, now=clock.now())

    def process_together(self) -> None:
        """A sweeper processes what is due, many at a time."""
        many.sweep(limit=500, now=clock.now())

    def call(self) -> None:
        """Workers make what is due."""
        for call_id in outbox.due_calls(real_now=clock.real_now(), limit=100):
            outbox.deliver(call_id=call_id)
        self.assert_in_transit()

    def learn(self) -> None:
        """Import, settle, release."""
        with suppress(StripeUnavailableError):
            import_pages(now=clock.now())
        settle_due(now=clock.now())
        release_due(now=clock.now())
        stars.release_all_due(now=clock.now())

    def tend(self) -> None:
        """What is due by the clock: holds, cancelled rooms, evidence, warnings, months that Stripe is silent about."""
        now = clock.now()
        end_seat_holds(now=now)
        for room_id in cancelling.due_cancellations(now=now):
            cancelling.carry_on(room_id=room_id, now=now)
        answering.answer_due(now=now)
        warnings.decide_due(now=now)
        for subscription_id in catching_up.overdue(now=now, limit=100):
            catching_up.catch_up(subscription_id=subscription_id, now=now)

    def park(self) -> None:
        """Finance puts charges that match nothing into suspense."""
        for charge in suspense.unmatched_charges():
            with suppress(CannotMatchError):
                park_charge(balance_transaction_id=charge.id, now=clock.now())

    def catch_up(self) -> bool:
        """`stripe_catchup --since` as long ago as Stripe lists events: what never came is stored, if Stripe talks."""
        now = clock.now()
        with suppress(StripeUnavailableError):
            for source in catch_up.sources():
                for _ in catch_up.read_range(source=source, since=now - catch_up.KEPT_FOR, until=now, dry_run=False):
                    pass
            return True
        return False

    def later(self, **time: float) -> datetime:
        """The clock moves: what backs off is due, what a dead process held is free."""
        now = self.sandbox.advance(days=timedelta(**time) / timedelta(days=1))
        real = clock.real_now()
        StripeCall.objects.filter(state__in=OPEN_STATES).update(next_attempt_at=real, lease_until=None)
        StripeEvent.objects.filter(state__in=DUE_STATES).update(next_attempt_at=real)
        return now

    def forget_keys(self) -> None:
        """A day passes for idempotency keys, which age in real time, at Stripe and here."""
        self.sandbox.control("idempotency_keys/expire")
        sent = StripeCall.objects.filter(state=CallState.SENT)
        sent.update(first_sent_at=clock.real_now() - timedelta(hours=25))

    def assert_in_transit(self) -> None:
        """What is on its way to a payee is owed to them."""
        codes = [accounts.payable(payee.id, "in_transit") for payee in self.payees]
        assert all(amount_minor <= 0 for amount_minor in balances(accounts=codes).values())

    def heal(self) -> None:
        """Nothing fails any more: whatever was lost is found, whatever was given up is tried once more."""
        self.sandbox.control("faults", method="DELETE")
        self.bag.clear()
        for _ in range(ROUNDS_TO_HEAL):
            self.later(hours=12)
            self.catch_up()
            replay_selection(Selection(states=TROUBLED))
            self.process()
            self.call()
            self.park()
            self.learn()
            self.tend()
            if self._is_quiet():
                return
        raise AssertionError(f"never comes to rest: {self._unrest()}")

    def _is_quiet(self) -> bool:
        return not any(self._unrest().values())

    def _unrest(self) -> dict[str, list[Any]]:
        return {
            "calls": list(StripeCall.objects.filter(state__in=OPEN_STATES).values_list("operation", "error")),
            "events": list(
                StripeEvent.objects.exclude(state=EventState.DONE).values_list("type", "state", "last_error")
            ),
            "warnings": list(
                EarlyFraudWarning.objects.filter(decision=WarningDecision.WAITING).values_list("id", flat=True)
            ),
            "rooms": waiting_rooms(),
            "payouts": list(Payout.objects.filter(state__in=UNDERWAY).values_list("state", flat=True)),
            "movements": list(
                BalanceTransaction.objects.exclude(state=MirrorState.POSTED).values_list("type", "state", "note")
            ),
        }

    def verify(self) -> None:
        """The ledger is the sandbox's to the cent: the platform's balance by side, and every payee's account."""
        for currency in sorted(
            {"USD", *self.sandbox.balance(), *Sale.objects.values_list("settlement_currency", flat=True)}
        ):
            assert_books_agree(self.sandbox, currency)
        codes = {accounts.connected(payee.id): payee for payee in self.payees}
        ours = {key: amount for key, amount in balances(accounts=list(codes)).items() if amount}
        theirs = {
            (code, currency): sum(sides)
            for code, payee in codes.items()
            for currency, sides in self.sandbox.balance(payee.stripe_account_id).items()
            if sum(sides)
        }
        assert ours == theirs, (ours, theirs)
        self.assert_reconciled()
        self.assert_suspense_is_told()
        assert_doors_follow_the_money()
        assert_months_are_as_stripe_has_them(self.sandbox)
        refused = StripeCall.objects.filter(state=CallState.FAILED, error_code="parameter_unknown")
        assert not refused.exists()

    def assert_suspense_is_told(self) -> None:
        """The desk shows what the ledger holds in suspense, of every payment some, of none too much."""
        rows = suspense.parked(now=clock.now())
        assert all(row.left_minor > 0 for row in rows)
        told: Counter[str] = Counter()
        for row in rows:
            told[row.sale.settlement_currency] += row.left_minor
        assert dict(told) == suspense.in_ledger()

    def assert_reconciled(self) -> None:
        """Reconciliation finds nothing that differs, on either side, by movement or in total."""
        assert list(reconcile(now=clock.now(), grace=timedelta(0)).breaks) == []
        # It follows only what is committed, and this run never is: so the ledger's side is looked at here.
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM ledger_key")
            keys = [key for (key,) in cursor.fetchall()]
        assert findings.of_postings(moved_by(keys=keys, accounts=findings.SIDES)) == []
