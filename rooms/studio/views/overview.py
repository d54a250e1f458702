"""The studio's first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import clock
from payouts.queries import sales_of
from rooms.models import Creator
from rooms.studio.access import creator_required
from rooms.studio.overview import overview_of
from rooms.studio.sale_lines import sale_lines

LATEST = 8


@require_safe
@creator_required
def overview(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """What is pending, available, on its way and paid; the next payout; the latest sales."""
    payee = creator.payee
    latest = sales_of(payee_id=payee.id)[:LATEST] if payee else ()
    context = {
        "creator": creator,
        "overview": overview_of(payee=payee, now=clock.now()),
        "sales": sale_lines(latest),
    }
    return render(request, "studio/overview.html", context)
