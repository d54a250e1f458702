"""Only finance staff with a second factor enter the admin."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.test import Client

from config.admin import SECTIONS, FinanceAdminSite
from rooms.models import User

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def fin() -> User:
    return User.objects.create_superuser("fin@obole.example", "chip-in", display_name="Fin Moreau")


def test_the_site_is_ours() -> None:
    assert isinstance(admin.site, FinanceAdminSite)


@pytest.mark.parametrize("path", ["/admin/", "/admin/ledger/transaction/", "/admin/login/"])
def test_it_sends_strangers_to_the_sites_login(path: str) -> None:
    answer = Client().get(path, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fadmin%2F")


def test_it_sends_staff_without_a_second_factor_to_set_one_up(fin: User) -> None:
    answer = signed_in(fin).get("/admin/ledger/transaction/", follow=True)
    paths = [path for path, _ in answer.redirect_chain]
    assert "/accounts/2fa/totp/activate/" in paths
    assert not any(path.startswith("/admin/ledger") for path in paths)


def test_it_sends_others_home() -> None:
    linus = User.objects.create_user("linus@obole.example", "chip-in", display_name="Linus Berg")
    answer = signed_in(linus).get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/"
    assert "for finance staff" in answer.content.decode()


def test_it_lets_staff_with_a_second_factor_in(fin: User) -> None:
    TOTP.activate(fin, generate_totp_secret())
    answer = signed_in(fin).get("/admin/")
    assert answer.status_code == 200


def test_every_list_that_the_sidebar_names_opens(fin: User) -> None:
    TOTP.activate(fin, generate_totp_secret())
    client = signed_in(fin)
    links = [
        item["link"] for section in client.get("/admin/").context["sidebar_navigation"] for item in section["items"]
    ]
    assert len(links) == sum(len(items) for _, items in SECTIONS)
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
