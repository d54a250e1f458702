"""Stripe's error bodies as exceptions (https://docs.stripe.com/api/errors)."""

from typing import Any


class StripeError(Exception):
    """An error that the API answers with.

    `commit` keeps what the handler wrote before raising: a declined card leaves its failed charge behind.
    `executed` is false for refusals that happen before the endpoint runs, which Stripe does not store under
    the idempotency key (https://docs.stripe.com/api/idempotent_requests).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        commit: bool = False,
        executed: bool = True,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.commit = commit
        self.executed = executed
        self.headers = headers or {}
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON body, without the members that are not set."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": error | self.extra}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that the endpoint refuses (https://docs.stripe.com/error-codes)."""
    return StripeError(message, param=param, code=code, executed=False)


def missing(kind: str, object_id: str, *, param: str = "id") -> StripeError:
    """No such object in this account; 404 when the id is in the path, 400 when it is a parameter."""
    name = kind.rsplit(".", 1)[-1].replace("_", " ")
    return StripeError(
        f"No such {name}: '{object_id}'", status=404 if param == "id" else 400, code="resource_missing", param=param
    )
