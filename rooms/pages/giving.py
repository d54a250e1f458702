"""What the forms of tips, donations and Stars have in common: one purchase for one form, and where it leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config import clock
from payouts.errors import UnknownCardError
from rooms.breakdowns import Breakdown
from rooms.errors import InvalidFieldsError
from rooms.forms import OperationForm
from rooms.idempotency import Done, hash_of_form, once
from rooms.models import Purchase
from rooms.purchases import checkout
from rooms.studio.access import user_of

CARD_GONE = "This card is no longer saved; choose another way to pay."


def done_once(
    request: HttpRequest, form: OperationForm, *, key: UUID, wanted: Mapping[str, object], do: Callable[[], Done]
) -> UUID | None:
    """Do what a form asks for, once for each form that was shown; the id of what was done.

    None when something has to be changed first: the form then says what, beside each field.

    Raises:
        KeyReusedError: the same form was sent with other values.
        And what `do` raises.
    """
    try:
        done, _ = once(
            user_id=user_of(request).id,
            key=f"form:{key}",
            request_sha256=hash_of_form(request.path, wanted),
            do=do,
            real_now=clock.real_now(),
        )
    except InvalidFieldsError as refusal:
        form.refuse(refusal)
    except UnknownCardError:
        form.add_error("pay_by", CARD_GONE)
    else:
        return done.object_id
    return None


def lead_on(purchase: Purchase) -> HttpResponse:
    """To the card page, or to the purchase's own page when a saved card pays, or while Stripe is away."""
    sale = checkout.go_on(purchase.sale)
    # 303: the card page is fetched, whatever method led here.
    return HttpResponse(
        status=HTTPStatus.SEE_OTHER, headers={"Location": checkout.card_page_of(sale) or purchase.get_absolute_url()}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who would get what, or why that cannot be told yet."""

    problem: str = ""
    quote: Breakdown | None = None


def asked_of(request: HttpRequest) -> dict[str, str]:
    """What a link to a form names: an amount, a currency."""
    asked = {}
    if request.GET.get("amount", "").replace(".", "", 1).isdigit():
        asked["amount"] = request.GET["amount"]
    if request.GET.get("currency") in settings.CURRENCIES:
        asked["currency"] = request.GET["currency"]
    return asked


def amount_faults(form: forms.Form) -> str:
    """What is wrong with what decides the preview of a form, or nothing."""
    return next((str(form.errors[name][0]) for name in ("amount", "currency", "pay_by") if name in form.errors), "")
