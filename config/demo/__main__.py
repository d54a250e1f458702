"""`python -m config.demo [--reset] [--without-story]`: what `make demo` runs."""

import argparse
import functools
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from honcho.environ import parse_procfile

from config.demo import environment, leftovers, output, ports
from config.demo.data import Done, alone, reset
from config.demo.environment import MARK, REPOSITORY, Options
from config.demo.errors import DemoError, Interrupted
from config.demo.story.cast import ADA, GRACE, PASSWORD
from config.demo.supervisor import Supervisor
from config.embedded.client import hold, start_unless_kept
from config.embedded.errors import EmbeddedError

MIGRATE = "python manage.py migrate --no-input --verbosity 1"
SEED = "python -m config.demo.story"
MUSIC = "python -m config.demo.music"
READY_WITHIN_S = 120.0  # a process that keeps dying is told of much sooner
SCHEMA = ("*/migrations/*.py", "*/sql/*.sql", "ledger/grants.py", "requirements/base.txt")


def main() -> int:
    """Run until interrupted; 0 then, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--reset", action="store_true", help="delete the demo's data first")
    parser.add_argument("--without-story", action="store_true", help="start with empty books")
    arguments = parser.parse_args()
    try:
        options = Options.read()
        with alone(options):
            _run(options, afresh=arguments.reset, with_story=not arguments.without_story)
    except (DemoError, EmbeddedError) as error:
        output.say(f"\nmake demo: {error}")
        return 1
    except (Interrupted, KeyboardInterrupt):
        output.say("Stopped; the data is kept. `make demo` goes on from here.")
    return 0


def _run(options: Options, *, afresh: bool, with_story: bool) -> None:
    output.say("Obole is starting")
    left = leftovers.stop(options.data_dir)
    if left:
        output.say(f"  ended {left} {'process' if left == 1 else 'processes'} that a killed run had left")
    ports.require_free(options.web_port, setting="WEB_PORT")
    ports.require_free(options.sandbox_port, setting="SANDBOX_PORT")
    ports.require_free(options.relay_port, setting="RELAY_HTTP_PORT")
    ports.require_free(options.relay_udp_port, setting="RELAY_UDP_PORT", kind=socket.SOCK_DGRAM)
    if afresh:
        with output.step("Deleting the data of earlier runs"):
            reset(options)
    with ExitStack() as stack:
        services = options.given
        if options.embedded:
            notes: list[str] = []
            with output.step("PostgreSQL and Valkey"):
                services = stack.enter_context(hold(options.data_dir, tell=notes.append))
            for note in notes:
                output.say(f"  {note}")
        supervisor = _prepare(options, services)
        try:
            _start(options, supervisor, services, with_story=with_story)
            supervisor.shown = True
            supervisor.watch()
        finally:
            supervisor.stop()


def _prepare(options: Options, services: Mapping[str, str]) -> Supervisor:
    variables = environment.build(options, services)
    environment.write(options, variables)
    for name in ("log", "static"):
        (options.data_dir / name).mkdir(exist_ok=True)
    beside_us = Path(sys.executable).parent  # not resolved: a virtual environment's python is a link
    path = f"{beside_us}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    ours = {**os.environ, **variables, MARK: str(options.data_dir), "PATH": path, "PYTHONUNBUFFERED": "1"}
    ours.pop("DJANGO_SETTINGS_MODULE", None)
    below = functools.partial(_keep_services, options) if options.embedded else None
    return Supervisor(environment=ours, logs=options.data_dir / "log", look_below=below)


def _keep_services(options: Options) -> None:
    """Start PostgreSQL and Valkey again when their keeper was killed; it sees to each of the two itself."""
    if start_unless_kept(options.data_dir, tell=lambda _: None):
        output.show("system", "PostgreSQL and Valkey were gone with their keeper; they run again")


def _start(options: Options, supervisor: Supervisor, services: Mapping[str, str], *, with_story: bool) -> None:
    migrated = Done(options, "migrated", *SCHEMA)
    if not (options.embedded and migrated):
        with output.step("Database schema"):
            supervisor.run("migrate", MIGRATE, shown=False, extra={"DATABASE_URL": services["DATABASE_OWNER_URL"]})
        migrated.note()
    processes = parse_procfile((REPOSITORY / "Procfile").read_text()).processes
    with output.step(" · ".join(processes)):
        for name, command in processes.items():
            supervisor.add(name, command)
        supervisor.wait_for(f"{options.sandbox_url}/_sandbox/health", name="sandbox", within_s=READY_WITHIN_S)
        supervisor.wait_for(f"{options.relay_url}/healthz", name="relay", within_s=READY_WITHIN_S)
        supervisor.wait_for(f"{options.web_url}/healthz", name="web", within_s=READY_WITHIN_S)
        supervisor.wait_for(f"{options.web_url}/readyz", name="worker", within_s=READY_WITHIN_S)
    seeded = Done(options, "seeded")
    if with_story and not seeded:
        output.say("  The story, bought through the sandbox (first start only)")
        supervisor.run("story", SEED, shown=True, extra={"LOG_LEVEL": "WARNING"})
        seeded.note()
    elif with_story:
        with output.step("A room that is live"):
            supervisor.run("story", SEED, shown=False, extra={"LOG_LEVEL": "WARNING"})
    if with_story:
        supervisor.add("music", MUSIC)
    _say_where(options, with_story=with_story)


def _say_where(options: Options, *, with_story: bool) -> None:
    site = options.public_url
    output.say(f"""
  Obole is running.

    Site            {site}/
    Creator studio  {site}/studio/
    Finance admin   {site}/admin/
    Stripe sandbox  {options.sandbox_url}/   objects, events, faults, and the clock that Obole follows
    Mail            make mail   prints the newest, as the code for a new account; none is sent
""")
    if with_story:
        output.say(f"""    Log in with the password {PASSWORD}
    {ADA.email:<20} hosts rooms
    {GRACE.email:<20} co-hosts them
    linus@obole.example  listens; his card is 4242 4242 4242 4242
    fin@obole.example    does finance; the code of his second factor: make code

    “Open microphone” is live now, first on the site: Hedy plays. Listen as Linus; host as Ada in another browser.
""")
    output.say(f"    Logs lie in {options.data_dir / 'log'}. Ctrl-C stops everything and keeps the data.\n")


if __name__ == "__main__":
    sys.exit(main())
