"""The drain of the webhook benchmark: an inbox full of paid sales, and how fast a worker takes them to the ledger.

One sale is really bought at the sandbox; the others are copies of its objects and events under ids of their own,
written into the sandbox's file and the inbox, so that setting up costs seconds and not minutes.
"""

import json
import os
import sqlite3
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.databases import Database
from tests.processes import Program, answers, free_port, wait_until

SALES = int(os.environ.get("SALES", "600"))
EVENTS = ("checkout.session.completed", "charge.succeeded")
KINDS = ("charge", "balance_transaction")
WITHIN_S = 120.0


def measure(fresh: Database, *, rounds: int) -> list[float]:
    """Sales a second, each round with sales of its own."""
    return [_round(fresh) for _ in range(rounds)]


def _round(fresh: Database) -> float:
    from payouts.models import ImportCursor, Sale, SaleState  # noqa: PLC0415 (settings exist only now)

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "sandbox.sqlite3"
        _purge()
        ImportCursor.objects.all().delete()
        sales = _fill(data)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        sandbox = Program(
            "sandbox", "-m", "payouts.sandbox",
            environment={"SANDBOX_PORT": str(port), "SANDBOX_DATA": str(data), "SANDBOX_PUBLIC_URL": url},
        )  # fmt: skip
        environment = fresh.environment(
            OBOLE_ENV="development",
            STRIPE_API_BASE=url,
            CLOCK_URL=f"{url}/_sandbox/clock",
            LOG_LEVEL="WARNING",
            DATA_DIR=folder,
        )
        worker = Program("worker", "-m", "celery", "-A", "config", "worker", "--concurrency", "2",
                         "--without-gossip", "--without-mingle", environment=environment)  # fmt: skip
        with sandbox, worker:
            sandbox.wait_until(lambda: answers(f"{url}/_sandbox/health"), what="the sandbox answers")
            _wait_for(worker)
            left = Sale.objects.filter(id__in=sales).exclude(state=SaleState.POSTED)
            assert left.count() == len(sales), "something was drained before the clock ran"
            began_at = time.perf_counter()
            _wake()
            wait_until(lambda: _drained(left), what="every sale is in the ledger", within_s=WITHIN_S)
            return len(sales) / (time.perf_counter() - began_at)


def _purge() -> None:
    """Wake-ups that an earlier round left would drain this one before its clock runs."""
    from celery import current_app  # noqa: PLC0415

    current_app.control.purge()


def _drained(left: Any) -> bool:
    """The beat's ticks, while somebody looks."""
    if not left.exists():
        return True
    _wake()
    return False


def _wake() -> None:
    from celery import current_app  # noqa: PLC0415

    for task in ("payouts.tasks.sweep_inbox", "payouts.tasks.import_balance_transactions"):
        current_app.send_task(task, kwargs={}, ignore_result=True, expires=1)


def _wait_for(worker: Program) -> None:
    from payouts.models import Heartbeat  # noqa: PLC0415
    from celery import current_app  # noqa: PLC0415  # isort: skip

    Heartbeat.objects.all().delete()
    current_app.send_task("payouts.tasks.heartbeat", kwargs={}, ignore_result=True)
    worker.wait_until(Heartbeat.objects.exists, what="the worker answers")


def _fill(data: Path) -> list[uuid.UUID]:
    """Sales here, charges and balance transactions at the sandbox, events in the inbox."""
    from django.conf import settings  # noqa: PLC0415

    from config import clock  # noqa: PLC0415
    from payouts.models import Payee, Sale, StripeCall, TransfersState  # noqa: PLC0415
    from tests.payouts.sandbox.local import Local  # noqa: PLC0415  # isort: skip

    now = clock.real_now()
    payees = [
        Payee.objects.create(
            display_name=f"Payee {number}", email="payee@example.org", country="US", created_at=now, updated_at=now,
            stripe_account_id=f"acct_{uuid.uuid4().hex[:16]}", transfers_state=TransfersState.ACTIVE,
        )
        for number in range(50)
    ]  # fmt: skip
    with Local(data) as local:
        settings.STRIPE_API_BASE = local.url
        first = _open(payees[0], now)
        assert local.http.post(first.checkout_url.removeprefix(local.url), data=CARD).status_code == 303
        listed = [event.to_dict() for event in local.client.v1.events.list({"limit": 100}).data]
    events = [event for event in listed if event["type"] in EVENTS]
    first.refresh_from_db()
    sales = [first, *(_open(payees[number % len(payees)], now, send=False) for number in range(1, SALES))]
    StripeCall.objects.filter(subject__in=[sale.ledger_subject for sale in sales[1:]]).delete()
    _hold_seats(sales, now)
    _copy(data, events, [str(sale.id) for sale in sales])
    return [sale.id for sale in Sale.objects.filter(id__in=[sale.id for sale in sales])]


