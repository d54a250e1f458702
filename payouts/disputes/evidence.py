"""What speaks for us in a dispute: text for Stripe's evidence fields, which other apps fill in.

Payouts knows the charge; what was sold, to whom, and whether they came is known elsewhere. Contributors are called
with the dispute, read only, and answer some of the fields. Several texts for one field follow each other.

Only fields that hold text are here: others want uploaded files. Stripe's limit of 150,000 characters for all fields is
more than the pages that banks take.
Source: https://docs.stripe.com/api/disputes/update#update_dispute-evidence
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import structlog
from django.db import transaction

from payouts.disputes.pages import LINES_MAX, PAGES_MAX, beginning, lines_of, pages_of, printed_lines
from payouts.models import Dispute, SaleChannel

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One of Stripe's text fields: what it is called here, what belongs in it, and how long it may be.

    `if_unknown` says why it is empty where nothing is known; `for_months_alone`: of a subscription's months.
    """

    name: str
    label: str
    help: str
    if_unknown: str = ""
    for_months_alone: bool = False
    max_length: int = 20_000
    is_long: bool = True


FIELDS: Final = (
    Field(name="customer_name", label="Customer's name", help="As they gave it.", max_length=500, is_long=False),
    Field(
        name="customer_email_address", label="Customer's e-mail", help="Where the receipt went.", max_length=500,
        is_long=False,
    ),
    Field(
        name="customer_purchase_ip", label="IP address of the purchase", help="IPv4 or IPv6.", max_length=60,
        is_long=False,
    ),
    Field(
        name="service_date", label="Date of the service", help="When the room took place.", max_length=60,
        is_long=False,
    ),
    Field(name="product_description", label="Product", help="What was sold, and how it is delivered."),
    Field(name="access_activity_log", label="Use", help="When they bought, entered and listened, and from where."),
    Field(
        name="refund_policy_disclosure", label="Refund policy shown", help="Which text, and when it was accepted.",
        if_unknown="Nothing is on record of a policy that the buyer accepted.",
    ),
    Field(name="refund_refusal_explanation", label="Why no refund", help="Why the customer is not entitled to one."),
    Field(
        name="cancellation_policy_disclosure", label="Cancellation policy shown", for_months_alone=True,
        help="Which text, and when it was accepted.",
        if_unknown="Nothing is on record of a policy that the subscriber accepted.",
    ),
    Field(
        name="cancellation_rebuttal", label="Cancellation", for_months_alone=True,
        help="Whether the subscriber had cancelled when the month was charged.",
        if_unknown="An end of the subscription was set by then.",
    ),
    Field(name="duplicate_charge_explanation", label="Not a duplicate", help="What the other payment was for."),
    Field(name="uncategorized_text", label="Anything else", help="The receipt, and the story in a few sentences."),
)  # fmt: skip
BY_NAME: Final = {field.name: field for field in FIELDS}

Texts: TypeAlias = Mapping[str, str]
Contributor: TypeAlias = Callable[[Dispute], Texts]
C = TypeVar("C", bound=Contributor)
_contributors: list[Contributor] = []


def contributes(contributor: C) -> C:
    """Register a contributor once; usable as a decorator."""
    if contributor not in _contributors:
        _contributors.append(contributor)
    return contributor


def fields_for(dispute: Dispute) -> tuple[Field, ...]:
    """The fields that can apply to what was sold, or have something in them already."""
    months = dispute.sale.channel == SaleChannel.INVOICE
    return tuple(each for each in FIELDS if months or not each.for_months_alone or dispute.evidence.get(each.name))


def labelled(texts: Texts) -> list[tuple[str, str]]:
    """Evidence below the fields' names for people, in the order of `FIELDS`."""
    return [(field.label, texts[field.name]) for field in FIELDS if texts.get(field.name)]


class EvidenceError(ValueError):
    """Evidence that Stripe would not take; `field` is where, empty for all of it together."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def gathered(dispute: Dispute) -> dict[str, str]:
    """All that is known in favour of a sale, cut to Stripe's limits, by field in the order of `FIELDS`.

    A contributor that fails is logged and left out: less evidence is better than none by the bank's date.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for contributor in _contributors:
        for name, text in _asked(contributor, dispute).items():
            if text.strip():
                texts[name].append(text.strip())
    fitting = {field.name: _fitting("\n\n".join(texts[field.name]), field) for field in FIELDS if texts[field.name]}
    return _within_pages(fitting)


def _asked(contributor: Contributor, dispute: Dispute) -> Texts:
    try:
        with transaction.atomic():
            texts = contributor(dispute)
        _check_names(texts)
    except Exception:
        log.exception("evidence.left_out", contributor=contributor.__name__, dispute_id=dispute.id)
        return {}
    return texts


CUT: Final = "\n[… shortened]"


def _fitting(text: str, field: Field) -> str:
    return text if len(text) <= field.max_length else text[: field.max_length - len(CUT)] + CUT


def _within_pages(texts: dict[str, str]) -> dict[str, str]:
    """The longest texts give way first, which are logs; names and dates stay."""
    texts = dict(texts)
    while (excess := lines_of(texts) - LINES_MAX) > 0:
        longest = max(texts, key=lambda name: printed_lines(texts[name]))
        keep = max(printed_lines(texts[longest]) - excess - printed_lines(CUT), 0)
        texts[longest] = beginning(texts[longest], lines=keep) + CUT
    return texts


def checked(texts: Texts) -> dict[str, str]:
    """Evidence as finance wrote it, without empty fields, in the order of `FIELDS`.

    Raises:
        EvidenceError: a field that is not one, or too much text; it says how much.
    """
    _check_names(texts)
    kept = {field.name: texts[field.name].strip() for field in FIELDS if texts.get(field.name, "").strip()}
    for name, text in kept.items():
        if len(text) > BY_NAME[name].max_length:
            raise EvidenceError(
                f"{BY_NAME[name].label} has {len(text):,} characters; shorten it to {BY_NAME[name].max_length:,}",
                field=name,
            )
    if (pages := pages_of(kept)) > PAGES_MAX:
        raise EvidenceError(f"All fields together make {pages} pages; banks take {PAGES_MAX}. Shorten the longest")
    return kept


def _check_names(texts: Texts) -> None:
    unknown = set(texts) - set(BY_NAME)
    if unknown:
        raise EvidenceError(f"{min(unknown)!r} is not a text field of Stripe's evidence", field=min(unknown))
