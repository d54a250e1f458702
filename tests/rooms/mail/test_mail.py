"""Mail: written with the decision, sent after its commit, never lost and never twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config import clock
from rooms.mail import operations
from rooms.mail.letters import Button, Letter
from rooms.models import Mail, MailState, User
from rooms.tasks import send_mail, sweep_mail
from tests.finance import in_finance
from tests.rooms import cast
from tests.rooms.cast import NOW

LETTER = Letter(
    kind="greeting",
    subject="Ada & you",
    name="Linus",
    paragraphs=("Ada's <b>room</b> begins.",),
    facts=(("Amount", "$4.99"),),
    button=Button(label="Open it", url="http://testserver/rooms/ada/?a=1&b=2"),
    after=("Nothing else.",),
)


def _write(linus: User, *, key: str = "greeting:1") -> None:
    operations.write(key=key, to_address=linus.email, person_id=linus.id, letter=LETTER, now=NOW)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The mail server is away for the next so many mails."""

    def broken(*, times: int) -> None:
        left = [times]
        send = EmailMultiAlternatives.send

        def failing(self: EmailMultiAlternatives, **more: Any) -> int:
            if left[0]:
                left[0] -= 1
                raise ConnectionRefusedError("no mail server")
            return send(self, **more)

        monkeypatch.setattr(EmailMultiAlternatives, "send", failing)

    return broken


def test_it_says_the_same_in_text_and_html(linus: User) -> None:
    _write(linus)
    sweep_mail()
    (sent,) = outbox.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    assert (sent.subject, sent.to) == ("Ada & you", ["linus@obole.example"])
    row = Mail.objects.get()
    assert sent.extra_headers["Message-ID"] == f"<{row.id}@obole.example>"
    assert str(sent.body).strip().split("\n\n") == [
        "Hello Linus,",
        "Ada's <b>room</b> begins.",
        "Amount: $4.99",
        "Open it:\nhttp://testserver/rooms/ada/?a=1&b=2",
        "Nothing else.",
        "Obole",
    ]
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    assert "Ada&#x27;s &lt;b&gt;room&lt;/b&gt; begins." in str(html)
    assert 'href="http://testserver/rooms/ada/?a=1&amp;b=2"' in str(html)


def test_a_decision_that_is_undone_tells_nobody(linus: User) -> None:
    with transaction.atomic():
        _write(linus)
        transaction.set_rollback(True)
    sweep_mail()
    assert not Mail.objects.exists()
    assert outbox.outbox == []


def test_the_same_key_is_told_once(linus: User) -> None:
    _write(linus)
    _write(linus)
    _write(linus, key="greeting:2")
    for _ in range(2):
        sweep_mail()
    assert Mail.objects.count() == len(outbox.outbox) == 2
    assert {row.state for row in Mail.objects.all()} == {MailState.SENT}


def test_a_server_that_is_away_costs_time_and_nothing_else(linus: User, broken: Callable[..., None]) -> None:
    broken(times=1)
    _write(linus)
    row = Mail.objects.get()
    send_mail(mail_id=str(row.id), an_argument_of_a_later_version=1)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (
        MailState.WAITING,
        1,
        "ConnectionRefusedError: no mail server",
    )
    sweep_mail()
    assert outbox.outbox == []  # not due yet
    Mail.objects.update(next_attempt_at=clock.real_now())
    sweep_mail()
    row.refresh_from_db()
    assert (row.state, row.attempts, len(outbox.outbox)) == (MailState.SENT, 2, 1)


def test_a_process_that_dies_while_sending_leaves_the_mail_to_the_sweeper(linus: User) -> None:
    _write(linus)
    row = Mail.objects.get()
    assert operations._claim(row.id) is not None  # and then it dies
    sweep_mail()
    assert outbox.outbox == []  # somebody may be sending it
    Mail.objects.update(next_attempt_at=clock.real_now() - timedelta(seconds=1))
    sweep_mail()
    assert len(outbox.outbox) == 1


def test_what_was_given_up_is_sent_again_from_the_admin(linus: User, broken: Callable[..., None]) -> None:
    broken(times=operations.ATTEMPTS_MAX)
    _write(linus)
    for _ in range(operations.ATTEMPTS_MAX):
        Mail.objects.update(next_attempt_at=clock.real_now())
        sweep_mail()
    row = Mail.objects.get()
    assert (row.state, row.attempts) == (MailState.FAILED, operations.ATTEMPTS_MAX)

    fin = in_finance(cast.person("Fin", is_staff=True))
    TOTP.activate(fin, generate_totp_secret())
    client = Client()
    client.force_login(fin)
    url = reverse("admin:rooms_mail_changelist")
    assert "Ada &amp; you" in client.get(url).content.decode()
    assert "Ada&#x27;s" in client.get(reverse("admin:rooms_mail_change", args=[row.id])).content.decode()
    client.post(url, {"action": "try_again", "_selected_action": [str(row.id)]})
    sweep_mail()
    row.refresh_from_db()
    assert (row.state, len(outbox.outbox)) == (MailState.SENT, 1)


def test_a_mail_that_is_not_there_is_nobodys_fault(db: None) -> None:
    assert operations.send(mail_id=uuid4()) is None
