"""`{% money 911 "USD" %}`: amounts in integer minor units, shown by ISO exponent."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rooms import currencies

register = template.Library()


@register.simple_tag
def money(amount_minor: int, currency: str, *, signed: bool = False) -> SafeString:
    """The amount as a `data` element, whose value machines can read; `signed=True` writes a plus too."""
    return format_html(
        '<data class="money" value="{} {}">{}</data>',
        currencies.decimal_text(amount_minor, currency),
        currency,
        currencies.money_text(amount_minor, currency, signed=signed),
    )


@register.simple_tag
def money_text(amount_minor: int, currency: str, *, signed: bool = False) -> str:
    """The amount as plain text, for titles, labels and mails."""
    return currencies.money_text(amount_minor, currency, signed=signed)
