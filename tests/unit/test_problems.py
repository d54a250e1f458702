"""Every API error is a problem document that names the field and the remedy (RFC 9457)."""

import json

import pytest
from django.http import Http404
from rest_framework import exceptions, serializers

from config import problems


class RoomSerializer(serializers.Serializer[dict[str, object]]):
    title = serializers.CharField(max_length=5)
    seats = serializers.ListField(child=serializers.IntegerField(min_value=1))


def handled(error: Exception) -> dict[str, object]:
    answer = problems.exception_handler(error, {})
    assert answer is not None
    assert answer.content_type == "application/problem+json"
    return dict(answer.data)


def test_a_missing_thing_is_a_404_problem() -> None:
    assert handled(Http404()) == {
        "type": "/problems/not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "Not found.",
    }


def test_field_errors_point_at_their_fields() -> None:
    serializer = RoomSerializer(data={"title": "too long", "seats": [1, 0]})
    with pytest.raises(exceptions.ValidationError) as caught:
        serializer.is_valid(raise_exception=True)
    document = handled(caught.value)
    assert document["status"] == 400
    assert document["errors"] == [
        {
            "pointer": "/title",
            "code": "max_length",
            "detail": "Ensure this field has no more than 5 characters.",
        },
        {
            "pointer": "/seats/1",
            "code": "min_value",
            "detail": "Ensure this value is greater than or equal to 1.",
        },
    ]


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    answer = problems.exception_handler(exceptions.Throttled(wait=6.2), {})
    assert answer is not None
    assert answer.status_code == 429
    assert answer["Retry-After"] == "7"


def test_a_bug_stays_a_bug() -> None:
    assert problems.exception_handler(KeyError("x"), {}) is None


def test_plain_views_answer_with_the_same_shape() -> None:
    answer = problems.response(status=400, code="bad_signature", detail="No.", event="evt_1")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content) == {
        "type": "/problems/bad_signature",
        "title": "Bad Request",
        "status": 400,
        "detail": "No.",
        "event": "evt_1",
    }
