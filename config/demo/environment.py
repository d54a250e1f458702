"""The environment of the demo's processes, and `.data/demo.env`, which lets `manage.py` talk to the running demo."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from honcho.environ import parse

from config.demo.errors import DemoError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MARK = "OBOLE_DEMO_OF"  # carried by every process that the supervisor starts; names the data folder
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


@dataclass(frozen=True)
class Options:
    """What the shell said: where data lies, which ports, which services are not ours to start."""

    data_dir: Path
    web_port: int
    sandbox_port: int
    relay_port: int
    relay_udp_port: int
    given: Mapping[str, str]

    @classmethod
    def read(cls, env: Mapping[str, str] = os.environ) -> "Options":
        """From environment variables. Raises DemoError in one line."""
        given = {name: env[name] for name in SERVICES if env.get(name)}
        if given and len(given) < len(SERVICES):
            missing = ", ".join(name for name in SERVICES if name not in given)
            raise DemoError(
                f"{', '.join(given)} is set without {missing}: set all three, or none for embedded services"
            )
        return cls(
            data_dir=Path(env.get("DATA_DIR") or REPOSITORY / ".data").expanduser().resolve(),
            web_port=_port(env, "WEB_PORT", 8000),
            sandbox_port=_port(env, "SANDBOX_PORT", 8010),
            relay_port=_port(env, "RELAY_HTTP_PORT", 8030),
            relay_udp_port=_port(env, "RELAY_UDP_PORT", 8031),
            given=given,
        )

    @property
    def embedded(self) -> bool:
        """Whether PostgreSQL and Valkey are ours to start."""
        return not self.given

    @property
    def public_url(self) -> str:
        """Where people find the site."""
        return os.environ.get("PUBLIC_URL") or f"http://127.0.0.1:{self.web_port}"

    @property
    def web_url(self) -> str:
        """Where this machine finds the site."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the Stripe sandbox answers."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def relay_url(self) -> str:
        """Where this machine finds the live-audio relay."""
        return f"http://127.0.0.1:{self.relay_port}"

    @property
    def env_file(self) -> Path:
        """Where the environment is written for `manage.py`."""
        return self.data_dir / "demo.env"


def build(options: Options, services: Mapping[str, str]) -> dict[str, str]:
    """Every variable that Obole reads, for the demo. Secrets are made once and kept in `demo.env`."""
    kept = parse(options.env_file.read_text()) if options.env_file.exists() else {}
    webhook_secret = kept.get("SANDBOX_WEBHOOK_SECRET") or f"whsec_{secrets.token_hex(16)}"
    hosts = {"127.0.0.1", "localhost", urlsplit(options.public_url).hostname or "127.0.0.1"}
    defaults = {"EMAIL_URL": "file:", "DEBUG": "false", "SWEEP_EVERY_S": "2", "SANDBOX_CLOCK_START": "-28d"}
    return {
        **{name: os.environ.get(name, value) for name, value in defaults.items()},
        **services,
        "OBOLE_ENV": "development",
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_hex(32),
        "PUBLIC_URL": options.public_url,
        "ALLOWED_HOSTS": ",".join(sorted(hosts)),
        "DATA_DIR": str(options.data_dir),
        "WEB_PORT": str(options.web_port),
        "LOG_FORMAT": "console",
        "STRIPE_SECRET_KEY": "sk_test_obole_demo",
        "STRIPE_API_BASE": options.sandbox_url,
        "STRIPE_WEBHOOK_SECRETS": webhook_secret,
        "STRIPE_LIVEMODE": "false",
        "CLOCK_URL": f"{options.sandbox_url}/_sandbox/clock",
        **_relay(options, kept),
        "SANDBOX_PORT": str(options.sandbox_port),
        "SANDBOX_DATA": str(options.data_dir / "sandbox.sqlite3"),
        "SANDBOX_PUBLIC_URL": options.sandbox_url,
        "SANDBOX_FORWARD_TO": f"{options.web_url}/webhooks/stripe/",
        "SANDBOX_FORWARD_V2_TO": f"{options.web_url}/webhooks/stripe/v2/",
        "SANDBOX_WEBHOOK_SECRET": webhook_secret,
    }


def _relay(options: Options, kept: Mapping[str, str]) -> dict[str, str]:
    """Live audio on this machine alone, unless the shell names addresses that others reach."""
    sites = {options.public_url, options.web_url, f"http://localhost:{options.web_port}"}
    return {
        "RELAY_URL": os.environ.get("RELAY_URL") or options.relay_url,
        "RELAY_GRANT_KEY": kept.get("RELAY_GRANT_KEY") or secrets.token_hex(32),
        "RELAY_PUBLIC_IP": os.environ.get("RELAY_PUBLIC_IP") or "127.0.0.1",
        "RELAY_BIND_IP": os.environ.get("RELAY_BIND_IP") or "127.0.0.1",
        "RELAY_HTTP_PORT": str(options.relay_port),
        "RELAY_UDP_PORT": str(options.relay_udp_port),
        "RELAY_SITE_ORIGINS": ",".join(sorted(sites)),
    }


def write(options: Options, variables: Mapping[str, str]) -> None:
    """Put `variables` into `demo.env`, readable by its owner alone."""
    lines = [f"{name}='{value}'\n" for name, value in sorted(variables.items())]
    options.env_file.touch(mode=0o600)
    options.env_file.chmod(0o600)
    options.env_file.write_text(
        "# Written by `make demo`; read by manage.py when DATABASE_URL is not set.\n" + "".join(lines)
    )


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise DemoError(f"{name} is {text!r}: set it to a port number from 1 to 65535")
    return int(text)
