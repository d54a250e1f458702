"""What a room to be scheduled must look like, said field by field."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from rooms.errors import InvalidFieldsError
from rooms.models import Creator
from rooms.scheduling import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class CoHostSpec:
    """A creator to invite and their weight in the split."""

    creator_id: UUID
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A room as asked for, before anything is stored."""

    creator_id: UUID
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    price_minor: int
    currency: str
    host_weight: int
    cohosts: tuple[CoHostSpec, ...]
    sells_tickets: bool = True
    open_to_subscribers: bool = False


def check(draft: Draft, *, now: datetime) -> None:
    """Collect every fault at once, so that a form shows all of them.

    Raises:
        InvalidFieldsError: one message or more by field.
    """
    errors = {
        "title": _title(draft),
        "description": _description(draft),
        "starts_at": _starts_at(draft, now=now),
        "ends_at": _ends_at(draft),
        "capacity": _capacity(draft),
        "price": _price(draft),
        "host_weight": [] if draft.host_weight >= 1 else ["The host's part in the split is at least 1."],
        "cohosts": _cohosts(draft),
        "ways_in": _ways_in(draft),
    }
    found = {field: messages for field, messages in errors.items() if messages}
    if found:
        raise InvalidFieldsError(found)


def _title(draft: Draft) -> list[str]:
    if 1 <= len(draft.title) <= limits.TITLE_MAX:
        return []
    return [f"Give the room a title of 1 to {limits.TITLE_MAX} characters."]


def _description(draft: Draft) -> list[str]:
    if len(draft.description) <= limits.DESCRIPTION_MAX:
        return []
    return [f"Use at most {limits.DESCRIPTION_MAX} characters; these are {len(draft.description)}."]


def _starts_at(draft: Draft, *, now: datetime) -> list[str]:
    return [] if draft.starts_at > now else ["The start has to be in the future."]


def _ends_at(draft: Draft) -> list[str]:
    if draft.ends_at <= draft.starts_at:
        return ["The end has to be after the start."]
    if draft.ends_at - draft.starts_at > limits.DURATION_MAX:
        hours = int(limits.DURATION_MAX.total_seconds() // 3600)
        return [f"A room lasts at most {hours} hours."]
    return []


def _capacity(draft: Draft) -> list[str]:
    if 1 <= draft.capacity <= limits.CAPACITY_MAX:
        return []
    return [f"A room has 1 to {limits.CAPACITY_MAX:,} seats."]


def _price(draft: Draft) -> list[str]:
    if draft.currency not in settings.CURRENCIES:
        return [f"Tickets are sold in {', '.join(settings.CURRENCIES)}; {draft.currency} is not among them."]
    return limits.PRICE.faults(draft.price_minor, draft.currency)


def _ways_in(draft: Draft) -> list[str]:
    if not draft.sells_tickets and not draft.open_to_subscribers:
        return ["Nobody could come in: sell tickets, or open the room to your subscribers."]
    if draft.open_to_subscribers and not draft.sells_tickets and draft.cohosts:
        return ["Subscribers pay their creator alone, so a room for them only has no co-hosts. Sell tickets too."]
    return []


def _cohosts(draft: Draft) -> list[str]:
    ids = [spec.creator_id for spec in draft.cohosts]
    messages = []
    if len(ids) > limits.COHOSTS_MAX:
        messages.append(f"A room has at most {limits.COHOSTS_MAX} co-hosts.")
    if any(count > 1 for count in Counter(ids).values()):
        messages.append("Name each co-host once.")
    if draft.creator_id in ids:
        messages.append("You host the room, so you cannot co-host it too.")
    if any(spec.weight < 1 for spec in draft.cohosts):
        messages.append("Each co-host's part in the split is at least 1.")
    if Creator.objects.filter(id__in=ids).count() != len(set(ids)):
        messages.append("One of the co-hosts is not a creator here.")
    return messages
