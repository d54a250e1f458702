"""What must outlive a restart of the relay: spent grants, and which session holds a seat. In Valkey, or in memory."""

from dataclasses import dataclass, field
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.relay.problems import Unavailable

SEAT_LIFE_S = 900

# One round trip for a join: spend the grant, and only if it was unspent take the seat.
SPEND_AND_CLAIM = """
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
  return 1
end
return 0
"""


class Store(Protocol):
    """Seats are named by text; a generation is the id of the session that holds a seat."""

    async def spend(self, *, jti: str, life_s: int, seat: str, generation: str) -> bool:
        """Spend a grant and take the seat; False (and nothing done) when it was spent before. Raises Unavailable."""

    async def holder(self, *, seat: str) -> str:
        """The generation that holds the seat, empty when none is remembered. Raises Unavailable."""

    async def claim(self, *, seat: str, generation: str) -> None:
        """Take the seat. Raises Unavailable."""


@dataclass(slots=True)
class MemoryStore:
    """For tests, and for a development relay without Valkey: forgets everything with the process."""

    spent: set[str] = field(default_factory=set)
    seats: dict[str, str] = field(default_factory=dict)

    async def spend(self, *, jti: str, life_s: int, seat: str, generation: str) -> bool:
        if jti in self.spent:
            return False
        self.spent.add(jti)
        self.seats[seat] = generation
        return True

    async def holder(self, *, seat: str) -> str:
        return self.seats.get(seat, "")

    async def claim(self, *, seat: str, generation: str) -> None:
        self.seats[seat] = generation


class ValkeyStore:
    """In Valkey. When it cannot be reached nobody is let in: a grant that cannot be spent could be used twice."""

    def __init__(self, client: "Redis") -> None:
        self._client = client
        self._spend = client.register_script(SPEND_AND_CLAIM)

    async def spend(self, *, jti: str, life_s: int, seat: str, generation: str) -> bool:
        keys = [f"relay:spent:{jti}", f"relay:seat:{seat}"]
        try:
            return bool(await self._spend(keys=keys, args=[max(1, life_s), generation, SEAT_LIFE_S]))
        except RedisError as error:
            raise Unavailable from error

    async def holder(self, *, seat: str) -> str:
        try:
            value = await self._client.get(f"relay:seat:{seat}")
        except RedisError as error:
            raise Unavailable from error
        return str(value or "")

    async def claim(self, *, seat: str, generation: str) -> None:
        try:
            await self._client.set(f"relay:seat:{seat}", generation, ex=SEAT_LIFE_S)
        except RedisError as error:
            raise Unavailable from error
