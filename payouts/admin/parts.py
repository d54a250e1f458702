"""What all these admin pages share: read-only, amounts and JSON for people, links to what belongs together."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.utils import display_for_label

from ledger.currencies import major

EMPTY = "-"


def money(amount_minor: int | None, currency: str) -> str:
    """An amount for people: "10.00 USD"."""
    return EMPTY if amount_minor is None else f"{major(amount_minor, currency)}\u00a0{currency}"  # never wrapped


def badge(state: str, words: str, colours: Mapping[Any, str]) -> SafeString:
    """A state in words, on its colour (one of unfold's label types)."""
    return cast("SafeString", display_for_label((state, words), EMPTY, colours))


def link(name: str, text: object, *arguments: object, **query: str) -> SafeString:
    """A link to an admin page; ids are quoted as the admin wants them."""
    url = reverse(f"admin:{name}", args=[quote(str(argument)) for argument in arguments], query=query or None)
    return format_html('<a class="text-primary-600 dark:text-primary-500 underline" href="{}">{}</a>', url, text)


def ledger_link(subject: str) -> SafeString:
    """The ledger's transactions about something."""
    return link("ledger_transaction_changelist", "Show in the ledger", q=subject)


def beginning(text: str, length: int = 14) -> str:
    """For a list, whose columns must fit on a screen: the beginning of an id, or of a reason."""
    return Truncator(text).chars(length)


def breakable(text: str) -> SafeString:
    """A long word that may break anywhere."""
    return format_html('<span style="overflow-wrap:anywhere">{}</span>', text)


def wrapped(text: str, *, title: str) -> SafeString:
    """Words in a table's cell that may go on in a second line; `title` comes with the pointer."""
    return format_html('<span style="white-space:normal" title="{}">{}</span>', title, text)


def pretty(data: object) -> SafeString:
    """JSON, indented, in a box that scrolls by itself."""
    text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
    return format_html(
        '<pre class="text-xs leading-5 p-3 rounded bg-base-50 dark:bg-base-800" '
        'style="max-height:32rem;max-width:100%;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere">{}</pre>',
        text,
    )


def _cells(cell: str, contents: Iterable[object]) -> SafeString:
    """With space between, and none after the last, which would make a table that just fits too wide."""
    *others, last = contents
    return format_html_join("", cell, [*(("pr-6 ", each) for each in others), ("", last)])


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> SafeString:
    """A small table inside a page."""
    head = _cells('<th class="text-left font-medium {}pb-1">{}</th>', heads)
    cells = ([_cells('<td class="{}py-1 align-top whitespace-nowrap">{}</td>', row)] for row in rows)
    body = format_html_join("", "<tr>{}</tr>", cells)
    return format_html(
        '<div style="overflow-x:auto;max-width:calc(100vw - 5rem)"><table class="text-sm">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        head,
        body,
    )
