"""What rooms knows in favour of a disputed sale: who bought, what they accepted, that they came and listened."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Min

from payouts.disputes import evidence
from payouts.models import BillingInvoice, Dispute, SaleChannel
from rooms.disputes import giving, months
from rooms.disputes.words import audio_in_all, came_from, day, entries, spell, utc
from rooms.live.attendance import seconds_heard
from rooms.models import Attendance, PurchaseRecord, Room, SubscriptionRecord, Ticket, Way
from rooms.purchases import refund_policy

LOG_LINES_MAX = 200
HOW_PAID = {
    SaleChannel.CHECKOUT: "paid by card on Stripe's page",
    SaleChannel.CARD: "paid with the card that the buyer had saved with Stripe",
    SaleChannel.INVOICE: "charged to the card that the buyer gave for the subscription",
}


def register() -> None:
    """Tell payouts whom to ask; done once, when the app is ready."""
    evidence.contributes(buyer)
    evidence.contributes(accepted_policy)
    evidence.contributes(purchase)
    evidence.contributes(ticket)
    evidence.contributes(months.subscription)
    evidence.contributes(months.gift)
    evidence.contributes(giving.tip)
    evidence.contributes(giving.donation)
    evidence.contributes(giving.stars)


def buyer(dispute: Dispute) -> evidence.Texts:
    """The account that bought."""
    person = dispute.sale.buyer
    if person is None:
        return {}
    return {
        "customer_name": person.display_name,
        "access_activity_log": f"{utc(person.date_joined)}: opened an account as {person.email}.",
    }


def record_of(dispute: Dispute) -> PurchaseRecord | SubscriptionRecord | None:
    """Where it was bought and what was accepted: of a month, where its subscription was."""
    invoice = BillingInvoice.objects.filter(sale_id=dispute.sale_id).first()
    if invoice is not None:
        return SubscriptionRecord.objects.filter(subscription__billing_id=invoice.subscription_id).first()
    return PurchaseRecord.objects.filter(sale_id=dispute.sale_id).first()


def purchase(dispute: Dispute) -> evidence.Texts:
    """Where it was bought from."""
    record, sale = record_of(dispute), dispute.sale
    lines = []
    if record is not None:
        pressed = "Subscribe" if isinstance(record, SubscriptionRecord) else "Buy"
        lines.append(f"{utc(record.recorded_at)}: pressed {pressed}{came_from(record.ip, record.user_agent)}.")
    if sale.paid_at:
        lines.append(f"{utc(sale.paid_at)}: {HOW_PAID[SaleChannel(sale.channel)]}.")
    return {"access_activity_log": "\n".join(lines), "customer_purchase_ip": (record.ip or "") if record else ""}


def accepted_policy(dispute: Dispute) -> evidence.Texts:
    """The refund policy, word by word, if it was accepted."""
    record = record_of(dispute)
    policy = refund_policy.version(record.refund_policy) if record else None
    if record is None or policy is None:
        return {}
    where = f" from the address {record.ip}" if record.ip else ""
    return {
        "refund_policy_disclosure": (
            f"The buyer was shown the refund policy, version {policy.version}, beside the button that buys, and "
            f"accepted it by pressing that button on {utc(record.recorded_at)}{where}. Its text:\n\n"
            f"{policy.text(dispute.sale.product)}"
        )
    }


def ticket(dispute: Dispute) -> evidence.Texts:
    """The room, whether it took place, and how long the buyer heard it."""
    found = Ticket.objects.select_related("room__creator", "seat").filter(sale_id=dispute.sale_id).first()
    if found is None:
        return {}
    room = found.room
    heard_s = seconds_heard(room_id=room.id, user_id=found.buyer_id)
    return {
        "service_date": day(room.starts_at),
        "product_description": _product(room, found),
        "access_activity_log": "\n".join(_log(room, found, heard_s)),
        "refund_refusal_explanation": _why_no_refund(room, heard_s),
    }


def _product(room: Room, found: Ticket) -> str:
    minutes = round((room.ends_at - room.starts_at).total_seconds() / 60)
    return (
        f"Seat {found.seat.number} in the live-audio room “{room.title}”, hosted by {room.creator.display_name} "
        f"on {utc(room.starts_at)} for {minutes} minutes at {settings.PUBLIC_URL}{room.get_absolute_url()}. The room "
        "is heard in the browser: nothing is shipped. The ticket admits the buyer's account alone."
    )


def _log(room: Room, found: Ticket, heard_s: int) -> Iterator[str]:
    yield from entries([room], user_id=found.buyer_id)
    sessions = Attendance.objects.filter(room=room, user_id=found.buyer_id).order_by("began_at")
    for session in sessions[:LOG_LINES_MAX]:
        if session.seconds:
            yield f"{utc(session.began_at)}: connected to the room's audio for {spell(session.seconds)}."
    yield from audio_in_all(heard_s)


def _why_no_refund(room: Room, heard_s: int) -> str:
    if room.cancelled_at is not None:
        return ""
    if heard_s:
        return f"The service was delivered and used: the buyer was connected to the room for {spell(heard_s)}."
    spoken = Attendance.objects.filter(room=room, way=Way.PUBLISH).aggregate(first=Min("began_at"))["first"]
    if spoken is None:
        return ""  # nothing to say for a room in which nobody has spoken
    return f"The seat was kept for the buyer alone, and the room took place: its hosts spoke from {utc(spoken)} on."
