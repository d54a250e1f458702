"""Pages for when there is no page."""

import json
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from rooms.models import User
from rooms.pages import errors

ErrorPage = Callable[[HttpRequest, Exception], HttpResponse]


def _request(path: str) -> HttpRequest:
    return RequestFactory().get(path)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("view", "error", "status", "said"),
    [
        (errors.bad_request, SuspiciousOperation(), 400, "That request made no sense to us"),
        (errors.forbidden, PermissionDenied(), 403, "This page is not yours to open"),
    ],
)
def test_each_says_what_to_do(client: Client, view: ErrorPage, error: Exception, status: int, said: str) -> None:
    request = client.get("/").wsgi_request

    page = view(request, error)

    assert page.status_code == status
    assert said in page.content.decode()
    problem = view(_request("/api/v1/rooms/"), error)
    assert (problem.status_code, problem["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(problem.content)["status"] == status


def test_an_unknown_address_says_so(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


def test_the_page_for_our_own_faults_asks_no_database(
    linus: User, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(linus)
    request = client.get("/").wsgi_request
    request.session = SessionStore(client.cookies[settings.SESSION_COOKIE_NAME].value)  # not loaded yet

    with django_assert_num_queries(0):
        answer = errors.server_error(request)

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "do not pay again yet" in answer.content.decode()


def test_a_broken_view_answers_with_that_page(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("rooms.queries.rooms_coming_up", broken)
    client = Client(raise_request_exception=False)

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
