"""Pages and files of a creator's statements."""

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import clock
from rooms.models import Creator
from rooms.statements import documents, queries
from rooms.studio.access import creator_required, payee_id_of


@require_safe
@creator_required
def months(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Every month since the first sale."""
    now = clock.now()
    found = queries.months_of(payee_id=creator.payee_id, now=now) if creator.payee_id else []
    return render(request, "studio/statements.html", {"creator": creator, "months": found})


@require_safe
@creator_required
def pdf(request: HttpRequest, month: str, *, creator: Creator) -> HttpResponse:
    """One month as PDF."""
    now = clock.now()
    statement = _statement(month, creator, now=now)
    return _file(documents.as_pdf(statement, now=now), "application/pdf", f"obole-{month}.pdf", inline=True)


@require_safe
@creator_required
def csv(request: HttpRequest, month: str, *, creator: Creator) -> HttpResponse:
    """One month as CSV."""
    statement = _statement(month, creator, now=clock.now())
    return _file(documents.as_csv(statement).encode(), "text/csv; charset=utf-8", f"obole-{month}.csv", inline=False)


def _statement(month: str, creator: Creator, *, now: datetime) -> queries.Statement:
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise Http404("There is no such month") from error
    if since > now:
        raise Http404("This month has not begun")
    return queries.statement_of(payee_id=payee_id_of(creator), payee_name=creator.display_name, since=since)


def _file(content: bytes, content_type: str, name: str, *, inline: bool) -> HttpResponse:
    how = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f'{how}; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
