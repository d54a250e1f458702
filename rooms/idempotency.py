"""Doing something once for one key. Source: draft-ietf-httpapi-idempotency-key-header, section 2.

The key comes from the API's header, or from a form that carries it, so that two taps are one purchase.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.errors import KeyReusedError
from rooms.models import IdempotentRequest

KEY_MAX: Final = 255
KEPT: Final = timedelta(hours=24)
OK, CREATED = 200, 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done: `subject` names it ("tip:<uuid>"), `status` is what the API answers with."""

    subject: str
    status: int = CREATED


def once(
    *, user_id: UUID, key: str, request_sha256: str, do: Callable[[], Done], real_now: datetime
) -> tuple[IdempotentRequest, bool]:
    """Do it, or find what was done for this key; True when it was found.

    The key is stored in the transaction of the work, so what is refused leaves the key free. Keys age by real time, as
    Stripe's do, whatever the test clock says.

    Raises:
        KeyReusedError: the key came with another request.
        And what `do` raises.
    """
    with transaction.atomic():
        locks.lock_buyer(user_id)
        mine = IdempotentRequest.objects.filter(user_id=user_id)
        mine.filter(created_at__lte=real_now - KEPT).delete()
        found = mine.filter(key=key).first()
        if found is not None:
            if found.request_sha256 != request_sha256:
                raise KeyReusedError(key=key)
            return found, True
        done = do()
        made = IdempotentRequest.objects.create(
            user_id=user_id,
            key=key,
            request_sha256=request_sha256,
            subject=done.subject,
            status=done.status,
            created_at=real_now,
        )
    return made, False


def hash_of_form(path: str, values: Mapping[str, object]) -> str:
    """What a form asked for, as the hash that its key is kept with."""
    said = "\n".join(f"{name}={values[name]}" for name in sorted(values))
    return hashlib.sha256(f"{path}\n{said}".encode()).hexdigest()
