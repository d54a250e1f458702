"""The sandbox as tests drive it, and Obole's workers as tests turn them: by hand, one step at a time."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import stripe
from django.test import Client
from stripe import WebhookSignature

from config import clock
from ledger import accounts
from ledger.queries import balances
from payouts.balance_transactions.operations import import_pages
from payouts.inbox import operations as inbox
from payouts.models import StripeCircuit
from payouts.outbox import operations as outbox
from tests.processes import Program, answers, free_port

SECRET = "whsec_test"
PAYS = "4242424242424242"
DECLINED = "4000000000000002"
DAY_S = 86_400


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **names: Any) -> None:
        return None


def form(url: str, **values: str) -> int:
    """Send a form of one of the hosted pages; the status that it answers, redirects not followed."""
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(url, urllib.parse.urlencode(values).encode()) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


class Sandbox:
    """One running sandbox, with a store of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = stripe.StripeClient("sk_test_driver", base_addresses={"api": url}, max_network_retries=0)

    def control(self, path: str, method: str = "POST", **body: Any) -> dict[str, Any]:
        """Call one of the sandbox's own addresses."""
        request = urllib.request.Request(  # noqa: S310 (loopback, http)
            f"{self.url}/_sandbox/{path}",
            data=json.dumps(body).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found

    def fault(self, kind: str, pattern: str, *, count: int = 1, seconds: float = 0.0) -> None:
        """Something goes wrong with the next calls that match."""
        self.control("faults", kind=kind, pattern=pattern, count=count, seconds=seconds)

    def advance(self, *, days: float) -> datetime:
        """Move the sandbox's clock, and Obole's with it; what falls due in between happens."""
        self.control("clock", advance_s=days * DAY_S)
        return clock.now(fresh=True)

    def pay(self, checkout_url: str, *, number: str = PAYS) -> int:
        """Type a card into the hosted page: 303 when it was charged, 402 when it was declined."""
        return form(checkout_url, number=number, exp="12/34", cvc="123", name="Linus", email="linus@example.org")

    def onboard(self, url: str, **values: str) -> int:
        """Fill in the onboarding form."""
        return form(url, given_name="Ada", surname="Lovelace", **values)

    def balance(self, account: str = "") -> dict[str, tuple[int, int]]:
        """(available, pending) of an account by currency, without currencies that hold nothing."""
        found = self.client.v1.balance.retrieve({}, {"stripe_account": account} if account else {})
        held = {part.currency.upper(): part.amount for part in found.available}
        coming = {part.currency.upper(): part.amount for part in found.pending}
        both = {code: (held.get(code, 0), coming.get(code, 0)) for code in held.keys() | coming.keys()}
        return {code: amounts for code, amounts in both.items() if amounts != (0, 0)}

    def events(self) -> list[dict[str, Any]]:
        """Every snapshot event so far, of the platform and of connected accounts, oldest first."""
        return self.events_after({})

    def events_after(self, last: dict[str, str]) -> list[dict[str, Any]]:
        """Those after the last one of each account, by account id ("" is the platform); moves `last` on."""
        found: list[dict[str, Any]] = []
        for account in ["", *(account.id for account in self.client.v2.core.accounts.list().data)]:
            new = self._events_of(account, last.get(account))
            if new:
                last[account] = str(new[-1]["id"])
            found += new
        return sorted(found, key=lambda event: int(event["created"]))

    def _events_of(self, account: str, last: str | None) -> list[dict[str, Any]]:
        place: stripe.RequestOptions = {"stripe_account": account} if account else {}
        if last is None:
            listed = self.client.v1.events.list({"limit": 100}, place)
            return [event.to_dict(for_json=True) for event in listed.auto_paging_iter()][::-1]
        # Backwards through pages, the SDK gives the oldest first.
        newer = self.client.v1.events.list({"limit": 100, "ending_before": last}, place)
        return [event.to_dict(for_json=True) for event in newer.auto_paging_iter()]

    def thin_events(self) -> list[dict[str, Any]]:
        """Every thin event so far, oldest first, as it is sent: without its data."""
        listed = self.client.v2.core.events.list({"limit": 100}).data[::-1]
        return [{k: v for k, v in event.to_dict().items() if k not in {"data", "changes"}} for event in listed]


def sign(body: bytes, *, secret: str = SECRET, at_s: float | None = None) -> str:
    """A Stripe-Signature header."""
    stamp = int(time.time() if at_s is None else at_s)
    return str(WebhookSignature.generate_signature_header(body.decode(), secret, stamp))


def post_event(event: dict[str, Any] | bytes, *, path: str = "/webhooks/stripe/", signature: str | None = None) -> Any:
    """Send an event to our endpoint as Stripe does; the answer."""
    body = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
    return Client().generic(
        "POST",
        path,
        body,
        content_type="application/json",
        headers={"Stripe-Signature": sign(body) if signature is None else signature},
    )


class Workers:
    """The worker processes, turned by hand."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._sent: set[str] = set()
        self._last: dict[str, str] = {}
        self._waiting: list[dict[str, Any]] = []

    def hear(self, *types: str) -> list[str]:
        """Let new events in, of these types (all, if none is named), and process what is due; the event ids."""
        known = self._waiting + self.sandbox.events_after(self._last)
        new = [event for event in known if self._is_new(event, types)]
        self._waiting = [event for event in known if event["id"] not in self._sent]
        for event in new:
            assert post_event(event).status_code == 200
        for event in self.sandbox.thin_events():
            if self._is_new(event, types):
                assert post_event(event, path="/webhooks/stripe/v2/").status_code == 200
        self.process()
        return [event["id"] for event in new]

    def _is_new(self, event: dict[str, Any], types: tuple[str, ...]) -> bool:
        if event["id"] in self._sent or (types and event["type"] not in types):
            return False
        self._sent.add(event["id"])
        return True

    def process(self) -> None:
        """Process every due event."""
        for event_id in inbox.due_events(real_now=clock.real_now(), limit=500):
            inbox.process(event_id=event_id, now=clock.now())

    def call(self) -> None:
        """Make every due call, and those that follow from it."""
        while due := outbox.due_calls(real_now=clock.real_now(), limit=100):
            # Time passes: with Stripe silent until a moment ago, the first of these is the probe.
            StripeCircuit.objects.filter(open_until__isnull=False).update(open_until=clock.real_now())
            for call_id in due:
                outbox.deliver(call_id=call_id)

    def turn(self) -> None:
        """Calls, events and balance transactions until nothing is left to do."""
        self.call()
        self.hear()
        self.call()
        self.hear()
        import_pages(now=clock.now())


def ledger_of_stripe(currency: str = "USD") -> tuple[int, int]:
    """(available, pending) of the platform's Stripe balance, as the ledger has it."""
    found = balances(accounts=[accounts.STRIPE_AVAILABLE, accounts.STRIPE_PENDING])
    return (
        found.get((accounts.STRIPE_AVAILABLE, currency), 0),
        found.get((accounts.STRIPE_PENDING, currency), 0),
    )


@contextmanager
def running_sandbox(folder: Path, **environment: str) -> Iterator[Sandbox]:
    """Start a sandbox on a free port; stop it afterwards."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    wanted = {
        "SANDBOX_PORT": str(port),
        "SANDBOX_DATA": str(folder / "sandbox.sqlite3"),
        "SANDBOX_PUBLIC_URL": url,
        "SANDBOX_WEBHOOK_SECRET": SECRET,
        **environment,
    }
    with Program("sandbox", "-m", "payouts.sandbox", environment=wanted) as program:
        program.wait_until(lambda: answers(f"{url}/_sandbox/health"), what="answers")
        yield Sandbox(url)
