"""Events as Stripe's API lists them, in the form in which the endpoints would have let them in.

Stripe keeps events for 30 days. Source: https://docs.stripe.com/api/events/list and
https://docs.stripe.com/api/v2/core/events/list
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from payouts.gateway.client import client
from payouts.gateway.failures import translated
from payouts.inbox.incoming import IncomingEvent

PAGE = 100
KEPT_FOR_DAYS = 30
_FETCHED_ONLY = frozenset({"data", "changes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Some events, newest first; `last_id` is where the next page begins."""

    items: tuple[IncomingEvent, ...]
    has_more: bool
    last_id: str = ""


def snapshot_events(*, account: str, since: datetime, until: datetime, after_id: str = "") -> EventPage:
    """One page of the platform's events, or of a connected account's, created in [since, until).

    Raises StripeUnavailableError or StripeRefusedError.
    """
    params: stripe.params.EventListParams = {
        "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
        "limit": PAGE,
    }
    if after_id:
        params["starting_after"] = after_id
    with translated():
        listed = client().v1.events.list(params, {"stripe_account": account} if account else {})
        items = tuple(_snapshot(event, account) for event in listed.data)
    return EventPage(items=items, has_more=listed.has_more, last_id=listed.data[-1].id if listed.data else "")


def thin_events(*, since: datetime, until: datetime) -> EventPage:
    """All thin events created in [since, until): there are few, and v2 lists have no id to go on from.

    Raises StripeUnavailableError or StripeRefusedError.
    """
    within = {"gte": _iso(since), "lt": _iso(until)}
    with translated():
        listed = client().v2.core.events.list({"created": {"gte": within["gte"], "lt": within["lt"]}, "limit": PAGE})
        items = tuple(_thin(event) for event in listed.auto_paging_iter())
    return EventPage(items=items, has_more=False)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bytes(event: stripe.StripeObject, without: Iterable[str] = ()) -> bytes:
    found = {key: value for key, value in event.to_dict(for_json=True).items() if key not in without}
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def _snapshot(event: stripe.Event, account: str) -> IncomingEvent:
    inside = event.data.object
    return IncomingEvent(
        id=event.id,
        kind="snapshot",
        type=event.type,
        object_id=str(inside["id"]) if "id" in inside else event.id,
        account=account,
        api_version=event.api_version or "",
        livemode=event.livemode,
        created_at=datetime.fromtimestamp(event.created, UTC),
        raw=_bytes(event),
    )


def _thin(event: "stripe.v2.core.Event") -> IncomingEvent:
    related = getattr(event, "related_object", None)
    return IncomingEvent(
        id=event.id,
        kind="thin",
        type=event.type,
        object_id=getattr(related, "id", "") or event.id,
        account=str(getattr(event, "context", None) or ""),
        api_version="",
        livemode=event.livemode,
        created_at=datetime.fromisoformat(event.created),
        raw=_bytes(event, without=_FETCHED_ONLY),
    )
