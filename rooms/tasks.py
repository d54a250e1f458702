"""Jobs of rooms. Each only does what PostgreSQL says is due, so a lost or doubled message changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings

from config import clock
from rooms.live import leases, listening, livekit
from rooms.mail import operations as mail
from rooms.purchases.operations import forget_addresses as forget
from rooms.recordings import intake
from rooms.recordings import operations as recordings
from rooms.refunds import cancelling, no_show
from rooms.subscriptions import lapsing
from rooms.tickets import operations

MAILS_A_SWEEP = 200
ENGINE_EVENTS_KEPT_FOR = timedelta(days=7)


@shared_task
def end_seat_holds(**_: Any) -> None:
    """Give up holds that ran out."""
    operations.end_seat_holds(now=clock.now())


@shared_task
def carry_on_cancellation(*, room_id: str, **_: Any) -> None:
    """Refund the buyers of a room that has just been cancelled."""
    cancelling.carry_on(room_id=UUID(room_id), now=clock.now())


@shared_task
def carry_on_cancellations(**_: Any) -> None:
    """Go on with cancelled rooms whose buyers are not all refunded."""
    for room_id in cancelling.due_cancellations(now=clock.now()):
        cancelling.carry_on(room_id=room_id, now=clock.now())


@shared_task
def cancel_no_shows(**_: Any) -> None:
    """Refund the buyers of rooms that nobody came to speak in."""
    no_show.cancel_no_shows(now=clock.now(), real_now=clock.real_now())


@shared_task
def renew_leases(**_: Any) -> None:
    """Let live rooms go on, and end those that are over."""
    leases.renew(now=clock.now(), real_now=clock.real_now())


@shared_task
def forget_engine_events(**_: Any) -> None:
    """Forget the ids of events that LiveKit will not send again."""
    livekit.forget_events(before=clock.real_now() - ENGINE_EVENTS_KEPT_FOR)


@shared_task
def keep_recordings(**_: Any) -> None:
    """Take in what the relay has recorded, and remove what was deleted or is too old."""
    real_now = clock.real_now()
    recordings.end_tapings(now=clock.now(), real_now=real_now)
    intake.take_in(folder=settings.RELAY_RECORDINGS, real_now=real_now)
    recordings.expire(real_now=real_now)
    recordings.remove_files(real_now=real_now)


@shared_task
def send_mail(*, mail_id: str, **_: Any) -> None:
    """Send a mail that has just been written."""
    mail.send(mail_id=UUID(mail_id))


@shared_task
def sweep_mail(**_: Any) -> None:
    """Send the mails that are due: those whose wake-up was lost, and those that back off."""
    for mail_id in mail.due_mails(real_now=clock.real_now(), limit=MAILS_A_SWEEP):
        mail.send(mail_id=mail_id)


@shared_task
def listen_to_relay(**_: Any) -> None:
    """Store who came to live rooms and who went."""
    listening.listen(now=clock.now(), real_now=clock.real_now())


@shared_task
def forget_addresses(**_: Any) -> None:
    """Forget where purchases and entries came from, once no dispute can ask for it."""
    forget(now=clock.now())


@shared_task
def lapse_subscriptions(**_: Any) -> None:
    """End what subscriptions gave whose time has run out without a word from Stripe."""
    lapsing.lapse_due(now=clock.now())
