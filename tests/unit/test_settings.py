"""Settings: each missing secret is refused aloud, and .env.example explains exactly what is read."""

import ast
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.environment import REPOSITORY

COMPLETE = {
    "OBOLE_ENV": "production",
    "SECRET_KEY": "0b01e-only-for-this-test-5Zt8Qw2xLr7Vn4Kp9Ty3Hb6Md1Fs",
    "PUBLIC_URL": "https://obole.example",
    "ALLOWED_HOSTS": "obole.example",
    "DATABASE_URL": "postgresql://obole_web@db/obole",
    "REDIS_URL": "redis://valkey/0",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": "whsec_x",
    "STRIPE_LIVEMODE": "true",
}
REQUIRED = sorted(set(COMPLETE) - {"OBOLE_ENV", "STRIPE_LIVEMODE"})
# Set by the relay for its own workers.
RELAY_INTERNAL = {"RELAY_WORKER"}
# Read by others than the settings: compose.yaml's own.
COMPOSE_ALONE = {"POSTGRES_PASSWORD", "OBOLE_OWNER_PASSWORD", "OBOLE_WEB_PASSWORD", "WEB_PORT"}
LOAD = """
import json, runpy, sys
try:
    settings = runpy.run_path("config/settings.py")
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
else:
    print(json.dumps({name: settings[name] for name in sys.argv[1:]}, default=str))
"""


def load(environment: dict[str, str], *names: str) -> dict[str, object]:
    """Load the settings in a process of its own; the values of `names`, or the error."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *names], cwd=REPOSITORY, env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def names_read() -> set[str]:
    """Every variable that the settings of the site and of the relay ask for."""
    files = (REPOSITORY / "config" / "settings.py", REPOSITORY / "rooms" / "relay" / "settings.py")
    return {
        str(call.args[0].value)
        for file in files
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    } - RELAY_INTERNAL


def names_explained() -> set[str]:
    """Every variable in .env.example."""
    return set(re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), flags=re.MULTILINE))


def test_complete_production_settings_load() -> None:
    assert load(COMPLETE, "PRODUCTION", "DEBUG", "SESSION_COOKIE_SECURE") == {
        "PRODUCTION": True,
        "DEBUG": False,
        "SESSION_COOKIE_SECURE": True,
    }


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_production_refuses_to_start_without(name: str, how: str) -> None:
    environment = {key: value for key, value in COMPLETE.items() if key != name}
    if how == "empty":
        environment[name] = ""
    problem = str(load(environment)["error"])
    assert name in problem
    assert "not set" in problem if how == "missing" else "must be set" in problem


def test_production_is_what_is_meant_when_nothing_is_said() -> None:
    unsaid = {key: value for key, value in COMPLETE.items() if key != "OBOLE_ENV"}
    assert load(unsaid, "PRODUCTION") == {"PRODUCTION": True}


def test_an_unknown_kind_of_environment_is_refused() -> None:
    assert "set it to production, development or test" in str(load(COMPLETE | {"OBOLE_ENV": "staging"})["error"])


@pytest.mark.parametrize("name", ["SECRET_KEY", "STRIPE_SECRET_KEY", "DATABASE_URL"])
def test_a_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{COMPLETE[name]}\n")
    environment = {key: value for key, value in COMPLETE.items() if key != name} | {f"{name}_FILE": str(file)}
    shown = "SECRET_KEY" if name == "DATABASE_URL" else name
    assert load(environment, shown) == {shown: COMPLETE[shown]}


def test_a_secret_file_that_is_not_there_is_named() -> None:
    environment = COMPLETE | {"SECRET_KEY_FILE": "/nowhere/secret"}
    assert "SECRET_KEY_FILE" in str(load(environment)["error"])


@pytest.mark.parametrize("key", ["", "k" * 31])
def test_live_audio_needs_a_key_that_cannot_be_guessed(key: str) -> None:
    environment = COMPLETE | {"RELAY_URL": "https://obole.example", "RELAY_GRANT_KEY": key}
    assert "set RELAY_GRANT_KEY to 32 bytes or more" in str(load(environment)["error"])


def test_the_grant_key_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 32 + "\n")
    environment = COMPLETE | {"RELAY_URL": "https://relay.obole.example/", "RELAY_GRANT_KEY_FILE": str(file)}
    assert load(environment, "RELAY_URL", "RELAY_GRANT_KEY") == {
        "RELAY_URL": "https://relay.obole.example",
        "RELAY_GRANT_KEY": "k" * 32,
    }


@pytest.mark.parametrize(
    ("relay_url", "connect", "media"),
    [
        ("", ["'self'"], ["'self'"]),
        ("https://relay.example/x", ["'self'", "https://relay.example"], ["'self'", "blob:"]),
    ],
)
def test_pages_may_call_the_relay_and_nobody_else(relay_url: str, connect: list[str], media: list[str]) -> None:
    environment = COMPLETE | {"RELAY_URL": relay_url, "RELAY_GRANT_KEY": "k" * 32}
    policy = load(environment, "CONTENT_SECURITY_POLICY")["CONTENT_SECURITY_POLICY"]
    assert isinstance(policy, dict)
    assert policy["DIRECTIVES"]["connect-src"] == connect
    assert policy["DIRECTIVES"]["media-src"] == media


@pytest.mark.parametrize("address", ["relay.example", "ftp://relay.example"])
def test_the_relays_address_is_one_that_browsers_can_call(address: str) -> None:
    environment = COMPLETE | {"RELAY_URL": address, "RELAY_GRANT_KEY": "k" * 32}
    assert "RELAY_URL" in str(load(environment)["error"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"CLOCK_URL": "http://127.0.0.1:8010/_sandbox/clock"}, "production runs on real time"),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "set a live STRIPE_SECRET_KEY"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:8010"}, "leave STRIPE_API_BASE empty"),
    ],
)
def test_production_refuses_development_tools(change: dict[str, str], complaint: str) -> None:
    assert complaint in str(load(COMPLETE | change)["error"])


def test_the_example_explains_every_variable_that_is_read() -> None:
    assert names_read() - names_explained() == set()


def test_the_example_explains_nothing_that_is_not_read() -> None:
    assert names_explained() - names_read() == COMPOSE_ALONE
    compose = (REPOSITORY / "compose.yaml").read_text()
    assert [name for name in COMPOSE_ALONE if f"${{{name}" not in compose] == []


def test_every_variable_of_the_example_has_a_comment_above_it() -> None:
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    bare = [line for above, line in pairwise(lines) if re.match(r"[A-Z_]+=", line) and not above]
    assert bare == []
