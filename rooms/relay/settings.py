"""The relay's settings, from the environment (`X`, or `X_FILE` for a path to a file that holds it)."""

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path

from environs import FileAwareEnv

from rooms.relay.grants import MIN_KEY_BYTES


class SettingsError(ValueError):
    """A setting is missing or makes no sense; the process refuses to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Peers are told the public address and port, sockets listen on the others; interfaces are never guessed."""

    public_ip: str
    bind_ip: str
    udp_port: int
    public_udp_port: int
    http_host: str
    http_port: int
    site_origins: tuple[str, ...]
    grant_keys: dict[str, str]
    issuer: str
    redis_url: str
    recordings: Path
    max_listeners: int
    max_cpu_share: float
    lease_s: float
    ice_servers: tuple[str, ...] = ()
    workers: int = 1
    worker: int = 0

    def of_worker(self, index: int) -> "Settings":
        """The settings of the worker with this number: its own ports, counting up from the first."""
        return replace(
            self,
            udp_port=self.udp_port + index,
            public_udp_port=self.public_udp_port + index,
            http_port=self.http_port + index,
        )


def read() -> Settings:
    """Read and check all settings; raises SettingsError with the name and the remedy."""
    env = FileAwareEnv(strip_whitespace=True)
    issuer = env.str("RELAY_GRANT_ISSUER", "obole")
    public_ip = env.str("RELAY_PUBLIC_IP", "")
    http_port = env.int("RELAY_HTTP_PORT", 8030)
    settings = Settings(
        public_ip=public_ip,
        bind_ip=env.str("RELAY_BIND_IP", "::" if ":" in public_ip else "0.0.0.0"),  # noqa: S104 - a media port
        udp_port=(udp_port := env.int("RELAY_UDP_PORT", 8031)),
        public_udp_port=env.int("RELAY_PUBLIC_UDP_PORT", udp_port),
        http_host=env.str("RELAY_HTTP_HOST", "127.0.0.1"),
        http_port=http_port,
        site_origins=tuple(env.list("RELAY_SITE_ORIGINS", [env.str("PUBLIC_URL", "").rstrip("/")])),
        grant_keys={issuer: env.str("RELAY_GRANT_KEY", "")},
        issuer=issuer,
        redis_url=env.str("REDIS_URL", ""),
        recordings=Path(env.str("DATA_DIR", ".data")) / "recordings",
        max_listeners=env.int("RELAY_MAX_LISTENERS", 2000),
        max_cpu_share=env.float("RELAY_MAX_CPU_SHARE", 0.85),
        lease_s=env.float("RELAY_LEASE_S", 60.0),
        ice_servers=tuple(env.list("RELAY_ICE_SERVERS", [])),
        workers=env.int("RELAY_WORKERS", 1),
        worker=env.int("RELAY_WORKER", 0),
    )
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    try:
        ipaddress.ip_address(settings.public_ip)
    except ValueError as error:
        raise SettingsError("RELAY_PUBLIC_IP: give the address that listeners reach, as digits") from error
    if len(settings.grant_keys[settings.issuer].encode()) < MIN_KEY_BYTES:
        raise SettingsError(f"RELAY_GRANT_KEY: give at least {MIN_KEY_BYTES} bytes, the same to Django and the relay")
    if not settings.redis_url:
        raise SettingsError("REDIS_URL: the relay keeps spent grants in Valkey and reads revocations from it")
