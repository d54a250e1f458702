"""Every API error as RFC 9457 problem+json."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/problems/"


def body(*, status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """A problem document: `type` is stable and names the kind, `detail` tells the person what to do.

    Source: RFC 9457, section 3.1. Extra members (section 3.2) carry data such as `errors` or `available_minor`.
    """
    return {
        "type": TYPE_BASE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }


def response(*, status: int, code: str, detail: str, **members: Any) -> JsonResponse:
    """The same as an HTTP answer, for views outside the REST framework (webhooks, health)."""
    document = body(status=status, code=code, detail=detail, **members)
    return JsonResponse(document, status=status, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's hook: map its exceptions to problem documents; others stay 500s for the log."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    members: dict[str, Any] = {}
    detail = str(error.detail)
    code = error.default_code
    if isinstance(error, exceptions.ValidationError):
        detail = "The request has fields that cannot be taken as they are; see errors."
        members["errors"] = list(_field_errors(error.detail, pointer=""))
    headers = {}
    if wait_s := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait_s)
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    document = body(status=error.status_code, code=code, detail=detail, **members)
    return Response(document, status=error.status_code, headers=headers, content_type=CONTENT_TYPE)


def _field_errors(detail: Any, *, pointer: str) -> Any:
    """Flatten REST framework's nested error detail to {pointer, code, detail} (pointers as RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{name}"
            yield from _field_errors(inner, pointer=pointer + step)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict)
            yield from _field_errors(inner, pointer=f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
