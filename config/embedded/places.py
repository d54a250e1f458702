"""Where things lie in a data folder, and the addresses that follow from it alone, before anything runs."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107 on Linux, 103 on macOS
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
DATABASE = "obole"
OWNER_ROLE = "obole_owner"
WEB_ROLE = "obole_web"
APP_ROLE = "obole_app"


@dataclass(frozen=True)
class Places:
    """The files of one data folder. Everything here is a function of its path."""

    data_dir: Path

    @classmethod
    def of(cls, data_dir: Path | str) -> "Places":
        """The places of `data_dir`, made absolute."""
        return cls(Path(data_dir).expanduser().resolve())

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own data folder (a link, where its user cannot enter the data folder)."""
        return self.data_dir / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file."""
        return self.data_dir / "valkey"

    @property
    def logs(self) -> Path:
        """Logs of the two servers and their keeper."""
        return self.data_dir / "log"

    @property
    def users_lock(self) -> Path:
        """Held shared by everybody who uses the services."""
        return self.data_dir / "embedded.users"

    @property
    def start_lock(self) -> Path:
        """Held while somebody looks for the keeper and starts it."""
        return self.data_dir / "embedded.start"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for as long as it lives."""
        return self.data_dir / "embedded.keeper"

    @cached_property
    def sockets(self) -> Path:
        """The folder of the unix sockets: in the data folder if its path is short enough and open, else in /tmp."""
        inside = self.data_dir / "run"
        longest = inside / POSTGRES_SOCKET
        if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH and not self.closed_to_others:
            return inside
        return Path(tempfile.gettempdir()) / f"obole-{os.getuid()}-{self.digest}"

    @cached_property
    def closed_to_others(self) -> bool:
        """Running as root, and some folder on the way is closed to PostgreSQL's own user."""
        if os.geteuid() != 0:
            return False
        on_the_way = [parent for parent in (self.data_dir, *self.data_dir.parents) if parent.exists()]
        return any(not parent.stat().st_mode & 0o001 for parent in on_the_way)

    @property
    def digest(self) -> str:
        """Ten hex digits that stand for this data folder where its path does not fit."""
        return hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:10]

    def database_url(self, *, role: str, database: str = DATABASE) -> str:
        """A PostgreSQL URL over the unix socket."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @property
    def redis_url(self) -> str:
        """A Redis URL over the unix socket."""
        return f"unix://{quote(str(self.sockets / VALKEY_SOCKET), safe='/')}"

    def environment(self) -> dict[str, str]:
        """The variables that point Obole at these services."""
        return {
            "DATABASE_URL": self.database_url(role=WEB_ROLE),
            "DATABASE_OWNER_URL": self.database_url(role=OWNER_ROLE),
            "REDIS_URL": self.redis_url,
        }
