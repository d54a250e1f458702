"""What every problem document has to be."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse


def problem(answer: HttpResponse, *, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is a problem of this kind; its document."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.content)
    assert document["type"] == f"/problems/{code}"
    assert document["status"] == status
    assert document["title"] == HTTPStatus(status).phrase
    assert document["detail"]
    return document
