"""What every purchase by API has in common: its key, and the same answer for the same key."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from rooms.errors import KeyMissingError
from rooms.idempotency import KEY_MAX
from rooms.models import IdempotentRequest
from rooms.purchases.context import PurchaseContext, whereabouts_of

KEY_HEADER: Final = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="Chosen by you, one for each purchase that you mean. Within 24 hours it gives the same answer again.",
)  # fmt: skip
PROBLEMS: Final = {
    (409, "application/problem+json"): OpenApiTypes.OBJECT,
    (422, "application/problem+json"): OpenApiTypes.OBJECT,
}


def answer_once(
    done: tuple[IdempotentRequest, bool], *, first_answer: Callable[[UUID], Any], location: str
) -> Response:
    """What was answered for the key before, else the first answer, which is kept for replays.

    `location` is the address of what was bought, with its id as `{}`.
    """
    request, replayed = done
    document = request.response
    if document is None:
        document = first_answer(request.object_id)
        IdempotentRequest.objects.filter(id=request.id, response__isnull=True).update(response=document)
    headers = {"Location": location.format(request.object_id)}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(document, status=request.status, headers=headers)


def key_of(request: Request) -> str:
    """The request's key.

    Raises:
        KeyMissingError: it has none that can be taken.
    """
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= KEY_MAX:
        raise KeyMissingError(longest=KEY_MAX)
    return key


def hash_of(request: Request) -> str:
    """What was asked for: the address and the body."""
    return hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()


def id_of(request: Request) -> UUID:
    """The caller."""
    return UUID(str(request.user.pk))


def context_of(request: Request, accepted: Mapping[str, Any]) -> PurchaseContext:
    """From where it was asked, and the refund policy that came with it."""
    return PurchaseContext(whereabouts=whereabouts_of(request), refund_policy=accepted["refund_policy"])
