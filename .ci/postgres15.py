"""`postgres15.py PATHS`: pytest on a throwaway PostgreSQL 15 of Debian's over TCP, with the embedded Valkey."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
START_PATIENCE_S = 60
sys.path.insert(0, str(REPOSITORY))

from config.embedded.client import hold  # noqa: E402 the repository is not installed


def main(paths: list[str]) -> int:
    """Pytest's exit code."""
    data_dir = REPOSITORY / ".data" / "ci"
    with cluster() as port, hold(data_dir, for_tests=True) as services:
        address = f"127.0.0.1:{port}/obole"
        given = {
            "DATABASE_URL": f"postgresql://obole_web:web@{address}",
            "DATABASE_OWNER_URL": f"postgresql://obole_owner:owner@{address}",
            "REDIS_URL": services["REDIS_URL"],
            "HYPOTHESIS_PROFILE": "again",  # what is computed was tried on the first; here it is the SQL
        }
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *paths]
        return subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **given}, check=False).returncode


@contextmanager
def cluster() -> Iterator[int]:
    """A new cluster on a free port of loopback, with Obole's roles; gives the port."""
    folder = Path(tempfile.mkdtemp(prefix="obole-pg15-"))
    port = free_port()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    run_as(user, PROGRAMS / "initdb", "-D", data, *initdb).check_returncode()
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (REPOSITORY / ".data" / "postgres15.log").open("wb") as log:
        server = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, "-c", "max_connections=300", *settings],
            cwd=folder, stdout=log, stderr=log, **identity(user),
        )  # fmt: skip
    try:
        wait_for(port, server)
        roles = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "OBOLE_OWNER_PASSWORD": "owner",
            "OBOLE_WEB_PASSWORD": "web",
        }
        subprocess.run([REPOSITORY / "config" / "postgres" / "roles.sh"], env={**os.environ, **roles}, check=True)
        yield port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def identity(user: str | None) -> dict[str, object]:
    """Keyword arguments for subprocess that switch to `user`."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def run_as(user: str | None, *command: str | Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, cwd="/", check=False, stdout=subprocess.DEVNULL, **identity(user))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Until the server answers."""
    give_up_at = time.monotonic() + START_PATIENCE_S
    ready = [PROGRAMS / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise SystemExit("PostgreSQL 15 does not start: see .data/postgres15.log")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
