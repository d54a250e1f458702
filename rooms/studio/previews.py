"""Who would get what of a ticket, while the room is still being typed in."""

from dataclasses import dataclass
from datetime import datetime

from payouts.sales.queries import Quote, quote
from payouts.sales.shares import ShareSpec
from rooms.models import Creator
from rooms.models.room import DEFAULT_POLICY
from rooms.scheduling.limits import TICKET_PRICE_MINOR
from rooms.studio.forms import RoomForm
from rooms.studio.words import formula_words
from rooms.templatetags.ui import Part

WHAT_COUNTS = "What counts is what Stripe really takes of each card; the sale then shows both."
ODD_CENTS = " What cannot be shared evenly goes round from sale to sale."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The parts of one ticket's price, or why they cannot be told yet."""

    problem: str = ""
    parts: tuple[Part, ...] = ()
    total_minor: int = 0
    currency: str = ""
    words: str = ""


def preview(*, creator: Creator, form: RoomForm, now: datetime) -> Preview:
    """The split at the price and with the co-hosts typed so far; other fields may still be empty or wrong."""
    form.is_valid()
    for name in ("price", "currency", "cohosts"):
        if name in form.errors:
            return Preview(problem=str(form.errors[name][0]))
    price_minor, currency = form.cleaned_data["price_minor"], form.cleaned_data["currency"]
    low, high = TICKET_PRICE_MINOR[currency]
    if not low <= price_minor <= high:
        return Preview(problem="Type a price to see who gets what of it.")
    people = [creator, *(cohost for cohost in form.cleaned_data["cohosts"] if cohost.id != creator.id)]
    # Somebody who is no payee yet stands in the sum under their own id.
    shares = [ShareSpec(payee_id=person.payee_id or person.id) for person in people]
    found = quote(price_minor=price_minor, currency=currency, shares=shares, policy_slug=DEFAULT_POLICY, now=now)
    return Preview(
        parts=(*_people(people, found), *_others(found)),
        total_minor=found.charge_minor,
        currency=currency,
        words=WHAT_COUNTS + (ODD_CENTS if len(people) > 1 else ""),
    )


def _people(people: list[Creator], found: Quote) -> list[Part]:
    return [
        Part(
            label="You" if position == 0 else person.display_name,
            amount_minor=share.amount_minor,
            look=str(position % 4 + 1),
        )
        for position, (person, share) in enumerate(zip(people, found.shares, strict=True))
    ]


def _others(found: Quote) -> tuple[Part, Part]:
    formula = next(line.formula for line in found.formula if line.label == "Platform fee")
    return (
        Part(
            label="Obole",
            amount_minor=found.platform_fee_minor,
            look="platform",
            note=formula_words(formula.partition(": ")[2], found.currency),
        ),
        Part(
            label="Card processing",
            amount_minor=found.processing_recovered_minor,
            look="processor",
            note="Stripe's published rate",
        ),
    )
