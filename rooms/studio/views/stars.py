"""Stars that were given to the creator, and each down to its entries."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from rooms.models import Creator, Room
from rooms.studio import stars
from rooms.studio.access import creator_required, payee_id_of

PAGE_SIZE = 50


@require_safe
@creator_required
def gifts(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Every gift, or those given in one room, newest first."""
    slug = request.GET.get("room", "")
    room = get_object_or_404(Room, slug=slug) if slug else None
    shares = stars.gifts_of(payee_id=creator.payee_id, room=room) if creator.payee_id else ()
    page = Paginator(shares, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "creator": creator,
        "room": room,
        "page": page,
        "gifts": [(share, stars.url_of(share)) for share in page.object_list],
    }
    return render(request, "studio/stars.html", context)


@require_safe
@creator_required
def gift(request: HttpRequest, tip_id: UUID, *, creator: Creator) -> HttpResponse:
    """Explain this cent."""
    found = stars.gift_of(tip_id=tip_id, payee_id=payee_id_of(creator))
    if found is None:
        raise Http404("No Stars of yours have this address")
    return render(request, "studio/star_gift.html", {"creator": creator, "gift": found, "spend": found.share.spend})
