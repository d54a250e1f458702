"""Cases from the field about news: lost with the process, forged, old, of another mode; and money that is not right.

Each is exact to the cent and proved against the sandbox's balance.
"""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from config import clock
from ledger.models import Transaction
from payouts.balance_transactions.operations import import_pages
from payouts.inbox import operations as inbox
from payouts.models import BalanceTransaction, EventState, MirrorState, Payee, Sale, SaleState, StripeEvent
from payouts.reconciliation.operations import reconcile
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.field.killing import dying_after
from tests.payouts.stripe_driver import Sandbox, Workers, post_event, sign

SOLD = [
    ("sale", "stripe:pending", 1000),
    ("sale", "payable:ada:pending", -911),
    ("sale", "revenue:platform_fee:ticket", -30),
    ("sale", "revenue:processing_recovered", -59),
    ("sale", "expense:processing", 59),
    ("sale", "stripe:pending", -59),
]


@pytest.fixture
def paid(shop: Shop, ada: Payee, sandbox: Sandbox) -> Sale:
    """A sale that Linus has just paid; nothing has been heard of it."""
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url) == 303
    return sale


def charge_event(sandbox: Sandbox) -> dict[str, Any]:
    """What Stripe tells of the charge."""
    return next(event for event in sandbox.events() if event["type"] == "charge.succeeded")


def test_crash_after_inbox_insert(paid: Sale, ada: Payee, sandbox: Sandbox) -> None:
    """The event is stored, its process dies before any of its statements: whoever sweeps next finds it as it was."""
    event = charge_event(sandbox)
    assert post_event(event).status_code == 200
    statements = 0
    while StripeEvent.objects.get(id=event["id"]).state == EventState.RECEIVED:
        assert Sale.objects.get(id=paid.id).state == SaleState.OPEN
        assert not Transaction.objects.exists()
        with dying_after(statements):
            inbox.process(event_id=event["id"], now=clock.now())
        statements += 1
    assert statements > 5
    stored = StripeEvent.objects.get(id=event["id"])
    assert (stored.state, stored.attempts) == (EventState.DONE, 1)
    import_pages(now=clock.now())
    assert entries_of(paid.ledger_subject, ada=ada.id) == SOLD
    assert sandbox.balance() == {"USD": (0, 941)}
    assert_all_is_booked(sandbox)


def signed_by_another(event: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(event).encode()
    return {"event": body, "signature": sign(body, secret="whsec_other")}


def changed_after_signing(event: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(event | {"id": "evt_other"}).encode()
    return {"event": body, "signature": sign(json.dumps(event).encode())}


def of_yesterday(event: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(event).encode()
    return {"event": body, "signature": sign(body, at_s=time.time() - 86_400)}


def of_live_mode(event: dict[str, Any]) -> dict[str, Any]:
    return {"event": event | {"livemode": True}}


@pytest.mark.parametrize("made", [signed_by_another, changed_after_signing, of_yesterday, of_live_mode])
def test_forged_expired_wrong_mode(paid: Sale, ada: Payee, sandbox: Sandbox, workers: Workers, made: Any) -> None:
    """Refused at the door, stored nowhere, and it does not keep the true one out."""
    request = made(charge_event(sandbox))
    assert post_event(**request).status_code == 400
    assert not StripeEvent.objects.filter(type="charge.succeeded").exists()
    workers.process()
    assert Sale.objects.get(id=paid.id).state == SaleState.OPEN
    assert not Transaction.objects.exists()
    workers.turn()
    assert entries_of(paid.ledger_subject, ada=ada.id) == SOLD
    assert sandbox.balance() == {"USD": (0, 941)}
    assert_all_is_booked(sandbox)


@pytest.mark.parametrize(
    "change", [{"charge_minor": 1001}, {"charge_minor": 100_000}, {"currency": "EUR"}],
    ids=["wrong_amount", "wrong_amount_far", "wrong_currency"],
)  # fmt: skip
def test_wrong_amount_wrong_currency(
    paid: Sale, ada: Payee, sandbox: Sandbox, workers: Workers, change: dict[str, Any]
) -> None:
    """What was paid is not what was asked: no access, no share; finance sees the event and the money by its cent."""
    Sale.objects.filter(id=paid.id).update(**change)
    workers.turn()
    assert Sale.objects.get(id=paid.id).state == SaleState.OPEN
    assert StripeEvent.objects.get(type="charge.succeeded").state == EventState.QUARANTINED
    assert BalanceTransaction.objects.get().state == MirrorState.MISMATCH
    assert not Transaction.objects.exists()
    report = reconcile(now=clock.now(), grace=timedelta(0))
    assert [(each.amount_minor, each.currency) for each in report.breaks] == [(941, "USD")]
    assert [total.unexplained_minor for total in report.totals] == [0]
    assert sandbox.balance() == {"USD": (0, 941)}
