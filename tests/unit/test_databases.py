"""The tests' own databases: rollback, clones, the application role."""

import subprocess
import sys

import psycopg
import pytest
import redis
from django.contrib.auth import get_user_model
from django.db import connection

from tests.databases import Database, Server
from tests.environment import REPOSITORY

PROBE = "from django.contrib.auth import get_user_model as m; print(m().objects.count())"


@pytest.mark.django_db
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_rollback_test_leaves_nothing_behind(time: str) -> None:
    assert not get_user_model().objects.exists()
    get_user_model().objects.create(email=f"{time}@obole.example")


@pytest.mark.django_db
def test_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("obole_web",)


def test_a_committed_database_is_seen_by_other_processes(committed_db: Database) -> None:
    get_user_model().objects.create(email="ada@obole.example")
    seen = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", PROBE],
        env=committed_db.environment(), cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert seen.stdout.split()[-1] == "1"


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_committed_database_is_fresh(committed_db: Database, time: str) -> None:
    assert not get_user_model().objects.exists()
    get_user_model().objects.create(email=f"{time}@obole.example")
    assert connection.settings_dict["NAME"] == committed_db.name


@pytest.mark.committed_db
def test_the_marker_stands_for_the_fixture() -> None:
    assert not connection.in_atomic_block
    get_user_model().objects.create(email="grace@obole.example")


def test_the_owner_may_define_and_the_application_may_not(committed_db: Database) -> None:
    with psycopg.connect(committed_db.owner_url) as owner:
        owner.execute("CREATE TABLE scratch (id int)")
    with psycopg.connect(committed_db.url) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("CREATE TABLE scratch_two (id int)")


def test_it_drops_a_database_that_is_in_use(database_server: Server) -> None:
    database = database_server.clone()
    with psycopg.connect(database.url) as web, psycopg.connect(database.owner_url) as owner:
        database_server.drop(database)
        for connection_ in (web, owner):
            with pytest.raises(psycopg.OperationalError):
                connection_.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(database.url)


@pytest.mark.parametrize("time", ["first", "second"])
def test_valkey_starts_empty(valkey: redis.Redis, time: str) -> None:
    assert valkey.get("somebody") is None
    valkey.set("somebody", time)


def test_a_truncating_fixture_is_refused() -> None:
    test = REPOSITORY / ".data" / "test" / "refused" / "test_refused.py"
    test.parent.mkdir(parents=True, exist_ok=True)
    test.write_text("def test_it(transactional_db): pass\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "--rootdir", ".",
         "--confcutdir", ".", "-p", "tests.conftest", str(test)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "Use the fixture `committed_db`" in run.stderr + run.stdout
