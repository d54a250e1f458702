"""What each figure is made of, down to one sale."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import clock
from ledger import accounts
from payouts.queries import sales_of
from rooms.models import Creator
from rooms.studio.access import creator_required, payee_id_of
from rooms.studio.figures import STAGES, more_parts, rows_of
from rooms.studio.overview import amounts_of
from rooms.studio.sale_lines import sale_lines
from rooms.studio.trail import trail_of

PAGE_SIZE = 50


@require_safe
@creator_required
def stage(request: HttpRequest, stage: str, currency: str, *, creator: Creator) -> HttpResponse:
    """One figure, and the parts that sum to it."""
    if stage not in STAGES or len(currency) != 3 or not currency.isupper():
        raise Http404("There is no such figure")
    if creator.payee_id is None:
        empty = Paginator((), PAGE_SIZE).get_page(1)
        context = {"creator": creator, "stage": STAGES[stage], "currency": currency, "amount_minor": 0, "page": empty}
        return render(request, "studio/stage.html", context)
    payee_id = creator.payee_id
    rows, show = rows_of(stage=stage, payee_id=payee_id, currency=currency)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "creator": creator,
        "stage": STAGES[stage],
        "currency": currency,
        "amount_minor": amounts_of(payee_id=payee_id).get(currency, {}).get(stage, 0),
        "page": page,
        "parts": [
            *(more_parts(stage=stage, payee_id=payee_id, currency=currency) if page.number == 1 else ()),
            *(show(row) for row in page),
        ],
        "signed": stage == "available",
        "account": accounts.payable(payee_id, "in_transit" if stage == "paid" else stage),  # type: ignore[arg-type]
    }
    return render(request, "studio/stage.html", context)


@require_safe
@creator_required
def sales(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Every paid sale that this creator shares in."""
    shares = sales_of(payee_id=creator.payee_id) if creator.payee_id else ()
    page = Paginator(shares, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"creator": creator, "page": page, "sales": sale_lines(page.object_list)}
    return render(request, "studio/sales.html", context)


@require_safe
@creator_required
def sale(request: HttpRequest, sale_id: UUID, *, creator: Creator) -> HttpResponse:
    """Explain this cent."""
    trail = trail_of(sale_id=sale_id, payee_id=payee_id_of(creator), now=clock.now())
    if trail is None:
        raise Http404("No sale of yours has this address")
    return render(request, "studio/sale.html", {"creator": creator, "trail": trail, "sale": trail.sale})
