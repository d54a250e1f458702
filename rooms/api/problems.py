"""Refusals of rooms as RFC 9457 problems: the one place that knows their HTTP status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from rest_framework.response import Response
from rest_framework.views import set_rollback

from config import problems
from rooms import errors
from rooms.live.errors import NoGrantError
from rooms.refunds import errors as refunds
from rooms.stage.errors import StageError

STATUS: Final[Mapping[type[errors.RoomsError], HTTPStatus]] = {
    errors.AlreadySubscribedError: HTTPStatus.CONFLICT,
    errors.GiftNotClaimableError: HTTPStatus.CONFLICT,
    errors.InvalidFieldsError: HTTPStatus.BAD_REQUEST,
    errors.KeyMissingError: HTTPStatus.BAD_REQUEST,
    errors.KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotCancellableError: HTTPStatus.CONFLICT,
    errors.OwnPlanError: HTTPStatus.CONFLICT,
    errors.OwnRoomError: HTTPStatus.CONFLICT,
    errors.PayeeNotReadyError: HTTPStatus.CONFLICT,
    errors.PlanNotFoundError: HTTPStatus.NOT_FOUND,
    errors.PlanNotSoldError: HTTPStatus.CONFLICT,
    errors.SalesClosedError: HTTPStatus.CONFLICT,
    errors.SoldOutError: HTTPStatus.CONFLICT,
    errors.SubscribersOnlyError: HTTPStatus.CONFLICT,
    errors.SubscriptionNotChangedError: HTTPStatus.CONFLICT,
    errors.SubscriptionNotFoundError: HTTPStatus.NOT_FOUND,
    errors.TicketNotFoundError: HTTPStatus.NOT_FOUND,
    errors.CardNotFoundError: HTTPStatus.CONFLICT,
    errors.CardPageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DonationsClosedError: HTTPStatus.CONFLICT,
    errors.OwnTipError: HTTPStatus.CONFLICT,
    errors.StarsFrozenError: HTTPStatus.CONFLICT,
    errors.StarsMissingError: HTTPStatus.CONFLICT,
    errors.TipsClosedError: HTTPStatus.CONFLICT,
    errors.TipsOffError: HTTPStatus.CONFLICT,
    refunds.NotCancelledError: HTTPStatus.NOT_FOUND,
    refunds.NotYourRoomError: HTTPStatus.NOT_FOUND,
    refunds.NotYourSaleError: HTTPStatus.NOT_FOUND,
    refunds.RefundNotPossibleError: HTTPStatus.CONFLICT,
    refunds.RefundOverLimitError: HTTPStatus.CONFLICT,
    refunds.RefundTooLateError: HTTPStatus.CONFLICT,
    refunds.RoomAlreadyOverError: HTTPStatus.CONFLICT,
}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's hook for our views: our errors first, then the house's mapping of the framework's own."""
    if not isinstance(error, errors.RoomsError):
        return problems.exception_handler(error, context)
    set_rollback()
    status = error.status if isinstance(error, NoGrantError | StageError) else STATUS[type(error)]
    document = problems.body(status=status, code=error.code, detail=str(error), **_members(error))
    return Response(document, status=status, content_type=problems.CONTENT_TYPE)


def _members(error: errors.RoomsError) -> dict[str, Any]:  # noqa: PLR0911 (one return for each kind reads best)
    """The error's data, as extension members (RFC 9457, section 3.2)."""
    match error:
        case NoGrantError():
            return error.members
        case errors.SalesClosedError():
            return {"since": error.since.isoformat(), "cancelled": error.cancelled}
        case errors.PayeeNotReadyError():
            return {"waiting_for": error.names}
        case refunds.RefundNotPossibleError() if error.left_minor is not None:
            return {"left_minor": error.left_minor}
        case refunds.RefundOverLimitError():
            return {"cost_minor": error.cost_minor, "limit_minor": error.limit_minor, "currency": error.currency}
        case refunds.RefundTooLateError():
            return {"until": error.until.isoformat()}
        case errors.AlreadySubscribedError():
            return {"subscription_id": str(error.subscription_id), "state": error.state}
        case errors.PlanNotSoldError():
            return {"retired": error.retired}
        case errors.NotCancellableError():
            return {"state": error.state}
        case errors.InvalidFieldsError():
            return {"errors": [_fault(field, text) for field, texts in error.errors.items() for text in texts]}
        case errors.StarsMissingError():
            return {"balance": error.balance, "wanted": error.wanted, "pack": error.pack}
        case errors.KeyMissingError() | errors.KeyReusedError():
            return {"header": "Idempotency-Key"}
    return {}


def _fault(field: str, detail: str) -> dict[str, str]:
    """A fault as the framework's own are told. Operations call `amount` what is `amount_minor` here."""
    pointer = {"amount": "amount_minor", "price": "price_minor"}.get(field, field)
    return {"pointer": f"/{pointer}", "code": "invalid", "detail": detail}
