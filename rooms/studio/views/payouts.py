"""Payouts, and the way of each to the bank."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payouts.queries import payouts_of
from rooms.models import Creator
from rooms.studio import payout_trail
from rooms.studio.access import creator_required, payee_id_of
from rooms.studio.entries import about

PAGE_SIZE = 50


@require_safe
@creator_required
def mine(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Every payout, latest first."""
    found = payouts_of(payee_id=creator.payee_id) if creator.payee_id else ()
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "studio/payouts.html", {"creator": creator, "page": page})


@require_safe
@creator_required
def payout(request: HttpRequest, payout_id: UUID, *, creator: Creator) -> HttpResponse:
    """One payout: its steps, what it carried, its entries."""
    found = payout_trail.payout_of(payout_id=payout_id, payee_id=payee_id_of(creator))
    if found is None:
        raise Http404("No payout of yours has this address")
    context = {
        "creator": creator,
        "payout": found,
        "steps": payout_trail.steps_of(found),
        "carried": payout_trail.carried(found),
        "transactions": about(subject=found.ledger_subject, names={str(found.payee_id): creator.display_name}),
    }
    return render(request, "studio/payout.html", context)
