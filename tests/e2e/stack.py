"""All of Obole, as `make demo` runs it but on free ports and a database of the test's own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import Program, answers, free_port

WEBHOOK_SECRET = "whsec_end_to_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Addresses of a running Obole, its sandbox and its relay."""

    site: str
    sandbox: str
    relay: str
    database_url: str
    environment: Mapping[str, str]
    programs: Sequence[Program]


def _environment(
    *, site_port: int, sandbox_port: int, relay_port: int, database_url: str, redis_url: str, data: Path
) -> dict[str, str]:
    site, sandbox = f"http://127.0.0.1:{site_port}", f"http://127.0.0.1:{sandbox_port}"
    return {
        "OBOLE_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "end-to-end",
        "PUBLIC_URL": site,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(data),
        "STRIPE_SECRET_KEY": "sk_test_end_to_end",
        "STRIPE_API_BASE": sandbox,
        "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "CLOCK_URL": f"{sandbox}/_sandbox/clock",
        "EMAIL_VERIFICATION": "optional",
        "EMAIL_URL": "dummy:",
        "SWEEP_EVERY_S": "1",
        "RELAY_URL": f"http://127.0.0.1:{relay_port}",
        "RELAY_GRANT_KEY": "end-to-end-0b01e-0b01e-0b01e-0b01e",
        "RELAY_PUBLIC_IP": "127.0.0.1",
        "RELAY_BIND_IP": "127.0.0.1",
        "RELAY_UDP_PORT": str(free_port()),
        "RELAY_HTTP_PORT": str(relay_port),
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_DATA": str(data / "sandbox.sqlite3"),
        "SANDBOX_PUBLIC_URL": sandbox,
        "SANDBOX_FORWARD_TO": f"{site}/webhooks/stripe/",
        "SANDBOX_FORWARD_V2_TO": f"{site}/webhooks/stripe/v2/",
        "SANDBOX_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


@contextmanager
def running(*, database_url: str, redis_url: str, data: Path) -> Iterator[Stack]:
    """Start sandbox, relay, web, worker and beat; wait until `/readyz` says that all is well; stop them at the end."""
    site_port, sandbox_port, relay_port = free_port(), free_port(), free_port()
    environment = _environment(
        site_port=site_port,
        sandbox_port=sandbox_port,
        relay_port=relay_port,
        database_url=database_url,
        redis_url=redis_url,
        data=data,
    )
    with ExitStack() as ending:
        programs: list[Program] = []

        def start(name: str, *arguments: str) -> Program:
            programs.append(ending.enter_context(Program(name, *arguments, environment=environment)))
            return programs[-1]

        sandbox = start("sandbox", "-m", "payouts.sandbox")
        sandbox_url, site_url = environment["STRIPE_API_BASE"], environment["PUBLIC_URL"]
        sandbox.wait_until(lambda: answers(f"{sandbox_url}/_sandbox/health"), what="health")
        relay = start("relay", "-m", "rooms.relay")
        relay.wait_until(lambda: answers(f"{environment['RELAY_URL']}/healthz"), what="/healthz")
        web = start("web", "-m", "uvicorn", "config.asgi:application", "--port", str(site_port))
        start("worker", "-m", "celery", "-A", "config", "worker", "--concurrency", "2")
        start("beat", "-m", "celery", "-A", "config", "beat")
        web.wait_until(lambda: answers(f"{site_url}/readyz"), what="/readyz")
        yield Stack(
            site=site_url,
            sandbox=sandbox_url,
            relay=environment["RELAY_URL"],
            database_url=database_url,
            environment=environment,
            programs=programs,
        )
