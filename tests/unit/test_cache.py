"""The cache keeps counting while Valkey is away."""

import pytest
import redis
from django.conf import settings

from config.cache import ValkeyCache

OPTIONS = {"OPTIONS": {"socket_connect_timeout": 0.2}}
NOBODY_THERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def away() -> ValkeyCache:
    """A cache whose Valkey does not answer."""
    cache = ValkeyCache(NOBODY_THERE, OPTIONS)
    cache.clear()
    return cache


def test_it_keeps_in_valkey_what_it_is_given(valkey: redis.Redis) -> None:
    cache = ValkeyCache(settings.REDIS_URL, {})
    cache.set("attempts", 3, 60)

    assert cache.get("attempts") == 3
    assert cache.incr("attempts") == 4
    assert valkey.exists(cache.make_and_validate_key("attempts")) == 1
    assert cache._memory.get("attempts") is None


def test_it_counts_in_memory_while_valkey_is_away(away: ValkeyCache) -> None:
    assert away.get("attempts", 0) == 0
    assert away.add("attempts", 1, 60) is True
    assert away.add("attempts", 9, 60) is False
    assert away.incr("attempts") == 2
    assert away.has_key("attempts")
    assert away.touch("attempts", 60) is True
    away.set_many({"a": 1, "b": 2}, 60)
    assert away.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    away.delete_many(["a"])
    assert away.delete("b") is True
    assert away.get_many(["a", "b"]) == {}


def test_what_is_not_there_cannot_be_counted_up(away: ValkeyCache) -> None:
    with pytest.raises(ValueError, match="nothing"):
        away.incr("nothing")


def test_it_asks_a_silent_valkey_once_and_not_for_every_call(
    away: ValkeyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("config.cache.RedisCache.get", lambda *_, **__: asked.append(1))

    away.get("attempts")
    assert asked == []

    away._quiet_until_s = float("-inf")
    away.get("attempts")
    assert asked == [1]