def _hold_seats(sales: list[Any], now: Any) -> None:
    """A listener and a held ticket for each sale, so that being paid is what it is on the site."""
    from rooms.models import Creator, Ticket, User  # noqa: PLC0415
    from tests.rooms import cast  # noqa: PLC0415  # isort: skip

    host = Creator.objects.first() or cast.creator("Ada")
    starts_at = now + timedelta(days=7)
    room = cast.room(
        host, title=str(uuid.uuid4()), starts_at=starts_at, ends_at=starts_at + timedelta(hours=1),
        capacity=len(sales), now=now,
    )  # fmt: skip
    listeners = User.objects.bulk_create(
        User(email=f"{uuid.uuid4()}@example.org", display_name="Linus") for _ in sales
    )
    tickets = [
        Ticket(room=room, seat=seat, buyer=buyer, sale=sale, held_at=now, held_until=now + timedelta(minutes=15))
        for seat, buyer, sale in zip(room.seats.order_by("number"), listeners, sales, strict=True)
    ]
    room.seats.update(taken=True)
    Ticket.objects.bulk_create(tickets)


CARD = {"number": "4242424242424242", "exp": "12/34", "cvc": "123", "name": "Linus", "email": "linus@example.org"}


def _open(payee: Any, now: Any, *, send: bool = True) -> Any:
    from payouts.sales.operations import open_sale, start_checkout  # noqa: PLC0415
    from payouts.sales.shares import ShareSpec  # noqa: PLC0415

    sale = open_sale(
        product="ticket", subject=f"ticket:{uuid.uuid4()}", title="A ticket", buyer_id=None,
        buyer_email="linus@example.org", price_minor=1000, currency="USD",
        shares=[ShareSpec(payee_id=payee.id, weight=1)], policy_slug="obole-standard",
        hold_until=now + timedelta(days=3), seat_hold_until=now + timedelta(minutes=15),
        return_url="http://testserver/", cancel_url="http://testserver/", now=now,
    )  # fmt: skip
    return start_checkout(sale_id=sale.id) if send else sale


def _copy(data: Path, events: list[dict[str, Any]], sale_ids: list[str]) -> None:
    """The first sale's objects for every other one, and the events of all of them, under ids of their own."""
    store = sqlite3.connect(data)
    marks = ",".join("?" * len(KINDS))
    rows = store.execute(
        f"SELECT id, kind, account, created, body, hidden FROM objects WHERE kind IN ({marks})",  # noqa: S608
        KINDS,
    ).fetchall()
    session = next(event for event in events if event["type"] == EVENTS[0])["data"]["object"]
    own = [row[0] for row in rows] + [event["id"] for event in events] + [session["id"], session["payment_intent"]]
    for number, sale_id in enumerate(sale_ids):
        names = {name: f"{name}{number}" for name in own} | {sale_ids[0]: sale_id}
        if number:
            copies = [tuple(_named(str(value), names) for value in row) for row in rows]
            store.executemany(
                "INSERT INTO objects (id, kind, account, created, body, hidden) VALUES (?, ?, ?, ?, ?, ?)", copies
            )
        _receive([json.loads(_named(json.dumps(event), names if number else {})) for event in events])
    store.commit()
    store.close()


def _named(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def _receive(events: list[dict[str, Any]]) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from payouts.inbox.incoming import IncomingEvent  # noqa: PLC0415
    from payouts.inbox.operations import receive  # noqa: PLC0415  # isort: skip

    for event in events:
        receive(
            event=IncomingEvent(
                id=event["id"], kind="snapshot", type=event["type"], object_id=event["data"]["object"]["id"],
                account="", api_version=event["api_version"], livemode=False,
                created_at=datetime.fromtimestamp(event["created"], UTC), raw=json.dumps(event).encode(),
            )
        )  # fmt: skip
