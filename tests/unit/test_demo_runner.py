"""`make demo`'s supervisor, for real: starts, restarts, stops, and clears up after a killed one."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.demo.environment import MARK
from config.embedded.client import wait_until_stopped
from config.embedded.places import Places
from tests.environment import REPOSITORY
from tests.processes import answers, free_port, wait_until

PROCESSES = {"web", "worker", "beat", "relay", "sandbox"}
PROGRAMS = ("uvicorn", "celery -A config worker", "celery -A config beat", "rooms.relay", "payouts.sandbox")


class Demo:
    """A demo on free ports and a data folder of its own."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.web_port, self.sandbox_port = free_port(), free_port()
        self.output = data_dir / "terminal"
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATA_DIR": str(data_dir),
            "WEB_PORT": str(self.web_port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "RELAY_HTTP_PORT": str(free_port()),
            "RELAY_UDP_PORT": str(free_port()),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.demo", "--without-story", *arguments],
                cwd=REPOSITORY, env=self._environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                start_new_session=True,
            )  # fmt: skip
        return self.process

    def refused(self) -> str:
        """What it says when it cannot start."""
        assert self.start().wait(60) == 1
        return self.said().strip().splitlines()[-1]

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        process = self.process
        assert process is not None

        def ready_or_ended() -> bool:
            assert process.poll() is None, self.said()
            return "Obole is running" in self.said()

        wait_until(ready_or_ended, what="the demo runs", within_s=300)

    def marked(self) -> dict[int, str]:
        """Every process that carries our mark, with its command."""
        found = {}
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self.data_dir):
                    found[process.pid] = " ".join(process.cmdline())
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def postmaster(self) -> psutil.Process:
        """PostgreSQL's first process, a child of the two servers' keeper."""
        pid = (self.data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
        return psutil.Process(int(pid))

    def kill_everything(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for pid in self.marked():
            psutil.Process(pid).kill()


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A data folder open to PostgreSQL's user, as a repository usually is."""
    folder = Path(tempfile.mkdtemp(prefix="obole-demo-"))
    folder.chmod(0o755)
    demo = Demo(folder)
    yield demo
    demo.kill_everything()
    wait_until_stopped(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(Places.of(folder).sockets, ignore_errors=True)


def test_it_starts_restarts_what_dies_survives_a_kill_and_stops_cleanly(demo: Demo) -> None:
    demo.start()
    demo.wait_until_ready()
    assert f"http://127.0.0.1:{demo.web_port}/studio/" in demo.said()
    assert answers(f"http://127.0.0.1:{demo.web_port}/readyz")
    assert (demo.data_dir / "demo.env").stat().st_mode & 0o777 == 0o600

    second = Demo(demo.data_dir)
    second.output = demo.data_dir / "second"
    assert re.search(r"a demo already runs on .* \(process \d+\).* set DATA_DIR", second.refused())

    web = next(pid for pid, command in demo.marked().items() if "uvicorn" in command)
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: "web was killed by SIGKILL; starting it again" in demo.said().replace("  ", " "), what="notice")
    keeper = demo.postmaster().parent()
    assert keeper is not None
    keeper.kill()
    wait_until(lambda: "were gone with their keeper; they run again" in demo.said(), what="notice of the servers")
    wait_until(lambda: answers(f"http://127.0.0.1:{demo.web_port}/readyz"), what="the web is back")

    supervisor = demo.process
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait()

    demo.start()
    demo.wait_until_ready()
    assert "Database schema" not in demo.said()  # the data was kept
    assert answers(f"http://127.0.0.1:{demo.web_port}/readyz")
    assert {name for name in PROCESSES if (demo.data_dir / "log" / f"{name}.log").exists()} == PROCESSES
    assert all(any(program in command for command in demo.marked().values()) for program in PROGRAMS)

    postmaster = demo.postmaster()
    assert demo.process is not None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
    assert demo.marked() == {}
    wait_until(lambda: not postmaster.is_running(), what="PostgreSQL gone")
    assert demo.said().endswith("goes on from here.\n")


def test_a_port_in_use_is_named_with_its_holder_and_the_setting(demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", demo.web_port))
        taken.listen()
        line = demo.refused()
    assert re.fullmatch(
        rf"make demo: port {demo.web_port} cannot be used \(held by \S+, process {os.getpid()}\): "
        "set WEB_PORT to another port",
        line,
    )
    assert not (demo.data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"WEB_PORT": "http"}, "WEB_PORT is 'http': set it to a port number from 1 to 65535"),
        (
            {"DATABASE_URL": "postgresql:///x"},
            "DATABASE_URL is set without DATABASE_OWNER_URL, REDIS_URL: set all three, or none for embedded services",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(demo: Demo, settings: dict[str, str], complaint: str) -> None:
    wrong = Demo(demo.data_dir, **settings)
    assert wrong.refused() == f"make demo: {complaint}"


def test_leftovers_of_a_killed_run_are_ended_and_strangers_are_not(demo: Demo) -> None:
    started = subprocess.run(  # through a shell that ends, so that nobody waits for it: an orphan
        ["/bin/sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"],
        env={MARK: str(demo.data_dir)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    ours = psutil.Process(int(started.stdout))
    with (
        subprocess.Popen(["sleep", "600"], env={MARK: f"{demo.data_dir}-another"}) as stranger,
        socket.socket() as taken,  # so that it goes no further
    ):
        taken.bind(("127.0.0.1", demo.sandbox_port))
        taken.listen()
        assert "set SANDBOX_PORT" in demo.refused()
        assert "ended 1 process that a killed run had left" in demo.said()
        assert not ours.is_running()
        assert stranger.poll() is None
        stranger.kill()
