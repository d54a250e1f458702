"""The cache: Valkey, and this process's memory while Valkey is away.

What is cached are counts of attempts (sign-in, API). Without Valkey people must still sign in and pay, and attempts
must still be counted, if only by each process for itself.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import redis
import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

log = structlog.get_logger(__name__)

QUIET_AFTER_FAILURE_S: Final = 5.0
"""With Valkey away, a process pays one connection attempt in so many seconds, not one a request."""


class ValkeyCache(RedisCache):
    """Django's Redis cache that falls back to memory instead of raising."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("without-valkey", {})
        self._quiet_until_s = float("-inf")

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set what is not there yet."""
        return bool(self._try("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Read."""
        return self._try("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Write."""
        self._try("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        """Let live longer."""
        return bool(self._try("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget."""
        return bool(self._try("delete", *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        """Whether it is there."""
        return bool(self._try("has_key", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Count up; ValueError when there is nothing to count."""
        return int(self._try("incr", *args, **kwargs))

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Read several."""
        return dict(self._try("get_many", list(keys), version=version))

    def set_many(self, data: Mapping[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Write several."""
        return list(self._try("set_many", data, *args, **kwargs))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Forget several."""
        self._try("delete_many", list(keys), version=version)

    def clear(self) -> None:
        """Forget all."""
        self._memory.clear()
        self._try("clear")

    def _try(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._quiet_until_s:
            try:
                return getattr(super(), name)(*args, **kwargs)
            except redis.RedisError as error:
                self._quiet_until_s = time.monotonic() + QUIET_AFTER_FAILURE_S
                log.warning("cache.valkey_away", operation=name, error=str(error))
        return getattr(self._memory, name)(*args, **kwargs)
