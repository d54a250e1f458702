"""Who may come in, once a story is over: those whose money is here, and nobody whose money went back."""

from collections.abc import Iterator
from uuid import UUID

from payouts.disputes.queries import is_charged_back
from payouts.models import (
    TOO_LATE,
    BillingInvoice,
    BillingState,
    RefundState,
    Sale,
)
from payouts.refunds.queries import is_kept
from payouts.subscriptions.learning import LOST_ITS_PAYER, STATES
from rooms.models import ACTIVE_STATES, Gift, RoomCancellation, Seat, Subscription, Ticket, TicketState
from rooms.refunds.progress import progress_of
from tests.payouts.stripe_driver import Sandbox


def assert_doors_follow_the_money() -> None:
    """Tickets, gifts and subscriptions open nothing whose money went back; gifts open what is paid for."""
    assert list(_open_for_nothing()) == []
    shut = Gift.objects.filter(paid_at__isnull=False, cut_off_at__isnull=False).select_related("sale")
    assert [gift for gift in shut if is_kept(sale_id=gift.sale_id)] == []
    for seat_id, taken in Seat.objects.values_list("id", "taken"):
        assert Ticket.objects.filter(seat_id=seat_id, state__in=ACTIVE_STATES).count() == taken


def assert_months_are_as_stripe_has_them(sandbox: Sandbox) -> None:
    """Every subscription has Stripe's state and price, and opens doors by its own."""
    for found in Subscription.objects.select_related("billing__price", "plan"):
        billing = found.billing
        assert (found.state, found.plan.subject) == (billing.state, billing.price.subject)
        if billing.stripe_subscription_id:
            told = sandbox.client.v1.subscriptions.retrieve(billing.stripe_subscription_id)
            ended_unpaid = told.status == "canceled" and billing.end_reason == LOST_ITS_PAYER
            assert billing.state == (BillingState.ENDED if ended_unpaid else STATES[told.status])
            assert billing.price.stripe_price_id == told["items"].data[0].price.id


def waiting_rooms() -> list[UUID]:
    """Cancelled rooms that have still something to give back, or a hold to end."""
    rooms = RoomCancellation.objects.values_list("room_id", flat=True)
    found = {room_id: progress_of(room_id=room_id) for room_id in rooms}
    return [room_id for room_id, progress in found.items() if progress.holds or progress.waiting or progress.asked]


def _is_gone(sale: Sale) -> bool:
    """Whether a paid sale's money went back by refunds, or a bank holds it or has taken it."""
    if sale.state in TOO_LATE or is_charged_back(sale_id=sale.id):
        return True
    refunds = sale.refunds.filter(state__in=(RefundState.MADE, RefundState.POSTED))
    return sum(each.amount_minor for each in refunds) >= sale.charge_minor


def _open_for_nothing() -> Iterator[str]:
    for ticket in Ticket.objects.filter(state=TicketState.VALID).select_related("sale"):
        if _is_gone(ticket.sale):
            yield str(ticket)
    for gift in Gift.objects.filter(paid_at__isnull=False, cut_off_at__isnull=True).select_related("sale"):
        if _is_gone(gift.sale):
            yield str(gift)
    for found in Subscription.objects.filter(cut_off_at__isnull=True):
        paid = BillingInvoice.objects.filter(subscription_id=found.billing_id, sale__isnull=False)
        month = paid.select_related("sale").order_by("period_ends_at", "paid_at").last()
        if month is not None and month.sale is not None and _is_gone(month.sale):
            yield str(found)
