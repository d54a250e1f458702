"""Only finance staff with a second factor enter the admin."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from config.admin import SECTIONS, FinanceAdminSite
from config.staff import ACTS, FINANCE, READS, keep_finance_group
from rooms.models import User
from tests.finance import in_finance

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def fin() -> User:
    """Fin is in the group that does finance, and no superuser."""
    return in_finance(
        User.objects.create_user("fin@obole.example", "chip-in", display_name="Fin Moreau", is_staff=True)
    )


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


def sidebar(client: Client, path: str = "/admin/") -> list[dict[str, Any]]:
    return [item for section in client.get(path).context["sidebar_navigation"] for item in section["items"]]


def test_every_list_that_index_and_sidebar_name_opens_and_history_stays_as_it_is(fin: User) -> None:
    TOTP.activate(fin, generate_totp_secret())
    client = signed_in(fin)
    links = [item["link"] for item in sidebar(client)]
    assert len(links) == sum(len(items) for _, items in SECTIONS)
    models = [model for app in client.get("/admin/").context["available_apps"] for model in app["models"]]
    listed = {model["admin_url"] for model in models}
    assert set(links) - listed == {reverse("admin:payouts_suspense")}
    pages = {link: client.get(link) for link in listed.union(links)}
    assert {page.status_code for page in pages.values()} == {200}
    texts = {link: page.content.decode() for link, page in pages.items()}
    empty = {model["object_name"] for model in models if "Nothing here yet" in texts[model["admin_url"]]}
    assert empty == {model["object_name"] for model in models} - {"User"}
    for words in ("Create a new item", "What there is will be listed here."):
        assert not any(words in text for text in texts.values())
    assert [model["object_name"] for model in models if model["add_url"]] == ["Charity"]
    changed = {model["object_name"] for model in models if not model["view_only"]}
    assert changed == {"Charity", "Dispute"}  # of a dispute its evidence


def test_the_sidebar_marks_one_page_and_shows_what_one_may_see(fin: User) -> None:
    TOTP.activate(fin, generate_totp_secret())
    client = signed_in(fin)
    for title, name in (("Suspense", "payouts_suspense"), ("Sales", "payouts_sale_changelist")):
        assert [item["title"] for item in sidebar(client, reverse(f"admin:{name}")) if item["active"]] == [title]
    fin.groups.clear()
    fin.user_permissions.add(Permission.objects.get(codename="view_sale"))
    assert [item["title"] for item in sidebar(client)] == ["Sales", "Suspense"]


def test_every_migrate_gives_the_group_exactly_what_finance_does() -> None:
    group = Group.objects.get(name=FINANCE)
    before = set(group.permissions.values_list("id", flat=True))
    group.permissions.set(Permission.objects.filter(codename__in=["add_user", "view_sale"]))
    for _ in range(2):
        for app in READS:
            keep_finance_group(apps.get_app_config(app), using="default")
    assert set(group.permissions.values_list("id", flat=True)) == before
    acts = group.permissions.exclude(codename__startswith="view_")
    assert {f"{each.content_type.app_label}.{each.codename}" for each in acts} == set(ACTS)
