"""The embedded PostgreSQL and Valkey recover from what people and crashes do to them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config.embedded.client import hold, start_unless_kept, wait_until_stopped
from config.embedded.errors import EmbeddedError
from config.embedded.places import LONGEST_SOCKET_PATH, POSTGRES_SOCKET, Places
from tests.environment import REPOSITORY
from tests.processes import wait_until


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """A data folder that was used once, to copy from; open to other users, as a repository usually is."""
    folder = Path(tempfile.mkdtemp(prefix="obole-"))
    folder.chmod(0o755)
    with hold(folder, for_tests=True) as urls:
        remember(urls)
    wait_until_stopped(folder)
    yield folder
    forget(folder)


@pytest.fixture
def folder(whole: Path) -> Iterator[Path]:
    """A copy of it, stopped."""
    copy = Path(tempfile.mkdtemp(prefix="obole-"))
    subprocess.run(["cp", "-a", f"{whole}/.", copy], check=True)
    yield copy
    wait_until_stopped(copy)
    forget(copy)


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(Places.of(folder).sockets, ignore_errors=True)


def remember(urls: dict[str, str]) -> None:
    """Put something into both."""
    with psycopg.connect(urls["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE kept (word text)")
        owner.execute("INSERT INTO kept VALUES ('obole')")
        owner.execute("GRANT SELECT ON kept TO obole_app")
    with redis.Redis.from_url(urls["REDIS_URL"]) as client:
        client.set("kept", "obole")


def remembers(urls: dict[str, str]) -> bool:
    """Whether both still have it."""
    with psycopg.connect(urls["DATABASE_URL"]) as web:
        row = web.execute("SELECT word FROM kept").fetchone()
    with redis.Redis.from_url(urls["REDIS_URL"]) as client:
        return row == ("obole",) and client.get("kept") == b"obole"


def keeper_of(folder: Path) -> psutil.Process:
    """The process that owns the two servers."""
    command = [str(folder), "--for-tests"]
    return next(process for process in psutil.process_iter() if process_command(process)[-2:] == command)


def process_command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def postmaster_of(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]))


def test_data_survives_a_stop(folder: Path) -> None:
    with hold(folder, for_tests=True) as urls:
        assert remembers(urls)


def test_a_second_user_joins_and_the_last_one_stops_both(folder: Path) -> None:
    with hold(folder, for_tests=True) as first:
        with hold(folder, for_tests=True) as second:
            assert first == second
        keeper = keeper_of(folder)
        postmaster = postmaster_of(folder)
        assert remembers(first)
    wait_until_stopped(folder)
    wait_until(lambda: not postmaster.is_running() and not keeper.is_running(), what="both gone")


def test_a_killed_keeper_takes_its_servers_along_and_a_new_one_has_lost_nothing(folder: Path) -> None:
    with hold(folder, for_tests=True) as urls:
        assert not start_unless_kept(folder, for_tests=True)
        postmaster, keeper = postmaster_of(folder), keeper_of(folder)
        keeper.kill()
        if sys.platform == "linux":
            wait_until(lambda: not postmaster.is_running(), what="PostgreSQL follows its keeper")
        assert start_unless_kept(folder, for_tests=True)
        assert remembers(urls)


def test_a_killed_postgres_is_started_again(folder: Path) -> None:
    with hold(folder, for_tests=True) as urls:
        killed = postmaster_of(folder)
        killed.kill()
        wait_until(lambda: (folder / "postgres" / "postmaster.pid").exists() and _answers(urls), what="a new server")
        assert postmaster_of(folder).pid != killed.pid
        assert remembers(urls)


def _answers(urls: dict[str, str]) -> bool:
    try:
        return remembers(urls)
    except (psycopg.OperationalError, redis.RedisError):
        return False


def test_an_orphaned_postgres_is_replaced(folder: Path) -> None:
    """As on a system whose kernel does not tell children that their parent died."""
    with hold(folder, for_tests=True) as urls:
        pass
    wait_until_stopped(folder)
    owner = (folder / "postgres").stat()
    log = folder / "log" / "postgres.log"
    command = Places.of(folder)
    with log.open("ab") as sink:
        orphan = subprocess.Popen(
            [postgres_program(), "-D", command.postgres, "-k", command.sockets, "-c", "listen_addresses="],
            user=owner.st_uid if os.geteuid() == 0 else None, group=owner.st_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None, stdout=sink, stderr=sink, cwd=command.postgres,
        )  # fmt: skip
    wait_until((command.sockets / POSTGRES_SOCKET).exists, what="the orphan's socket")
    with hold(folder, for_tests=True) as urls:
        assert orphan.wait(30) == 0
        assert remembers(urls)


def postgres_program() -> Path:
    """The server's program, which any user may run."""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c",
         "from config.embedded.account import *; print(programs(account()) / 'postgres')"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(found.stdout.strip())


