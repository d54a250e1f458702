"""Building blocks of pages: icons, the current page in a menu, times, and the bar of who gets what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config import clock
from rooms import shares, wording
from rooms.models import Room
from rooms.purchases import refund_policy as policies

register = template.Library()

BAR_WIDTH = 1000
GIFTS = {"tip", "donation", "gift"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One receiver in "who gets what". `look` names its colour: 1 to 4 for payees, `platform`, `processor`.

    `given_minor` of the amount went back since.
    """

    label: str
    amount_minor: int
    look: str
    note: str = ""
    given_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What is left; below zero where somebody bears what others have lost."""
        return self.amount_minor - self.given_minor


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon drawn in the text's colour; the words beside it say what it means, so readers skip it."""
    return mark_safe(render_to_string(f"rooms/icons/{name}.svg").strip())  # noqa: S308 (our own file)


@register.simple_tag(takes_context=True)
def current(context: template.Context, path: str, *, exact: bool = False) -> SafeString | str:
    """`aria-current` for a link to the page we are on, or to a section that we are in."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return ""
    if request.path == path:
        return mark_safe(' aria-current="page"')
    if not exact and request.path.startswith(path):
        return mark_safe(' aria-current="true"')
    return ""


@register.simple_tag
def when(moment: datetime, how: str = "time") -> SafeString:
    """A moment as a `time` element: `day` (26 Nov 2026), or `time` with the hour in UTC, made local by script."""
    moment = timezone.localtime(moment, timezone=timezone.get_default_timezone())
    text = date_format(moment, "j M Y" if how == "day" else "D j M Y, H:i")
    return format_html(
        '<time datetime="{}" data-show="{}">{}{}</time>', moment.isoformat(), how, text, "" if how == "day" else " UTC"
    )


@register.filter
def listed(names: Sequence[str]) -> str:
    """Names as a list in words: `A, B and C`."""
    return wording.listed(names)


@register.filter
def hosts(room: Room) -> list[str]:
    """Names of those who host a room, host first; reads what `shares.sharers_of` reads."""
    return [sharer.creator.display_name for sharer in shares.sharers_of(room)]


@register.inclusion_tag("rooms/components/breakdown.html")
def breakdown(
    parts: Sequence[Part], total_minor: int, currency: str, total_label: str = "Listener pays"
) -> dict[str, Any]:
    """Who gets what of `total_minor`: a bar, and a list that says the same in figures. Parts must sum to the total."""
    bars, start = [], 0
    for part in parts:
        end = start + max(part.amount_minor, 0)
        left, right = (BAR_WIDTH * edge // max(total_minor, 1) for edge in (start, end))
        bars.append({"x": left, "width": max(right - left - 4, 2), "look": part.look})
        start = end
    return {
        "parts": parts,
        "bars": bars,
        "total_minor": total_minor,
        "currency": currency,
        "total_label": total_label,
        "bar_width": BAR_WIDTH,
    }


@register.inclusion_tag("rooms/components/refund_policy.html")
def refund_policy(product: str) -> dict[str, Any]:
    """Inside a buy form: the policy's text, and the field that says which version was accepted."""
    policy = policies.in_force(clock.now().date())
    return {"policy": policy, "text": policy.text(product), "verb": "giving" if product in GIFTS else "buying"}
