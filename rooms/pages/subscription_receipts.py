"""The receipt of one payment for a subscription: what was paid, for which time, and who got what."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import clock
from rooms import breakdowns
from rooms.conversions import rate_of
from rooms.errors import SubscriptionNotFoundError
from rooms.refunds.shown import refunds_shown
from rooms.studio.access import user_of
from rooms.subscriptions import queries
from rooms.subscriptions.operations import own


@require_safe
@login_required
@never_cache
def receipt(request: HttpRequest, subscription_id: UUID, invoice_id: UUID) -> HttpResponse:
    """Where nothing was charged there is no receipt: the subscription's page says why."""
    try:
        found = own(subscription_id=subscription_id, subscriber_id=user_of(request).id)
    except SubscriptionNotFoundError as error:
        raise Http404(str(error)) from error
    invoice = queries.invoice_of(billing_id=found.billing_id, invoice_id=invoice_id)
    if invoice is None:
        raise Http404("There is no such receipt")
    sale = invoice.sale
    if sale is None:
        return redirect(found)
    context = {
        "subscription": found,
        "creator": found.creator,
        "invoice": invoice,
        "sale": sale,
        "is_change": invoice.reason == "subscription_update",
        "paid": breakdowns.receipt_of(sale_id=sale.id),
        "exchange_rate": rate_of(sale),
        "refunds": refunds_shown(sale, now=clock.now()),
    }
    return render(request, "rooms/subscription_receipt.html", context)
