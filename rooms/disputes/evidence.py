"""What rooms knows in favour of a disputed sale: who bought, what they accepted, that they came and listened."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Min

from payouts.disputes import evidence
from payouts.models import Dispute
from rooms.live.attendance import seconds_heard
from rooms.models import Attendance, PurchaseRecord, Room, RoomEntry, Ticket, Way
from rooms.purchases import refund_policy

LOG_LINES_MAX = 200


def register() -> None:
    """Tell payouts whom to ask; done once, when the app is ready."""
    evidence.contributes(buyer)
    evidence.contributes(accepted_policy)
    evidence.contributes(purchase)
    evidence.contributes(ticket)


def buyer(dispute: Dispute) -> evidence.Texts:
    """The account that bought."""
    person = dispute.sale.buyer
    if person is None:
        return {}
    return {
        "customer_name": person.display_name,
        "access_activity_log": f"{_utc(person.date_joined)}: opened an account as {person.email}.",
    }


def purchase(dispute: Dispute) -> evidence.Texts:
    """Where it was bought from."""
    record = PurchaseRecord.objects.filter(sale_id=dispute.sale_id).first()
    paid_at = dispute.sale.paid_at
    if record is None:
        return {"access_activity_log": f"{_utc(paid_at)}: paid by card."} if paid_at else {}
    lines = [f"{_utc(record.recorded_at)}: pressed Buy{_from(record.ip, record.user_agent)}."]
    if paid_at:
        lines.append(f"{_utc(paid_at)}: paid by card on Stripe's page.")
    return {"access_activity_log": "\n".join(lines), "customer_purchase_ip": record.ip or ""}


def accepted_policy(dispute: Dispute) -> evidence.Texts:
    """The refund policy, word by word, if it was accepted."""
    record = PurchaseRecord.objects.filter(sale_id=dispute.sale_id).first()
    policy = refund_policy.version(record.refund_policy) if record else None
    if record is None or policy is None:
        return {}
    where = f" from the address {record.ip}" if record.ip else ""
    return {
        "refund_policy_disclosure": (
            f"The buyer was shown the refund policy, version {policy.version}, beside the button that buys, and "
            f"accepted it by pressing that button on {_utc(record.recorded_at)}{where}. Its text:\n\n"
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
        "service_date": f"{room.starts_at.astimezone(UTC):%Y-%m-%d}",
        "product_description": _product(room, found),
        "access_activity_log": "\n".join(_log(room, found, heard_s)),
        "refund_refusal_explanation": _why_no_refund(room, heard_s),
    }


def _product(room: Room, found: Ticket) -> str:
    minutes = round((room.ends_at - room.starts_at).total_seconds() / 60)
    return (
        f"Seat {found.seat.number} in the live-audio room “{room.title}”, hosted by {room.creator.display_name} "
        f"on {_utc(room.starts_at)} for {minutes} minutes at {settings.PUBLIC_URL}{room.get_absolute_url()}. The room "
        "is heard in the browser: nothing is shipped. The ticket admits the buyer's account alone."
    )


def _log(room: Room, found: Ticket, heard_s: int) -> Iterator[str]:
    entries = RoomEntry.objects.filter(room=room, user_id=found.buyer_id).order_by("first_at")
    for entry in entries[:LOG_LINES_MAX]:
        again = f", the last time at {_utc(entry.last_at)}" if entry.last_at > entry.first_at else ""
        yield f"{_utc(entry.first_at)}: entered the room{again}{_from(entry.ip, entry.user_agent)}."
    sessions = Attendance.objects.filter(room=room, user_id=found.buyer_id).order_by("began_at")
    for session in sessions[:LOG_LINES_MAX]:
        yield f"{_utc(session.began_at)}: connected to the room's audio for {session.seconds} seconds."
    yield f"In all the buyer's account was connected to the room's audio for {heard_s} seconds."


def _why_no_refund(room: Room, heard_s: int) -> str:
    if room.cancelled_at is not None:
        return ""
    if heard_s:
        return f"The service was delivered and used: the buyer was connected to the room for {heard_s} seconds."
    spoken = Attendance.objects.filter(room=room, way=Way.PUBLISH).aggregate(first=Min("began_at"))["first"]
    if spoken is None:
        return ""  # nothing to say for a room in which nobody has spoken
    return f"The seat was kept for the buyer alone, and the room took place: its hosts spoke from {_utc(spoken)} on."


def _from(ip: str | None, user_agent: str) -> str:
    parts = [f"address {ip}" if ip else "", f"browser {user_agent}" if user_agent else ""]
    known = ", ".join(filter(None, parts))
    return f" ({known})" if known else ""


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
