"""The whole money path, walked on the pages: onboarding, ticket, explanation, payout, statement, finance."""

import csv
import io
import re
import subprocess
import sys
import time

import pypdf
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.e2e.people import PASSWORD, SLOW_MS, Someone
from tests.processes import ROOT

pytestmark = pytest.mark.browser

TITLE = "Note G, read aloud"


def test_a_listener_pays_and_the_creator_is_paid_out(ada: Someone, linus: Someone, fin: Someone) -> None:
    ada.signs_up()
    ada.becomes_a_payee()
    room = ada.schedules_a_room(title=TITLE, seats=100, price="10.00")
    linus_buys_a_ticket(linus, room)
    sale = ada_sees_every_cent_explained(ada)
    ada_is_paid_out(ada, linus)
    ada_reads_her_statement(ada)
    fin_sees_the_same_books(fin, charge=sale["charge"])


def linus_buys_a_ticket(linus: Someone, room: str) -> None:
    linus.signs_up()
    linus.page.goto(room)
    linus.reads("Who gets what")
    for amount in ("$9.11", "$0.59", "$0.30", "$10.00"):
        linus.reads(amount)
    linus.buys(room)
    linus.pays_with("4242 4242 4242 4242")
    expect(linus.page.get_by_role("heading", name="You're in")).to_be_visible(timeout=SLOW_MS)
    linus.page.goto(room)
    linus.reads("You have a seat")


def ada_sees_every_cent_explained(ada: Someone) -> dict[str, str]:
    page = ada.page
    ada.open("/studio/rooms/")
    ada.reads("1 of 100")
    ada.open("/studio/")
    pending = page.get_by_role("link", name=re.compile("Pending"))
    expect(pending).to_contain_text("$9.11", timeout=SLOW_MS)
    pending.click()
    ada.follow(TITLE)
    ada.reads("$9.11 is yours")
    processor, platform = page.locator("#processor"), page.locator("#platform")
    expect(processor).to_contain_text("$0.59")
    expect(processor).to_contain_text("txn_")
    expect(platform).to_contain_text("$0.30")
    expect(platform).to_contain_text("obole-standard, version 1")
    charge = re.search(r"ch_\w+", processor.inner_text())
    assert charge is not None
    ada.reads("stripe:pending")
    return {"charge": charge[0]}


def ada_is_paid_out(ada: Someone, visitor: Someone) -> None:
    page = ada.page
    visitor.moves_the_clock("+7 days")  # funds available, room over, hold ended, a payout run
    ada.open("/studio/payouts/")
    shown_after_reload(ada, "$9.11")
    page.locator("main table a").first.click()
    shown_after_reload(ada, "po_")  # sent: only from then on does time bring it to the bank
    visitor.moves_the_clock("+7 days")
    ada.open("/studio/payouts/")
    shown_after_reload(ada, "Paid")
    page.locator("main table a").first.click()
    for step in ("Set aside", "tr_", "po_"):
        ada.reads(step)
    shown_after_reload(ada, "Paid at the bank")
    ada.open("/studio/")
    expect(page.get_by_role("link", name=re.compile("Paid"))).to_contain_text("$9.11")
    expect(page.get_by_role("link", name=re.compile("Pending"))).to_contain_text("$0.00")


def shown_after_reload(someone: Someone, text: str) -> None:
    """What beat's next sweep does is seen when the page is looked at again."""
    end_s = time.monotonic() + SLOW_MS / 1000
    while text not in someone.page.locator("main").inner_text():
        assert time.monotonic() < end_s, f"{someone.page.url} never said {text}"
        someone.page.wait_for_timeout(300)
        someone.page.reload()


def ada_reads_her_statement(ada: Someone) -> None:
    page = ada.page
    ada.open("/studio/statements/")
    files = {}
    for kind in ("PDF", "CSV"):
        link = page.get_by_role("link", name=re.compile(f"as {kind}$")).last.get_attribute("href")
        answer = page.request.get(f"{ada.stack.site}{link}")
        assert answer.ok
        files[kind] = answer.body()
    printed = "\n".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(files["PDF"])).pages)
    lines = list(csv.reader(io.StringIO(files["CSV"].decode("utf-8-sig"))))
    assert any("9.11" in cell for line in lines for cell in line)
    assert "9.11" in printed
    assert TITLE in printed


def fin_sees_the_same_books(fin: Someone, *, charge: str) -> None:
    page = fin.page
    make_staff(fin)
    fin.open("/admin/")
    page.get_by_label("Email").fill(fin.email)
    page.get_by_label("Password").fill(PASSWORD)
    fin.press("Sign in")
    enrol_second_factor(fin)
    fin.open(f"/admin/ledger/transaction/?q=charge:{charge}")
    page.locator("table a").filter(has_text=charge).first.click()
    for figure in ("Platform's Stripe balance, pending", "9.11", "0.59", "0.30"):
        expect(page.locator("main, #main, body").first).to_contain_text(figure)
    money_cannot_be_edited(fin)
    fin.open("/admin/payouts/stripeevent/?type__exact=charge.succeeded")
    page.locator("#result_list a").filter(has_text="charge.succeeded").first.click()
    expect(page.locator("body")).to_contain_text(charge)
    money_cannot_be_edited(fin)
    fin.open("/admin/payouts/payout/")
    page.locator("#result_list a").filter(has_text="Ada Okafor").first.click()
    expect(page.locator("body")).to_contain_text("9.11")
    expect(page.locator("body")).to_contain_text("tr_")
    money_cannot_be_edited(fin)


def make_staff(fin: Someone) -> None:
    """As an operator does: Django's own command."""
    subprocess.run(
        [
            sys.executable,
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--email",
            fin.email,
            "--display_name",
            fin.name,
        ],
        cwd=ROOT,
        env={**fin.stack.environment, "DJANGO_SUPERUSER_PASSWORD": PASSWORD, "PATH": ""},
        check=True,
        capture_output=True,
    )


def enrol_second_factor(fin: Someone) -> None:
    """The admin lets no staff in without; the page shows the secret that an app would scan."""
    page = fin.page
    page.get_by_label("Password").fill(PASSWORD)
    fin.press("Go on")
    page.get_by_text("The code cannot be scanned?").click()
    secret = page.get_by_label("Type this secret into the app").input_value()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    page.get_by_label("Authenticator code").fill(code)
    fin.press("Turn on")


def money_cannot_be_edited(fin: Someone) -> None:
    page = fin.page
    assert page.get_by_role("button", name=re.compile("^(Save|Delete)")).count() == 0
    assert page.locator("main input:not([type=hidden]):not([type=search]), main textarea").count() == 0
