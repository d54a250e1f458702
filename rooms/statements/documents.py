"""A statement as a PDF and as a CSV: both write the figures of one `Statement`."""

import csv
import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import fontpkg_hanken_grotesk
import fontpkg_newsreader
import typst
from babel import Locale

from rooms.currencies import decimal_text, money_text
from rooms.statements.queries import Section, Statement

TEMPLATE = Path(__file__).resolve().parent / "statement.typ"
FONTS = [Path(package.__file__).parent / "files" for package in (fontpkg_hanken_grotesk, fontpkg_newsreader)]
NOTE = (
    "“Owed to you” counts what is pending, available and on its way, until your bank has it. "
    "Each line is one transaction of the ledger, by its number; your studio opens each down to the charge. "
    "Days and months are in UTC."
)
COLUMNS = ["currency", "date", "time_utc", "what", "reference", "transaction", "amount", "owed_to_you"]


def as_pdf(statement: Statement, *, now: datetime) -> bytes:
    """The statement as a PDF, made on `now`."""
    document = typst.compile(
        TEMPLATE,
        sys_inputs={"data": json.dumps(_for_typst(statement, now=now))},
        font_paths=FONTS,
        ignore_system_fonts=True,
    )
    return bytes(document)


def as_csv(statement: Statement) -> str:
    """The statement as CSV, amounts in major units: an opening row, a row for each line, a closing row."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for section in statement.sections:
        writer.writerow(_edge(section, statement.since, "Owed at the start", section.opening_minor))
        for line in section.lines:
            amounts = (line.amount_minor, line.balance_minor)
            written = [decimal_text(amount_minor, section.currency) for amount_minor in amounts]
            at = [f"{line.effective_at:%Y-%m-%d}", f"{line.effective_at:%H:%M:%S}"]
            writer.writerow([section.currency, *at, _plain(line.title), line.reference, line.transaction_id, *written])
        writer.writerow(_edge(section, statement.last_day, "Owed at the end", section.closing_minor))
    return text.getvalue()


def _edge(section: Section, day: datetime, what: str, balance_minor: int) -> list[str]:
    return [section.currency, f"{day:%Y-%m-%d}", "", what, "", "", "", decimal_text(balance_minor, section.currency)]


def _plain(text: str) -> str:
    """Text that a spreadsheet does not take for a formula: titles are written by people."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _for_typst(statement: Statement, *, now: datetime) -> dict[str, Any]:
    last = statement.last_day
    return {
        "title": f"Statement for {statement.since:%B %Y}",
        "payee": statement.payee_name,
        "period": f"1 to {last.day} {last:%B %Y}" + ("" if statement.until <= now else ", still running"),
        "made_on": f"{now.day} {now:%B %Y}",
        "note": NOTE,
        "sections": [_section(section, statement) for section in statement.sections],
    }


def _section(section: Section, statement: Statement) -> dict[str, Any]:
    month = f"{statement.since:%B}"
    totals = [
        (f"Owed on 1 {month}", section.opening_minor),
        ("Earned", section.earned_minor),
        *([("Other", section.other_minor)] if section.other_minor else []),
        ("Paid out", section.paid_out_minor),
        (f"Owed on {statement.last_day.day} {month}", section.closing_minor),
    ]
    name = Locale("en").currencies.get(section.currency, section.currency)
    return {
        "currency": f"{name} ({section.currency})",
        "totals": [{"label": label, "amount": money_text(minor, section.currency)} for label, minor in totals],
        "lines": [
            {
                "date": f"{line.effective_at.day} {line.effective_at:%b}",
                "description": line.title,
                "reference": f"{line.reference} · transaction {line.transaction_id}",
                "amount": money_text(line.amount_minor, section.currency, signed=True),
                "balance": money_text(line.balance_minor, section.currency),
            }
            for line in section.lines
        ],
    }
