"""Dockerfile, compose.yaml and Procfile name only what exists: no engine runs here, so a script reads them."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.environment import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
PROCFILE = dict(line.split(": ", 1) for line in (REPOSITORY / "Procfile").read_text().splitlines())
PINNED = {
    line.split("==")[0].split("[")[0].strip()
    for line in (REPOSITORY / "requirements" / "base.txt").read_text().splitlines()
    if "==" in line
}
OURS = [service for service in COMPOSE["services"].values() if service.get("image") == "obole"]
COMMANDS = [
    *(shlex.split(service["command"]) for service in OURS if "command" in service),
    *(shlex.split(command) for command in PROCFILE.values()),
    [str(word) for word in yaml.safe_load(DOCKERFILE.split("CMD ", 1)[1])],
]
# What a module is started from, in base.txt, is what the image has.
OWN = {"payouts.sandbox", "rooms.livekit", "rooms.relay"}
DISTRIBUTIONS = {"uvicorn": "uvicorn", "celery": "celery"}


def instructions(kind: str) -> list[str]:
    """The arguments of every instruction of one kind in the Dockerfile."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line[len(kind) :].strip() for line in joined.splitlines() if line.startswith(f"{kind} ")]


def ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a top-level path out: everything but what it lets in, less what it names."""
    rules = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    kept_out = {rule for rule in rules if not rule.startswith(("!", "*"))}
    top = path.split("/", maxsplit=1)[0]
    return top not in let_in or any(path == rule or path.startswith(f"{rule}/") for rule in kept_out)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_exists(command: list[str]) -> None:
    assert command[0] == "python"
    if command[1] == "-m":
        assert importlib.util.find_spec(command[2]) is not None
        assert command[2] in OWN or DISTRIBUTIONS[command[2]] in PINNED
    else:
        assert (REPOSITORY / command[1]).is_file()
        help_text = subprocess.run(
            [sys.executable, *command[1:3], "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout
        assert all(word in help_text.replace("noinput, --no-input", "--no-input") for word in command[3:])


@pytest.mark.parametrize("program", ["uvicorn", "celery"])
def test_every_option_of_a_program_exists(program: str) -> None:
    used = [command for command in COMMANDS if command[1:3] == ["-m", program]]
    for command in used:
        before = [word for word in command[3:] if word in {"worker", "beat"}]
        arguments = ["-A", "config", *before] if program == "celery" else []
        shown = subprocess.run(
            [sys.executable, "-m", program, *arguments, "--help"],
            cwd=REPOSITORY, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        options = [word for word in command[3:] if word.startswith("--")]
        assert [option for option in options if option not in shown] == []
    assert used


@pytest.mark.parametrize("target", ["config.asgi:application", "config.celery:app"])
def test_what_the_servers_load_exists(target: str) -> None:
    module, name = target.split(":")
    assert hasattr(importlib.import_module(module), name)


def test_every_copied_path_exists_and_is_in_the_context() -> None:
    copied = [words.split() for words in instructions("COPY") if not words.startswith("--from=build")]
    sources = [source for *paths, _ in copied for source in paths if source != "."]
    assert sources == ["requirements/base.txt"]
    assert [source for source in sources if not (REPOSITORY / source).exists() or ignored(source)] == []


@pytest.mark.parametrize("path", ["config", "ledger", "payouts", "rooms", "manage.py"])
def test_the_program_is_in_the_context(path: str) -> None:
    assert not ignored(path)


@pytest.mark.parametrize(
    "path", [".env", ".data", ".git", "tests", "payouts/sandbox", "config/demo", "config/embedded"]
)
def test_secrets_and_development_tools_are_not(path: str) -> None:
    assert ignored(path)


def test_nothing_in_the_image_imports_what_is_left_out() -> None:
    left_out = re.compile(r"^\s*(?:from|import) (?:config\.(?:demo|embedded)|payouts\.sandbox)\b", re.MULTILINE)
    paths = [path for app in ("config", "ledger", "payouts", "rooms") for path in (REPOSITORY / app).rglob("*.py")]
    shipped = [path for path in paths if not ignored(str(path.relative_to(REPOSITORY)))]
    assert [path for path in shipped if left_out.search(path.read_text())] == []


def test_the_image_runs_as_an_ordinary_user_in_production() -> None:
    assert instructions("USER") == ["obole"]
    assert "OBOLE_ENV=production" in DOCKERFILE
    assert len(instructions("FROM")) == 2


def test_our_services_share_one_image() -> None:
    assert {name for name, service in COMPOSE["services"].items() if service in OURS} == {
        "web", "worker", "beat", "migrate", "relay", "livekit",
    }  # fmt: skip


def test_only_migrate_has_the_owner_role() -> None:
    urls = {name: COMPOSE["services"][name]["environment"]["DATABASE_URL"] for name in ("web", "worker", "migrate")}
    assert [name for name, url in urls.items() if "obole_owner" in url] == ["migrate"]


def test_every_service_waited_for_exists_and_every_mounted_file_too() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (REPOSITORY / source).is_file()


def test_every_waited_for_health_has_a_check() -> None:
    for service in COMPOSE["services"].values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in COMPOSE["services"][name]


def test_the_script_of_the_roles_is_a_program_and_names_them() -> None:
    script = REPOSITORY / "config" / "postgres" / "roles.sh"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", script], check=True).returncode == 0
    assert all(f"CREATE ROLE {role} " in script.read_text() for role in ("obole_app", "obole_owner", "obole_web"))


def test_the_builds_collectstatic_works(tmp_path: Path) -> None:
    """With exactly the image's files and variables; the manifest fails on any file that a style sheet misses."""
    command = next(run for run in instructions("RUN") if "collectstatic" in run).split("&&")[1]
    assignments = dict(word.split("=", 1) for word in shlex.split(command) if re.match(r"[A-Z_]+=", word))
    context = tmp_path / "app"
    context.mkdir()
    for name in ("config", "ledger", "payouts", "rooms", "manage.py"):
        source = REPOSITORY / name
        if source.is_file():
            shutil.copy(source, context / name)
        else:
            shutil.copytree(source, context / name, ignore=_left_out)
    environment = {"PATH": os.environ["PATH"], "OBOLE_ENV": "production", "DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, *shlex.split(command[command.index("manage.py") :])],
        cwd=context, env=environment | assignments, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "static" / "staticfiles.json").exists()


def _left_out(folder: str, names: list[str]) -> set[str]:
    where = Path(folder).relative_to(REPOSITORY)
    return {name for name in names if name == "__pycache__" or ignored(str(where / name))}
