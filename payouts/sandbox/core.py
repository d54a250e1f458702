"""The sandbox itself: objects, events and timers, as the resources use them."""

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Any

from payouts.sandbox import events, settings
from payouts.sandbox.clock import Clock
from payouts.sandbox.defaults import blank
from payouts.sandbox.errors import missing
from payouts.sandbox.store import Json, Store, new_id

PLATFORM = "acct_sandboxplatform"


@dataclass(frozen=True, slots=True)
class Cause:
    """The API request that made something happen, as events name it."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Sandbox:
    """One Stripe platform account with its connected accounts, its clock and its events."""

    def __init__(self, configuration: settings.Settings) -> None:
        self.settings = configuration
        self.store = Store(configuration.data)
        self.resets = 0
        self.wake = asyncio.Event()
        self._begin()

    def reset(self) -> None:
        """Forget everything and begin as if newly installed; calls that are being delayed will do nothing."""
        self.store.empty()
        self.resets += 1
        self._begin()

    def _begin(self) -> None:
        self.clock = Clock(self, self.settings.clock_start_s)
        self.knobs = self._remembered_knobs()
        self.cause = Cause()

    def create(
        self,
        kind: str,
        prefix: str,
        /,
        *parts: Json,
        owner: str = "",
        hidden: Json | None = None,
        length: int = 24,
        **values: Any,
    ) -> Json:
        """Make and keep an object of a kind: the blank one with these parts and values."""
        obj = blank(kind)
        if "created" in obj:
            obj["created"] = self.clock.now()
        obj["id"] = new_id(prefix, length)
        for part in (*parts, values):
            obj |= part
        self.store.insert(obj, account=owner, created=self.clock.now(), hidden=hidden)
        return obj

    def get(self, kind: str, object_id: str, *, account: str | None = "", param: str = "id") -> Json:
        """An object of this account; raises StripeError resource_missing."""
        obj = self.store.load(object_id, kind=kind, account=account)
        if obj is None:
            raise missing(kind, object_id, param=param)
        return self.present(obj)

    def present(self, obj: Json) -> Json:
        """Fill in what follows from the time alone: whether a balance transaction's funds are available."""
        if obj.get("object") == "balance_transaction":
            obj["status"] = "available" if obj["available_on"] <= self.clock.now() else "pending"
        return obj

    def save(self, obj: Json, **changes: Any) -> Json:
        """Change an object and keep it."""
        obj.update(changes)
        self.store.update(obj)
        return obj

    def emit(self, event_type: str, obj: Json, *, account: str | None = None, previous: Json | None = None) -> Json:
        """Record an event about an object as it is now and queue its deliveries."""
        account = self.store.account_of(obj["id"]) if account is None else account
        return events.emit(self, event_type, obj, account=account, previous=previous)

    def turn(self, changes: Json) -> None:
        """Change knobs and remember them."""
        self.knobs = settings.turn(self.knobs, changes)
        self.store.set_meta("knobs", json.dumps(asdict(self.knobs)))

    def _remembered_knobs(self) -> settings.Knobs:
        remembered = self.store.meta("knobs")
        return settings.turn(self.settings.knobs, json.loads(remembered)) if remembered else self.settings.knobs


def merge_metadata(old: Json, new: Any) -> Json:
    """Metadata after an update: given keys replace, empty values unset, '' clears (https://docs.stripe.com/api/metadata)."""
    if new == "":
        return {}
    return {key: value for key, value in (old | {k: str(v) for k, v in (new or {}).items()}).items() if value != ""}
