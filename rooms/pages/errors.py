"""What is answered when there is no answer: pages for people, problem+json for programs."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config import problems

API = "/api/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if request.path.startswith(API):
        return problems.response(status=404, code="not_found", detail="There is nothing at this address.")
    return render(request, "404.html", status=HTTPStatus.NOT_FOUND)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if request.path.startswith(API):
        return problems.response(status=403, code="permission_denied", detail="This is not yours to open.")
    return render(request, "403.html", status=HTTPStatus.FORBIDDEN)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a request that no page of ours sends."""
    if request.path.startswith(API):
        return problems.response(status=400, code="bad_request", detail="The request cannot be read.")
    return render(request, "400.html", status=HTTPStatus.BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. The page needs no database, which may be what broke."""
    if request.path.startswith(API):
        return problems.response(status=500, code="server_error", detail="Something broke on our side; we were told.")
    context: dict[str, Any] = {"user": None, "messages": ()}
    return render(request, "500.html", context, status=HTTPStatus.INTERNAL_SERVER_ERROR)
