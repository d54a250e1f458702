"""The sandbox on a random port, the SDK pointed at it, and a receiver of its webhooks."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import stripe
import uvicorn

from payouts.sandbox.app import build
from payouts.sandbox.settings import Knobs, Settings

DAY_S = 86_400
SECRET = "whsec_test"
CARD = "4242424242424242"


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait for something, and say what did not happen."""
    deadline = time.monotonic() + 20
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"Never happened: {what}")
        time.sleep(0.01)


@dataclass
class Received:
    """One webhook as it came in."""

    path: str
    body: str
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        """The body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Receiver:
    """A web server that remembers what it gets and answers as told."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.received.append(Received(self.path, body, self.headers["stripe-signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def types(self, path: str = "/v1") -> list[str]:
        """The types of the events that came to an address, in order."""
        return [each.event["type"] for each in self.received if each.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_args: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Local:
    """A running sandbox with a client, in a thread of this process."""

    def __init__(self, data: Path, *, receiver: Receiver | None = None, **knobs: Any) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.settings = Settings(
            data=str(data),
            public_url=self.url,
            forward_to=(f"{receiver.url}/v1",) if receiver else (),
            forward_v2_to=(f"{receiver.url}/v2",) if receiver else (),
            webhook_secret=SECRET,
            knobs=Knobs(**({"retry_base_s": 0.05} | knobs)),
        )
        self._server = uvicorn.Server(uvicorn.Config(build(self.settings), log_level="error"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.client = stripe.StripeClient(
            "sk_test_local", base_addresses={"api": self.url}, max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=10),
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started, "the sandbox starts")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.http.close()
        self._socket.close()

    def now(self) -> int:
        """The sandbox's time."""
        return int(self.control("clock")["now"])

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.control("clock", advance_s=seconds)

    def control(self, path: str, **body: Any) -> Any:
        """Call /_sandbox/<path>: GET without a body, POST with one."""
        answer = self.http.post(f"/_sandbox/{path}", json=body) if body else self.http.get(f"/_sandbox/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, pattern: str = "*", *, count: int = 1, seconds: float = 0) -> None:
        """Switch a fault on."""
        self.control("faults", kind=kind, pattern=pattern, count=count, seconds=seconds)

    def session(self, amount: int = 1000, currency: str = "usd", **more: Any) -> stripe.checkout.Session:
        """A Checkout Session of one ticket."""
        line = {"price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": "Ticket"}}}
        params: Any = {
            "mode": "payment",
            "success_url": "http://obole.test/paid?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://obole.test/back",
            "customer_email": "linus@example.org",
            "line_items": [line],
        } | more
        return self.client.v1.checkout.sessions.create(params)

    def pay(self, session: stripe.checkout.Session, number: str = CARD, **fields: str) -> httpx.Response:
        """Send the card form of the hosted page."""
        form = {"number": number, "exp": "12/34", "cvc": "123", "name": "Linus Listener"} | fields
        return self.http.post(f"/c/pay/{session.id}", data=form)

    def buy(self, amount: int = 1000, currency: str = "usd", *, number: str = CARD, **more: Any) -> stripe.Charge:
        """A paid session's charge, with its balance transaction expanded."""
        session = self.session(amount, currency, **more)
        assert self.pay(session, number).status_code == 303
        paid = self.client.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
        )
        intent = paid.payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        assert isinstance(intent.latest_charge, stripe.Charge)
        return intent.latest_charge

    def payee(self, country: str = "us", **form: str) -> str:
        """The id of an onboarded account."""
        account = self.client.v2.core.accounts.create(
            {
                "contact_email": "ada@example.org",
                "display_name": "Ada Lovelace",
                "dashboard": "express",
                "identity": {"country": country},
                "configuration": {
                    "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
                },
            }
        )
        link = self.client.v2.core.account_links.create(
            {
                "account": account.id,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {
                        "refresh_url": "http://obole.test/again",
                        "return_url": "http://obole.test/done",
                    },
                },
            }
        )
        assert self.http.post(link.url, data=form).headers["location"] == "http://obole.test/done"
        return account.id

    def balance(self, account: str = "") -> tuple[int, int]:
        """Available and pending USD, after checking that they sum the balance transactions."""
        options: stripe.RequestOptions = {"stripe_account": account} if account else {}
        balance = self.client.v1.balance.retrieve(None, options)
        available = sum(part.amount for part in balance.available if part.currency == "usd")
        pending = sum(part.amount for part in balance.pending if part.currency == "usd")
        entries = self.client.v1.balance_transactions.list({"limit": 100, "currency": "usd"}, options)
        assert available + pending == sum(entry.net for entry in entries.auto_paging_iter())
        return available, pending

    def quiet(self) -> None:
        """Wait until nothing is left to deliver."""
        wait_until(lambda: self.control("deliveries")["pending"] == 0, "every event is delivered")
