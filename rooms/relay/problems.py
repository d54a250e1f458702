"""The relay's refusals: one tree of errors, each with its HTTP status and data, written as RFC 9457 problem+json."""

from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/problems/relay/"


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request the relay will not do. `code` is stable; `detail` tells a person what to do."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad-request"
    detail = "The request cannot be taken as it is."

    def __init__(self, detail: str = "", **members: Any) -> None:
        self.detail = detail or self.detail
        self.members = members
        super().__init__(self.detail)

    def document(self) -> dict[str, Any]:
        """The problem document (RFC 9457 section 3.1)."""
        return {
            "type": TYPE_BASE + self.code,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            **self.members,
        }

    def headers(self) -> dict[str, str]:
        """Headers that go with the answer."""
        return {}


class BadOffer(Refusal):
    """The SDP offer cannot be parsed."""

    code = "bad-offer"
    detail = "The SDP offer is malformed."


class UnusableOffer(Refusal):
    """The SDP offer is well-formed and asks for something this relay does not do."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unusable-offer"
    detail = "The SDP offer has nothing this relay can accept."


class WrongMediaType(Refusal):
    """The body is not of the type the address takes."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "media-type"
    detail = "Send application/sdp."


class BodyTooLarge(Refusal):
    """The body is larger than any honest offer."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too-large"
    detail = "The body is too large."


class Unauthorised(Refusal):
    """No grant, or one that is forged, expired, early or spent."""

    status = HTTPStatus.UNAUTHORIZED
    code = "grant-missing"
    detail = "Ask the site for a grant to this room."

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer realm="relay", error="invalid_token", error_description="{self.code}"'}


class Forbidden(Refusal):
    """The grant is good and does not allow this."""

    status = HTTPStatus.FORBIDDEN
    code = "not-allowed"
    detail = "This grant does not allow that."


class NoSuchSession(Refusal):
    """The session address is unknown: mistyped, or of a relay that has been started again since."""

    status = HTTPStatus.NOT_FOUND
    code = "no-such-session"
    detail = "There is no such session; connect again."


class SessionEnded(Refusal):
    """The session was here and has ended; `reason` says why."""

    status = HTTPStatus.GONE
    code = "session-ended"
    detail = "Your access to this room has ended."


class PreconditionRequired(Refusal):
    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "if-match-missing"
    detail = "Send If-Match with the session's ETag, or * to restart ICE."


class PreconditionFailed(Refusal):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "if-match"
    detail = "The ICE session has moved on; take the ETag of the last answer."


class Busy(Refusal):
    """Admission control: latency comes first. `retry_after_s` tells when to ask again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"
    detail = "The relay is full. Try again shortly."
    retry_after_s = 5

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class Unavailable(Busy):
    """Grants cannot be checked now, so nobody is let in."""

    code = "unavailable"
    detail = "Grants cannot be checked right now. Try again shortly."
    retry_after_s = 2
