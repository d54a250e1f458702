"""What the forms of tips, donations and Stars have in common: one purchase for one form, and where it leads."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from config import clock
from rooms.idempotency import Done, hash_of_form, once
from rooms.models import Purchase
from rooms.purchases import checkout
from rooms.studio.access import user_of

CARD_GONE = "This card is no longer saved; choose another way to pay."


def done_once(request: HttpRequest, *, key: UUID, wanted: Mapping[str, object], do: Callable[[], Done]) -> UUID:
    """Do what a form asks for, once for each form that was shown; the id of what was done.

    Raises:
        KeyReusedError: the same form was sent with other values.
        And what `do` raises.
    """
    done, _ = once(
        user_id=user_of(request).id,
        key=f"form:{key}",
        request_sha256=hash_of_form(request.path, wanted),
        do=do,
        real_now=clock.real_now(),
    )
    return done.object_id


def lead_on(purchase: Purchase) -> HttpResponse:
    """To the card page, or to the purchase's own page when a saved card pays, or while Stripe is away."""
    sale = checkout.go_on(purchase.sale)
    # 303: the card page is fetched, whatever method led here.
    return HttpResponse(
        status=HTTPStatus.SEE_OTHER, headers={"Location": checkout.card_page_of(sale) or purchase.get_absolute_url()}
    )
