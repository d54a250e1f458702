"""Decide a call in the caller's transaction; deliver it outside any.

Source for keys and retries: https://docs.stripe.com/api/idempotent_requests and
https://docs.stripe.com/error-low-level. Keys and leases age in real time, follow-ups happen at the Clock's time.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from config import clock
from payouts import circuit
from payouts.errors import StripeRefusedError, StripeUnavailableError
from payouts.gateway.bodies import API_VERSION
from payouts.gateway.facts import Fact
from payouts.gateway.requests import Request
from payouts.locks import lock_call
from payouts.models import CallState, StripeCall
from payouts.models.call import OPEN_STATES
from payouts.outbox.registry import operation_named
from payouts.wake import wake_after_commit

log = structlog.get_logger(__name__)

KEY_TRUSTED_FOR = timedelta(hours=23)
"""Stripe forgets keys after 24 hours at the earliest."""
LEASE = timedelta(seconds=60)
BACKOFF_MAX_S = 300.0


def enqueue(
    *,
    call_id: UUID,
    operation: str,
    subject: str,
    body: str,
    target_id: str = "",
    stripe_account: str = "",
    left_to_caller_for_s: float = 0.0,
    now: datetime,
) -> StripeCall:
    """Write a call down in the caller's transaction; it is made after the commit.

    `body` holds `call_id` as `metadata.outbox_id`. A caller that delivers it itself, right after its commit, says for
    how long nobody else should.
    """
    operation_named(operation)
    real_now = clock.real_now()
    call = StripeCall.objects.create(
        id=call_id,
        operation=operation,
        subject=subject,
        target_id=target_id,
        body=body,
        api_version=API_VERSION,
        idempotency_key=_key(call_id, 1),
        stripe_account=stripe_account,
        decided_at=now,
        created_at=real_now,
        next_attempt_at=real_now + timedelta(seconds=left_to_caller_for_s),
    )
    if not left_to_caller_for_s:
        wake_after_commit("payouts.tasks.deliver_call", call_id=str(call_id))
    return call


def take_back(*, subject: str, operation: str, why: str) -> bool:
    """Take back a call that nobody has claimed, in the caller's transaction. False when Stripe may know of it."""
    unsent = StripeCall.objects.filter(subject=subject, operation=operation, state=CallState.PENDING, attempts=0)
    taken_back = unsent.update(
        state=CallState.FAILED,
        error=f"Taken back before it was sent: {why}",
        error_code="taken_back",
        finished_at=clock.real_now(),
    )
    return taken_back == 1


def deliver(*, call_id: UUID) -> StripeCall:
    """Make a call and record its answer, unless somebody else does or it is not time yet. Answers the row as it is.

    Never raises for what Stripe says: the row tells. While the circuit is open the call stays as it is.
    """
    with structlog.contextvars.bound_contextvars(stripe_call_id=str(call_id)):
        call = _claim(call_id) if circuit.admits(real_now=clock.real_now()) else None
        if call is None:
            return StripeCall.objects.get(id=call_id)
        try:
            result = _find_or_send(call)
        except StripeUnavailableError as error:
            return _unanswered(call, error)
        except StripeRefusedError as error:
            circuit.answered()
            return _refuse(call, error)
        circuit.answered()
        try:
            return _record(call, result)
        except StripeUnavailableError as error:  # some follow-ups ask Stripe once more
            return _unanswered(call, error)


def _claim(call_id: UUID) -> StripeCall | None:
    """Take the call for one lease, so that no two processes send it at once."""
    now = clock.real_now()
    with transaction.atomic(durable=True):
        call = (
            StripeCall.objects.select_for_update(skip_locked=True)
            .filter(id=call_id, state__in=OPEN_STATES)
            .filter(Q(attempts=0) | Q(next_attempt_at__lte=now))
            .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
            .first()
        )
        if call is None:
            return None
        call.state = CallState.SENT
        call.attempts += 1
        call.lease_until = now + LEASE
        call.first_sent_at = call.first_sent_at or now
        call.look_up = call.look_up or now - call.first_sent_at > KEY_TRUSTED_FOR
        call.save(update_fields=["state", "attempts", "lease_until", "first_sent_at", "look_up"])
    return call


