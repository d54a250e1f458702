"""A month as PDF and CSV: the same figures, and the ledger's."""

import csv
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

from django.test import Client
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from ledger import accounts
from ledger.queries import balance_minor_before
from rooms.currencies import MINUS, money_text
from rooms.models import Creator, Room
from rooms.statements.documents import as_csv, as_pdf
from rooms.statements.queries import Statement, months_of, statement_of
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.studio import story

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
AMOUNT = re.compile(rf"[+{MINUS}]?\$[\d,]+\.\d\d")


def june(creator: Creator) -> Statement:
    assert creator.payee is not None
    return statement_of(payee_id=creator.payee.id, payee_name=creator.display_name, since=JUNE)


def a_month(ada: Creator, room: Room) -> None:
    """Three sales, two of them paid out in June, the third pending into July."""
    assert ada.payee is not None
    first, _ = story.sold(room, name="Linus"), story.sold(room, name="Fin", fee_minor=61)
    over = story.released(first)
    payout = story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date())
    story.paid(payout, at=over + timedelta(days=1))
    later = datetime(2026, 6, 28, 20, 0, tzinfo=UTC)
    second = cast.room(ada, title="=Formula, with a comma", starts_at=later, ends_at=later + timedelta(hours=1))
    story.sold(second, name="Grete", at=datetime(2026, 6, 30, 23, 59, tzinfo=UTC) - timedelta(days=3))


def owed_minor(creator: Creator, instant: datetime) -> int:
    """What the ledger says was owed to a creator before an instant."""
    assert creator.payee_id is not None
    codes = [accounts.payable(creator.payee_id, stage) for stage in accounts.STAGES]
    return -sum(balance_minor_before(account=code, currency="USD", instant=instant) for code in codes)


def test_lines_are_what_changed_what_is_owed(ada: Creator, evening: Room) -> None:
    a_month(ada, evening)
    (section,) = june(ada).sections
    assert [(line.amount_minor, line.balance_minor) for line in section.lines] == [
        (911, 911),
        (909, 1820),
        (-1820, 0),
        (911, 911),
    ]
    assert (section.opening_minor, section.earned_minor, section.paid_out_minor, section.closing_minor) == (
        0,
        2731,
        -1820,
        911,
    )
    assert section.other_minor == 0


def test_it_opens_and_closes_with_the_ledger(ada: Creator, evening: Room) -> None:
    a_month(ada, evening)
    (section,) = june(ada).sections
    assert (section.opening_minor, section.closing_minor) == (owed_minor(ada, JUNE), owed_minor(ada, JULY))
    assert ada.payee is not None
    (july,) = statement_of(payee_id=ada.payee.id, payee_name="Ada", since=JULY).sections
    assert (july.opening_minor, july.lines, july.closing_minor) == (911, (), 911)


def test_pdf_csv_and_ledger_say_the_same(ada: Creator, evening: Room) -> None:
    a_month(ada, evening)
    statement = june(ada)
    (section,) = statement.sections
    rows = list(csv.DictReader(StringIO(as_csv(statement))))
    assert [row["amount"] for row in rows] == ["", "9.11", "9.09", "-18.20", "9.11", ""]
    assert [row["owed_to_you"] for row in rows] == ["0.00", "9.11", "18.20", "0.00", "9.11", "9.11"]
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(as_pdf(statement, now=NOW))).pages)
    totals = [section.opening_minor, section.earned_minor, section.paid_out_minor, section.closing_minor]
    expected = Counter(money_text(minor, "USD") for minor in totals)
    for row in rows:
        if row["amount"]:
            expected[money_text(_minor(row["amount"]), "USD", signed=True)] += 1
            expected[money_text(_minor(row["owed_to_you"]), "USD")] += 1
    assert Counter(AMOUNT.findall(text)) == expected
    for row in rows:
        assert row["reference"] in text
        assert not row["transaction"] or f"transaction {row['transaction']}" in text


def test_a_title_is_text_to_a_spreadsheet_and_to_the_typesetter(ada: Creator, evening: Room) -> None:
    a_month(ada, evening)
    rows = list(csv.DictReader(StringIO(as_csv(june(ada)))))
    assert rows[4]["what"] == "'=Formula, with a comma, seat 1"
    Room.objects.filter(id=evening.id).update(title='#panic("no") $x$ *b*')
    fresh = Room.objects.get(id=evening.id)
    story.sold(fresh, name="Gödel", at=NOW)
    text = PdfReader(BytesIO(as_pdf(june(ada), now=NOW))).pages[0].extract_text()
    assert '#panic("no") $x$ *b*, seat' in text


def test_it_takes_two_queries(ada: Creator, evening: Room, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    a_month(ada, evening)
    with django_assert_num_queries(2):
        june(ada)


def test_months_run_from_the_first_sale_to_now(ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    assert months_of(payee_id=ada.payee.id, now=NOW) == []
    story.sold(evening)
    months = months_of(payee_id=ada.payee.id, now=datetime(2026, 8, 1, tzinfo=UTC))
    assert [(month.key, month.open) for month in months] == [("2026-08", True), ("2026-07", False), ("2026-06", False)]


def test_files_are_the_creators_own(client: Client, ada: Creator, grace: Creator, evening: Room) -> None:
    story.sold(evening)
    client.force_login(ada.user)
    pdf = client.get("/studio/statements/2026-06.pdf")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    table = client.get("/studio/statements/2026-06.csv")
    assert table["Content-Disposition"] == 'attachment; filename="obole-2026-06.csv"'
    assert "9.11" in table.content.decode()
    client.force_login(grace.user)
    assert "9.11" not in client.get("/studio/statements/2026-06.csv").content.decode()


def test_no_month_that_is_not_there(client: Client, ada: Creator) -> None:
    client.force_login(ada.user)
    assert client.get("/studio/statements/2026-13.pdf").status_code == 404
    assert client.get("/studio/statements/2199-01.csv").status_code == 404


def _minor(text: str) -> int:
    return int(text.replace(".", ""))
