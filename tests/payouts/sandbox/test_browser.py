"""The pages in a real browser: they work with a mouse, and axe finds nothing to complain about."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.payouts.sandbox.local import Local

pytestmark = pytest.mark.browser


def _addresses(local: Local) -> dict[str, str]:
    charge = local.buy(number="4000000000000259")
    expired = local.session()
    local.client.v1.checkout.sessions.expire(expired.id)
    account = local.client.v2.core.accounts.create({"display_name": "Ada Lovelace", "identity": {"country": "us"}})
    link = local.client.v2.core.account_links.create(
        {
            "account": account.id,
            "use_case": {"type": "account_update", "account_update": {"refresh_url": "http://obole.test/again"}},
        }
    )
    customer = local.client.v1.customers.create({"email": "linus@example.org"})
    return {
        "pay": f"/c/pay/{local.session().id}",
        "expired": f"/c/pay/{expired.id}",
        "challenge": local.pay(local.session(), "4000002500003155").headers["location"],
        "onboarding": link.url,
        "portal": local.client.v1.billing_portal.sessions.create({"customer": customer.id}).url,
        "overview": "/",
        "events": "/events",
        "faults": "/faults",
        "objects": "/objects/charge",
        "object": f"/object/{charge.id}",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_passes_axe_on_a_phone(local: Local, browser: Browser, scheme: str) -> None:
    context = browser.new_context(
        base_url=local.url,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": 390, "height": 844},
    )
    page = context.new_page()
    found = {}
    for name, address in _addresses(local).items():
        page.goto(address)
        found[name] = [violation["id"] for violation in Axe().run(page).response["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()
    assert {name: ids for name, ids in found.items() if ids} == {}


def test_a_card_is_typed_declined_replaced_and_pressed_twice(local: Local, browser: Browser) -> None:
    session = local.session(success_url=f"{local.url}/?paid", customer_email=None)
    page = browser.new_page(base_url=local.url)
    page.goto(f"/c/pay/{session.id}")
    page.get_by_label("Email").fill("linus@example.org")
    page.get_by_label("Card information").press_sequentially("4000000000000002")
    page.get_by_label("Expiration date").press_sequentially("1234")
    page.get_by_label("Security code").fill("123")
    assert page.get_by_label("Card information").input_value() == "4000 0000 0000 0002"
    page.get_by_role("button", name="Pay $10.00").click()
    assert "Your card was declined." in page.get_by_role("alert").inner_text()
    page.get_by_text("Test cards").click()
    page.get_by_role("button", name="4242 4242 4242 4242").click()
    page.get_by_role("button", name="Pay $10.00").dblclick()
    page.wait_for_url("**/?paid")
    page.close()
    assert [charge.status for charge in local.client.v1.charges.list().data] == ["succeeded", "failed"]
