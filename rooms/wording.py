"""Sentences that are put together from data, in the language of the page."""

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; comma and conjunction are Django's own, translated."""
    return get_text_list(list(names), gettext("and"))
