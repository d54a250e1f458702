"""Everything that the visitor paid for."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import clock
from rooms.purchases.history import bought_by, lines_of
from rooms.studio.access import user_of

PAGE_SIZE = 30


@require_safe
@login_required
@never_cache
def purchases(request: HttpRequest) -> HttpResponse:
    """Tickets, tips, donations, Stars, gifts and subscriptions in one list, with their receipts."""
    page = Paginator(bought_by(user_id=user_of(request).id), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "rooms/purchases.html", {"page": page, "lines": lines_of(page, now=clock.now())})