def test_a_stale_pid_file_of_somebody_elses_process_is_cleared(folder: Path) -> None:
    bystander = subprocess.Popen(["sleep", "600"])
    pid_file = folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{bystander.pid}\n{folder / 'postgres'}\n1700000000\n5432\n\n\n 1 1\nready   \n")
    try:
        with hold(folder, for_tests=True) as urls:
            assert remembers(urls)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_half_made_data_folder_is_set_aside_and_made_anew(folder: Path) -> None:
    left = "PG_VERSION"
    kept = (folder / "postgres" / left).read_bytes()
    shutil.rmtree(folder / "postgres")
    (folder / "postgres").mkdir()
    (folder / "postgres" / left).write_bytes(kept)
    with hold(folder, for_tests=True) as urls, psycopg.connect(urls["DATABASE_URL"]) as web:
        assert web.execute("SELECT current_user").fetchone() == ("obole_web",)
    assert (folder / "postgres.broken" / left).read_bytes() == kept


def test_an_initdb_that_was_killed_is_done_again(folder: Path) -> None:
    (folder / "postgres").rename(folder / "postgres.unfinished")
    with hold(folder, for_tests=True) as urls, psycopg.connect(urls["DATABASE_URL"]) as web:
        assert web.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    assert not (folder / "postgres.unfinished").exists()


def test_data_of_another_major_version_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 14.*RESET=1"), hold(folder, for_tests=True):
        pass
    assert (folder / "postgres" / "global" / "pg_control").exists()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(EmbeddedError, match=r"/proc/obole cannot be used .* set DATA_DIR"), hold(Path("/proc/obole")):
        pass


def test_a_log_cut_off_by_a_crash_does_not_keep_valkey_from_starting(folder: Path) -> None:
    increments = next((folder / "valkey" / "appendonlydir").glob("*.incr.aof"))
    with increments.open("ab") as log:
        log.write(b"*3\r\n$3\r\nSET\r\n$4\r\nke")
    with hold(folder, for_tests=True) as urls:
        assert remembers(urls)


def test_a_long_path_moves_the_sockets_to_a_short_one(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    for parent in (folder, deep.parent, deep):
        parent.chmod(0o755)
    places = Places.of(deep)
    assert len(os.fsencode(places.sockets / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH
    try:
        with hold(deep, for_tests=True) as urls:
            remember(urls)
            assert remembers(urls)
    finally:
        wait_until_stopped(deep)
        shutil.rmtree(places.sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_folder_closed_to_postgres_user_stays_closed_and_says_where_data_lies(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    said: list[str] = []
    places = Places.of(closed / "data")
    try:
        with hold(places.data_dir, for_tests=True, tell=said.append) as urls:
            remember(urls)
        wait_until_stopped(places.data_dir)
        with hold(places.data_dir, for_tests=True) as urls:
            assert remembers(urls)
        elsewhere = places.postgres.resolve()
        assert f"lies in {elsewhere.parent}" in said[0]
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        wait_until_stopped(places.data_dir)
        shutil.rmtree(places.postgres.resolve().parent, ignore_errors=True)
        shutil.rmtree(places.sockets, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user already runs all the other tests")
def test_an_ordinary_user_may_run_it_too(folder: Path) -> None:
    nobody = 65534
    home = folder / "home"
    home.mkdir()
    folder.chmod(0o755)
    os.chown(home, nobody, nobody)
    script = (
        "import sys, pathlib, psycopg\n"
        "from config.embedded.client import hold, wait_until_stopped\n"
        "data = pathlib.Path(sys.argv[1])\n"
        "with hold(data, for_tests=True) as urls, psycopg.connect(urls['DATABASE_URL']) as web:\n"
        "    print(web.execute('SELECT current_user').fetchone()[0])\n"
        "wait_until_stopped(data)\n"
    )
    interpreter = Path(sys.executable)
    reachable = all(parent.stat().st_mode & 0o001 for parent in interpreter.resolve().parents)
    if not reachable:
        pytest.skip("this Python lies where ordinary users cannot run it")
    done = subprocess.run(
        [interpreter, "-c", script, home / "data"], cwd=REPOSITORY, user=nobody, group=nobody, extra_groups=[],
        env={"PATH": os.defpath, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == "obole_web\n", done.stderr


def test_an_interrupted_user_leaves_nothing_running(folder: Path) -> None:
    script = (
        "import sys, pathlib, signal\n"
        "from config.embedded.client import hold\n"
        "with hold(pathlib.Path(sys.argv[1]), for_tests=True):\n"
        "    print('holding', flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "holding\n"
        postmaster = postmaster_of(folder)
        user.send_signal(signal.SIGKILL)
    wait_until(lambda: not postmaster.is_running(), what="PostgreSQL gone")
    wait_until_stopped(folder)
