"""The page on which finance refunds a sale: how much, why, and once."""

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payouts.models import Payee
from tests.payouts.conftest import Shop
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.stripe_driver import Sandbox, Workers


def test_finance_refunds_from_the_sales_page(
    fin: Client, shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    page = f"/admin/payouts/sale/{sale.id}/refund/"
    assert "10.00" in fin.get(page).content.decode()
    wanted = {"amount": "4.00", "counts": "more", "reason": "goodwill", "note": "Bad sound", "key": "k1"}
    answer = fin.post(page, wanted, follow=True)
    assert "is on its way back" in answer.content.decode()
    fin.post(page, wanted)  # a double click
    assert [each.amount_minor for each in sale.refunds.all()] == [400]
    refused = fin.post(page, wanted | {"amount": "7.00", "key": "k2"})
    assert "6.00 USD is left" in refused.content.decode()
    fin.post(page, wanted | {"amount": "7.00", "counts": "total", "key": "k3"})
    workers.turn()
    assert [each.amount_minor for each in sale.refunds.order_by("asked_at")] == [400, 300]
    refund = sale.refunds.first()
    assert refund is not None
    assert refund.asked_by.startswith("staff:")
    assert fin.get(f"/admin/payouts/refund/{refund.id}/change/").status_code == 200
    with CaptureQueriesContext(connection) as two:
        assert f'<span title="{refund.asked_by}">Fin</span>' in fin.get("/admin/payouts/refund/").content.decode()
    fin.post(page, wanted | {"amount": "1.00", "key": "k4"})
    with CaptureQueriesContext(connection) as three:
        assert fin.get("/admin/payouts/refund/").content.decode().count(">Fin</span>") == 3
    assert len(three) == len(two)
    workers.turn()
    assert "Show the refunds" in fin.get(f"/admin/payouts/sale/{sale.id}/change/").content.decode()
    assert_all_is_booked(sandbox)


def test_one_that_failed_is_listed_until_it_is_tried_again(
    fin: Client, shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    page = f"/admin/payouts/sale/{sale.id}/refund/"
    wanted = {"amount": "4.00", "counts": "more", "reason": "goodwill", "note": "", "key": "k1"}
    fin.post(page, wanted)
    failed = sale.refunds.get()
    sandbox.control(f"objects/{failed.refund_id}/act", action="fail")
    workers.turn()
    to_see_to = "/admin/payouts/refund/?stuck=yes"
    assert str(failed.id) in fin.get(to_see_to).content.decode()
    assert "Try again" in fin.get(f"/admin/payouts/refund/{failed.id}/change/").content.decode()
    form = fin.get(f"/admin/payouts/refund/{failed.id}/again/", follow=True).content.decode()
    assert 'value="4.00"' in form
    assert f"Again, after {failed.refund_id}" in form
    fin.post(page, wanted | {"key": "k2"})
    workers.turn()
    assert str(failed.id) not in fin.get(to_see_to).content.decode()
    assert "Try again" not in fin.get(f"/admin/payouts/refund/{failed.id}/change/").content.decode()
    assert fin.get(f"/admin/payouts/refund/{failed.id}/again/").status_code == 403
    assert_all_is_booked(sandbox)


def test_staff_without_the_permission_may_look_and_not_refund(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sale = shop.sell(ada)
    person = get_user_model().objects.create_user("may@example.org", display_name="May", is_staff=True)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client = Client()
    client.force_login(person)
    assert client.get(f"/admin/payouts/sale/{sale.id}/refund/").status_code == 403
    assert client.post("/admin/payouts/sale/suspense/", {"do": "give_back", "sale": sale.id}).status_code == 403
    client.force_login(get_user_model().objects.create_superuser("no-factor@example.org", display_name="No"))
    assert client.get(f"/admin/payouts/sale/{sale.id}/refund/").status_code == 302
