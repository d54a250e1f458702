"""The API's description and its page."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    """The OpenAPI document."""
    answer = Client().get("/api/schema/", {"format": "json"})
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def test_the_schema_describes_every_address(schema: dict[str, object]) -> None:
    assert set(schema["paths"]) == {  # type: ignore[call-overload]
        "/api/v1/rooms/",
        "/api/v1/rooms/{slug}/",
        "/api/v1/rooms/{slug}/tickets/",
        "/api/v1/rooms/{slug}/cancellation/",
        "/api/v1/rooms/{slug}/tips/",
        "/api/v1/rooms/{slug}/star-tips/",
        "/api/v1/rooms/{slug}/donations/",
        "/api/v1/creators/{handle}/tips/",
        "/api/v1/creators/{handle}/star-tips/",
        "/api/v1/tips/{purchase_id}/",
        "/api/v1/donations/{purchase_id}/",
        "/api/v1/stars/",
        "/api/v1/stars/packs/",
        "/api/v1/stars/packs/{purchase_id}/",
        "/api/v1/cards/",
        "/api/v1/cards/setup/",
        "/api/v1/cards/{card}/",
        "/api/v1/creators/{handle}/plans/",
        "/api/v1/plans/{plan_id}/",
        "/api/v1/plans/{plan_id}/subscriptions/",
        "/api/v1/subscriptions/",
        "/api/v1/subscriptions/{subscription_id}/",
        "/api/v1/subscriptions/{subscription_id}/cancel/",
        "/api/v1/subscriptions/{subscription_id}/resume/",
        "/api/v1/subscriptions/{subscription_id}/change/",
        "/api/v1/subscriptions/{subscription_id}/change/preview/",
        "/api/v1/subscriptions/{subscription_id}/portal/",
        "/api/v1/subscriptions/{subscription_id}/invoices/",
        "/api/v1/subscriptions/{subscription_id}/invoices/{invoice_id}/receipt/",
        "/api/v1/plans/{plan_id}/gifts/",
        "/api/v1/gifts/claim/",
        "/api/v1/gifts/{purchase_id}/",
        "/api/v1/sales/{sale_id}/refunds/",
        "/api/v1/purchases/",
        "/api/v1/tickets/",
        "/api/v1/tickets/{ticket_id}/",
        "/api/v1/rooms/{slug}/stage/",
        "/api/v1/rooms/{slug}/stage/end/",
        "/api/v1/rooms/{slug}/stage/guests/",
        "/api/v1/rooms/{slug}/stage/guests/{guest_id}/",
        "/api/v1/rooms/{slug}/stage/people/{person_id}/{deed}/",
        "/api/v1/rooms/{slug}/stage/{deed}/",
        "/api/v1/rooms/{slug}/reactions/",
    }


def test_the_schema_is_valid_openapi_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))

    assert (tmp_path / "schema.yml").read_text().startswith("openapi: 3")


def test_the_schema_asks_for_the_idempotency_key(schema: dict[str, object]) -> None:
    buy = schema["paths"]["/api/v1/rooms/{slug}/tickets/"]["post"]  # type: ignore[index]

    keys = [found for found in buy["parameters"] if found["name"] == "Idempotency-Key"]
    assert [(key["in"], key["required"]) for key in keys] == [("header", True)]


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script() -> None:
    answer = Client().get("/api/docs/")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert not re.findall(r"(?:src|href)=\"https?://", page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert "'unsafe-inline'" not in re.search(r"script-src[^;]*", answer["Content-Security-Policy"]).group()  # type: ignore[union-attr]
