"""The program itself: refuses live keys, survives kill -9, remembers its clock, imports nothing of Obole."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import stripe

from payouts.sandbox.core import Sandbox
from payouts.sandbox.settings import Settings
from tests.payouts.sandbox.local import SECRET, Receiver, wait_until

ROOT = Path(__file__).parents[3]


class Program:
    """`python -m payouts.sandbox` as a process."""

    def __init__(self, data: Path, receiver: Receiver) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "PATH": os.environ["PATH"],
            "SANDBOX_PORT": str(self.port),
            "SANDBOX_DATA": str(data),
            "SANDBOX_FORWARD_TO": f"{receiver.url}/v1",
            "SANDBOX_WEBHOOK_SECRET": SECRET,
            "SANDBOX_CLOCK_START": "-28d",
            "SANDBOX_RETRY_BASE_S": "0.1",
        }
        self.client = stripe.StripeClient("sk_test_x", base_addresses={"api": self.url}, max_network_retries=0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen([sys.executable, "-m", "payouts.sandbox"], env=self.env, cwd=ROOT)
        wait_until(self._healthy, "the program answers")

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/_sandbox/health", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def control(self, path: str) -> dict[str, float]:
        """GET /_sandbox/<path>."""
        found: dict[str, float] = httpx.get(f"{self.url}/_sandbox/{path}", trust_env=False).json()
        return found


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    program = Program(tmp_path / "sandbox.sqlite3", receiver)
    receiver.answers = [500] * 1000
    program.start()
    try:
        session = program.client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "success_url": "http://obole.test/paid",
                "customer_email": "linus@example.org",
                "line_items": [
                    {"price_data": {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "T"}}}
                ],
            },
            {"idempotency_key": "k1"},
        )
        card = {"number": "4242424242424242", "exp": "12/34", "cvc": "123"}
        assert httpx.post(session.url or "", data=card, trust_env=False).status_code == 303
        wait_until(lambda: len(receiver.received) > 0, "a delivery is tried")
        clock = program.control("clock")
        program.kill()
        receiver.answers = []
        told = len(receiver.received)
        program.start()
        wait_until(lambda: program.control("deliveries")["pending"] == 0, "deliveries continue")
        assert sorted(set(receiver.types()[told:])) == [
            "charge.succeeded",
            "charge.updated",
            "checkout.session.completed",
            "payment_intent.created",
            "payment_intent.succeeded",
        ]
        assert program.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert [entry.net for entry in program.client.v1.balance_transactions.list().data] == [941]
        assert program.control("clock")["offset_s"] == clock["offset_s"] == -28 * 86_400
    finally:
        program.kill()


@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "STRIPE_API_KEY"])
def test_it_does_not_start_beside_a_live_key(tmp_path: Path, receiver: Receiver, name: str) -> None:
    env = Program(tmp_path / "sandbox.sqlite3", receiver).env | {name: "sk_live_123"}
    refused = subprocess.run(
        [sys.executable, "-m", "payouts.sandbox"], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert f"{name} holds a live Stripe key" in refused.stderr
    assert "sk_live_123" not in refused.stderr
    assert not (tmp_path / "sandbox.sqlite3").exists()


def test_it_imports_nothing_of_obole_and_no_django() -> None:
    program = (
        "import sys, payouts.sandbox.__main__\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('django', 'ledger', 'rooms', 'config')\n"
        "       or n.startswith('payouts.') and not n.startswith('payouts.sandbox')])"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_killed_while_the_clock_moves_it_does_not_fall_behind(tmp_path: Path) -> None:
    data = tmp_path / "sandbox.sqlite3"
    killed = (
        "import os, sys\n"
        "from payouts.sandbox import clock, settings\n"
        "from payouts.sandbox.core import Sandbox\n"
        "clock.timer('note')(lambda s, subject: s.store.set_meta(subject, str(s.clock.now_s())))\n"
        "clock.timer('kill')(lambda s, subject: os.kill(os.getpid(), 9))\n"
        "sandbox = Sandbox(settings.Settings(data=sys.argv[1]))\n"
        "sandbox.clock.schedule(sandbox.clock.now_s() + 86400, 'note', 'noted')\n"
        "sandbox.clock.schedule(sandbox.clock.now_s() + 172800, 'kill', 'x')\n"
        "sandbox.clock.move_to(sandbox.clock.now_s() + 864000)\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(data)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    sandbox = Sandbox(Settings(data=str(data)))
    assert sandbox.clock.now_s() >= float(sandbox.store.meta("noted") or "inf")
    assert [row["kind"] for row in sandbox.store.rows("SELECT kind FROM timers")] == ["kill"]
    sandbox.store.close()
