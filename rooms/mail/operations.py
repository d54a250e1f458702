"""Write a mail in the caller's transaction; send it outside any. Attempts age in real time."""

import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from config import clock
from payouts.wake import wake_after_commit
from rooms.mail.letters import Letter
from rooms.models import Mail, MailState

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=120)
"""Longer than a mail server may take; who dies while sending leaves the mail to the sweeper."""
BACKOFF_MAX_S: Final = 3600.0
ATTEMPTS_MAX: Final = 16
"""Doubling from two seconds: about seven hours of a mail server that is away."""
ERROR_MAX: Final = 500


def write(*, key: str, to_address: str, person_id: UUID | None, letter: Letter, now: datetime) -> None:
    """Write a letter down to be sent after the caller's commit; the second one of a key is not written.

    `key` names what is told and to whom ("dunning:in_1:1").
    """
    mail = Mail(
        key=key,
        kind=letter.kind,
        person_id=person_id,
        to_address=to_address,
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
        next_attempt_at=clock.real_now(),
        written_at=now,
    )
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    wake_after_commit("rooms.tasks.send_mail", mail_id=str(mail.id))


def send(*, mail_id: UUID) -> MailState | None:
    """Send a mail that is due; None when it is not, or somebody else sends it at this moment.

    A process that dies between the mail server's yes and our note of it sends the mail again after the lease, under
    the same Message-ID, which mail readers show once.
    """
    mail = _claim(mail_id)
    if mail is None:
        return None
    try:
        _message(mail).send()
    except (OSError, smtplib.SMTPException) as error:
        return _postpone(mail, error)
    mine = Mail.objects.filter(id=mail.id, state=MailState.WAITING)
    mine.update(state=MailState.SENT, sent_at=clock.real_now(), next_attempt_at=None, last_error="")
    return MailState.SENT


def _claim(mail_id: UUID) -> Mail | None:
    now = clock.real_now()
    with transaction.atomic(durable=True):
        due = Mail.objects.select_for_update(skip_locked=True, no_key=True)
        mail = due.filter(id=mail_id, state=MailState.WAITING, next_attempt_at__lte=now).first()
        if mail is not None:
            mail.attempts += 1
            mail.next_attempt_at = now + LEASE
            mail.save(update_fields=["attempts", "next_attempt_at"])
    return mail


def _message(mail: Mail) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "obole"
    headers = {"Message-ID": f"<{mail.id}@{domain}>", "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[mail.to_address], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    return message


def _postpone(mail: Mail, error: Exception) -> MailState:
    state = MailState.FAILED if mail.attempts >= ATTEMPTS_MAX else MailState.WAITING
    wait = timedelta(seconds=min(BACKOFF_MAX_S, 2.0**mail.attempts))
    Mail.objects.filter(id=mail.id, state=MailState.WAITING).update(
        state=state,
        next_attempt_at=None if state == MailState.FAILED else clock.real_now() + wait,
        last_error=f"{type(error).__name__}: {error}"[:ERROR_MAX],
    )
    log.warning("mail.postponed", mail_id=str(mail.id), kind=mail.kind, attempts=mail.attempts, error=str(error))
    return state


def send_again(*, mail_ids: Sequence[UUID]) -> int:
    """Put mails that were given up back in the queue; how many."""
    given_up = Mail.objects.filter(id__in=mail_ids, state=MailState.FAILED)
    return given_up.update(state=MailState.WAITING, attempts=0, next_attempt_at=clock.real_now())


def due_mails(*, real_now: datetime, limit: int) -> list[UUID]:
    """The mails that a sweeper should send now, oldest first."""
    due = Mail.objects.filter(state=MailState.WAITING, next_attempt_at__lte=real_now)
    return list(due.order_by("next_attempt_at", "id").values_list("id", flat=True)[:limit])
