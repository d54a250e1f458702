"""What speaks for us when a tip, a donation or a pack of Stars is disputed."""

from django.conf import settings

from payouts.disputes import evidence
from payouts.models import Dispute
from rooms.currencies import money_text
from rooms.disputes.words import audio_in_all, day, entries, utc
from rooms.live.attendance import seconds_heard
from rooms.models import Donation, Room, StarOrder, StarTip, Tip

GIVEN_MAX = 200


def tip(dispute: Dispute) -> evidence.Texts:
    """To whom it was given, and that the giver was in the room."""
    found = Tip.objects.select_related("creator", "room").filter(sale_id=dispute.sale_id).first()
    if found is None:
        return {}
    where = f" in the live-audio room “{found.room.title}”" if found.room else ""
    described = (
        f"A tip of {_paid(dispute)} to {found.creator.display_name}{where}, given freely; there is nothing to be "
        f"delivered. {_said(found.message)}"
    )
    return _given(dispute, described, found.room)


def donation(dispute: Dispute) -> evidence.Texts:
    """To which charity it went, and that the giver was in the room."""
    found = Donation.objects.select_related("charity", "room").filter(sale_id=dispute.sale_id).first()
    if found is None:
        return {}
    number = f" (registration number {found.charity.registration})" if found.charity.registration else ""
    described = (
        f"A donation of {_paid(dispute)} to {found.charity.name}{number}, made in the live-audio room "
        f"“{found.room.title}”. It goes to the charity whole, and a receipt was issued. {_said(found.message)}"
    )
    return _given(dispute, described, found.room)


def stars(dispute: Dispute) -> evidence.Texts:
    """The pack, and what the buyer has given since."""
    found = StarOrder.objects.filter(sale_id=dispute.sale_id).first()
    if found is None:
        return {}
    since = dispute.sale.paid_at or found.opened_at
    given = StarTip.objects.filter(giver_id=found.buyer_id, given_at__gte=since, given_at__lt=dispute.opened_at)
    given_since = given.select_related("spend", "creator").order_by("given_at")[:GIVEN_MAX]
    log = [
        f"{utc(each.given_at)}: gave {each.spend.stop - each.spend.start} Stars to {each.creator.display_name}."
        for each in given_since
    ]
    return {
        "service_date": day(since),
        "product_description": (
            f"{found.stars} Stars, put in the buyer's wallet at {settings.PUBLIC_URL} at once. Stars are given to "
            "creators in their live-audio rooms; nothing is shipped."
        ),
        "access_activity_log": "\n".join(log),
        "refund_refusal_explanation": (
            f"The Stars were delivered at once and used: since then the buyer has given Stars {len(log)} "
            f"time{'s' if len(log) > 1 else ''}, as the log of use lists."
            if log
            else ""
        ),
    }


def _given(dispute: Dispute, described: str, room: Room | None) -> evidence.Texts:
    texts = {"product_description": described.strip()}
    sale = dispute.sale
    if sale.paid_at:
        texts["service_date"] = day(sale.paid_at)
    if room is None or sale.buyer_id is None:
        return texts
    heard_s = seconds_heard(room_id=room.id, user_id=sale.buyer_id)
    came = [*entries([room], user_id=sale.buyer_id), *audio_in_all(heard_s)]
    return texts | {"access_activity_log": "\n".join(came)}


def _paid(dispute: Dispute) -> str:
    return money_text(dispute.sale.price_minor, dispute.sale.currency)


def _said(message: str) -> str:
    return f"The buyer wrote with it: “{message}”." if message else ""