def _find_or_send(call: StripeCall) -> Fact:
    operation = operation_named(call.operation)
    if call.look_up:
        found: Fact | None = operation.find(call=call)
        if found is not None:
            return found
        _renew_key(call)
    request = Request(
        body=call.body,
        api_version=call.api_version,
        idempotency_key=call.idempotency_key,
        stripe_account=call.stripe_account,
    )
    result: Fact = operation.send(call=call, request=request)
    return result


def _renew_key(call: StripeCall) -> None:
    """Nothing came of the old key: committed before the new one is used, so that a crash repeats the new one."""
    call.generation += 1
    call.idempotency_key = _key(call.id, call.generation)
    call.first_sent_at = clock.real_now()
    call.look_up = False
    call.save(update_fields=["generation", "idempotency_key", "first_sent_at", "look_up"])


def _key(call_id: UUID, generation: int) -> str:
    return f"obole:{call_id}:{generation}"


def _unanswered(call: StripeCall, error: StripeUnavailableError) -> StripeCall:
    circuit.unanswered(source=f"call {call.id}", error=error, real_now=clock.real_now())
    return _postpone(call, error)


def _postpone(call: StripeCall, error: StripeUnavailableError) -> StripeCall:
    wait_s = max(error.retry_after_s or 0.0, backoff_s(call.attempts))
    mine = StripeCall.objects.filter(id=call.id, attempts=call.attempts, state=CallState.SENT)
    mine.update(
        lease_until=None,
        next_attempt_at=clock.real_now() + timedelta(seconds=wait_s),
        look_up=error.kept or F("look_up"),
        error=str(error),
    )
    log.warning("call.postponed", operation=call.operation, attempts=call.attempts, wait_s=wait_s, error=str(error))
    call.refresh_from_db()
    return call


def postpone_after_crash(*, call_id: UUID, error: Exception) -> None:
    """A follow-up raised: its transaction is gone, the call is tried again with the same key, later."""
    call = StripeCall.objects.get(id=call_id)
    _postpone(call, StripeUnavailableError(f"{type(error).__name__}: {error}"))


def backoff_s(attempts: int) -> float:
    """Seconds to wait after so many attempts: 1, 2, 4 … five minutes."""
    return min(BACKOFF_MAX_S, 2.0 ** min(attempts - 1, 16))


def _refuse(call: StripeCall, error: StripeRefusedError) -> StripeCall:
    with transaction.atomic(durable=True):
        now = clock.now()
        locked = lock_call(call.id)
        if locked.state != CallState.SENT or locked.attempts != call.attempts:
            return locked
        _finish(locked, CallState.FAILED)
        locked.error = error.message
        locked.error_code = error.code
        locked.save()
        operation_named(locked.operation).refused(call=locked, error=error, now=now)
    log.warning("call.refused", operation=call.operation, code=error.code, error=error.message)
    return locked


def _record(call: StripeCall, result: Fact) -> StripeCall:
    with transaction.atomic(durable=True):
        now = clock.now()
        locked = lock_call(call.id)
        if locked.state not in OPEN_STATES:
            return locked
        _finish(locked, CallState.DONE)
        locked.result_id = result.id
        locked.result = result.raw
        locked.error = ""
        locked.save()
        operation_named(locked.operation).done(call=locked, result=result, now=now)
    return locked


def _finish(call: StripeCall, state: CallState) -> None:
    call.state = state
    call.finished_at = clock.real_now()
    call.lease_until = None


def due_calls(*, real_now: datetime, limit: int) -> list[UUID]:
    """The calls that a sweeper should deliver now, oldest first."""
    due = StripeCall.objects.filter(state__in=OPEN_STATES, next_attempt_at__lte=real_now)
    free = due.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=real_now))
    return list(free.order_by("next_attempt_at").values_list("id", flat=True)[:limit])
