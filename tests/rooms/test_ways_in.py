"""Signing up and in, a second factor and its recovery codes, on the site's own pages."""

import re
import time
from html import unescape
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from pytest_django import Settings

from config.demo.mail import newest_in, text_of
from rooms.context import MAIL_IN_FILES
from rooms.models import User

PASSWORD = "a-long-enough-pass"
LOGIN, TOTP = "/accounts/login/", "/accounts/2fa/totp/activate/"


def person(email: str = "fin@obole.example") -> User:
    user = User.objects.create_user(email, PASSWORD, display_name="Fin")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def signed_in(client: Client) -> None:
    client.post(LOGIN, {"login": "fin@obole.example", "password": PASSWORD})


def test_signing_up_asks_for_the_code_from_the_mail(client: Client, db: None) -> None:
    fields = {"display_name": "Fin", "email": "fin@obole.example", "password1": PASSWORD}
    page = client.post("/accounts/signup/", fields, follow=True).content.decode()
    assert "Check your mail" in page
    assert "fin@obole.example" in page
    (message,) = mail.outbox
    assert message.subject == "Obole: Your code"
    assert str(message.body).endswith("Obole\nhttp://testserver")
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", str(message.body), re.MULTILINE)
    assert code is not None
    client.post("/accounts/confirm-email/", {"code": code[1]})
    assert EmailAddress.objects.get(user__email="fin@obole.example").verified
    assert User.objects.get().display_name == "Fin"


def test_a_demo_keeps_its_mail_and_says_how_to_read_it(
    client: Client, db: None, settings: Settings, tmp_path: Path
) -> None:
    fields = {"display_name": "Fin", "email": "fin@obole.example", "password1": PASSWORD}
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = MAIL_IN_FILES, str(tmp_path)
    assert newest_in(tmp_path) is None
    assert "<code>make mail</code>" in client.post("/accounts/signup/", fields, follow=True).content.decode()
    first = newest_in(tmp_path)
    assert first is not None
    assert text_of(first).startswith("To: fin@obole.example\nSubject: Obole: Your code\n\n")
    mail.send_mail("Later", "It can be read too.", None, ["ada@obole.example"])
    later = newest_in(tmp_path)
    assert later is not None
    assert text_of(later) == "To: ada@obole.example\nSubject: Later\n\nIt can be read too."


def test_a_wrong_password_says_so_and_lets_nobody_in(client: Client, db: None) -> None:
    person()
    page = client.post(LOGIN, {"login": "fin@obole.example", "password": "wrong"}).content.decode()
    assert "are not correct" in page
    assert 'class="notice notice-bad" role="alert"' in page
    assert "_auth_user_id" not in client.session


def test_a_second_factor_is_set_up_and_asked_for(client: Client, db: None) -> None:
    user = person()
    signed_in(client)
    assert "Is it you?" in client.get(TOTP, follow=True).content.decode()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(TOTP).content.decode()
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert secret is not None
    client.post(TOTP, {"code": code_of(secret[1])})
    codes = client.get("/accounts/2fa/recovery-codes/").content.decode()
    shown = re.findall(r"<li><code>(\w+)</code>", codes)
    assert shown == RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")).get_unused_codes()
    client.logout()
    signed_in(client)
    assert "_auth_user_id" not in client.session
    asked = client.get("/accounts/2fa/authenticate/").content.decode()
    assert "Second factor" in asked
    client.post("/accounts/2fa/authenticate/", {"code": shown[0]})
    assert client.session["_auth_user_id"] == str(user.id)
    state = unescape(client.get("/accounts/2fa/").content.decode())
    assert "9 of 10 left" in state


def test_pages_of_allauth_that_were_not_rewritten_wear_the_same_dress(client: Client, db: None) -> None:
    person()
    signed_in(client)
    for path in ("/accounts/email/", "/accounts/password/change/", "/accounts/logout/"):
        page = client.get(path).content.decode()
        assert 'class="site-header"' in page, path
        assert re.search(r'<button class="button[ "]', page), path
        assert "<p><label" not in page, path
