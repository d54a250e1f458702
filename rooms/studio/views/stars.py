"""Stars that were given to the creator, and each down to its entries."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rooms.models import Creator
from rooms.studio import stars
from rooms.studio.access import creator_required, payee_id_of

PAGE_SIZE = 50


@require_safe
@creator_required
def gifts(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Every gift, newest first."""
    page = Paginator(stars.gifts_of(payee_id=payee_id_of(creator)), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"creator": creator, "page": page, "gifts": [(share, stars.url_of(share)) for share in page]}
    return render(request, "studio/stars.html", context)


@require_safe
@creator_required
def gift(request: HttpRequest, tip_id: UUID, *, creator: Creator) -> HttpResponse:
    """Explain this cent."""
    found = stars.gift_of(tip_id=tip_id, payee_id=payee_id_of(creator))
    if found is None:
        raise Http404("No Stars of yours have this address")
    return render(request, "studio/star_gift.html", {"creator": creator, "gift": found, "spend": found.share.spend})
