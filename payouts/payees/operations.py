"""Make somebody a payee, and lead them through Stripe's onboarding."""

import uuid
from datetime import datetime
from uuid import UUID

from django.db import transaction

from payouts import handlers
from payouts.errors import OnboardingUnavailableError, StripeUnavailableError, UnknownPayeeError
from payouts.gateway import bodies, facts
from payouts.gateway.calls import onboarding_link
from payouts.models import CallState, Payee, StripeCall
from payouts.outbox.operations import deliver, enqueue

TRY_AGAIN = "Stripe cannot be reached just now. Please try again in a minute."
# The payee waits on a page for the account: a worker that was woken too would hold the call while the page wants it.
CALLER_DELIVERS_WITHIN_S = 5.0


@transaction.atomic
def open_payee(*, user_id: UUID | None, display_name: str, email: str, country: str, now: datetime) -> Payee:
    """Make a payee; their connected account follows through the outbox.

    `country` is ISO 3166 alpha-2. A person who is a payee already keeps what they have.
    """
    if user_id is not None:
        known = Payee.objects.select_for_update().filter(user_id=user_id).first()
        if known is not None:
            return known
    payee = Payee.objects.create(
        user_id=user_id,
        display_name=display_name,
        email=email,
        country=country.upper(),
        created_at=now,
        updated_at=now,
    )
    request_account(payee=payee, now=now)
    return payee


def request_account(*, payee: Payee, now: datetime) -> StripeCall:
    """Write down that the payee's connected account is to be made."""
    call_id = uuid.uuid4()
    body = bodies.recipient_account(
        outbox_id=call_id,
        payee_id=payee.id,
        display_name=payee.display_name,
        email=payee.email,
        country=payee.country,
    )
    return enqueue(
        call_id=call_id,
        operation="account.create",
        subject=subject_of(payee.id),
        body=body,
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )


def request_manual_payouts(*, payee: Payee, now: datetime) -> StripeCall:
    """Write down that Stripe is to sweep nothing from the payee's balance by itself."""
    return enqueue(
        call_id=uuid.uuid4(),
        operation="balance_settings.update",
        subject=subject_of(payee.id),
        body=bodies.manual_payouts(),
        stripe_account=payee.stripe_account_id,
        now=now,
    )


def subject_of(payee_id: UUID) -> str:
    """How calls name a payee."""
    return f"payee:{payee_id}"


def onboarding_url(*, payee_id: UUID, return_url: str, refresh_url: str, now: datetime) -> str:
    """A link to Stripe's onboarding, good once and for some minutes. Outside any transaction.

    Makes the connected account first where that has not happened yet.

    Raises:
        UnknownPayeeError: no such payee.
        OnboardingUnavailableError: Stripe cannot be reached, or refused the account; its reason is for the payee.
    """
    payee = Payee.objects.filter(id=payee_id).first()
    if payee is None:
        raise UnknownPayeeError({payee_id})
    account_id = payee.stripe_account_id or _make_account(payee, now=now)
    try:
        return onboarding_link(account_id=account_id, return_url=return_url, refresh_url=refresh_url)
    except StripeUnavailableError as error:
        raise OnboardingUnavailableError(payee_id, TRY_AGAIN) from error


def _make_account(payee: Payee, *, now: datetime) -> str:
    """Deliver the call for the account at once. After a definite no, the next try is a new call with a new key."""
    calls = StripeCall.objects.filter(subject=subject_of(payee.id), operation="account.create")
    call = calls.order_by("-created_at").first()
    if call is None or call.state == CallState.FAILED:
        with transaction.atomic():
            call = request_account(payee=payee, now=now)
    call = deliver(call_id=call.id)
    if call.state == CallState.DONE:
        return call.result_id
    raise OnboardingUnavailableError(payee.id, call.error if call.state == CallState.FAILED else TRY_AGAIN)


def learn_account(*, payee: Payee, account: facts.Account, now: datetime) -> None:
    """Keep what Stripe says of the locked payee's account, and tell."""
    payee.stripe_account_id = account.id
    payee.transfers_state = account.transfers_state
    payee.restriction = account.restriction[:255]
    payee.updated_at = now
    payee.save()
    handlers.tell("payee.updated", payee_id=payee.id, now=now)
