"""The hosted payment page at /c/pay/<session> and the 3-D Secure challenge at /c/3ds/<intent>
(https://docs.stripe.com/payments/checkout)."""

import re
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from payouts.sandbox import cards, checkout, payments
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.pages.html import page
from payouts.sandbox.resources import payment_methods
from payouts.sandbox.resources.checkout_sessions import KIND
from payouts.sandbox.store import Json

SHOWN_CARDS = (
    ("4242 4242 4242 4242", "Succeeds"),
    ("4000 0025 0000 3155", "Asks for 3-D Secure"),
    ("4000 0000 0000 0002", "Declined"),
    ("4000 0000 0000 9995", "Insufficient funds"),
    ("4000 0000 0000 0069", "Expired card"),
    ("4000 0000 0000 0127", "Wrong security code"),
    ("4000 0000 0000 0077", "Funds available at once"),
    ("4000 0000 0000 0259", "Disputed afterwards"),
    ("4000 0000 0000 5126", "Refund fails later"),
    ("4000 0005 6000 0004", "Belgian card: higher fee"),
)


class FieldError(Exception):
    """A form field that the page refuses before anything is tried."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The payer's pages."""
    pages = _Checkout(sandbox)
    return [
        Route("/c/pay/{id}", pages.show),
        Route("/c/pay/{id}", pages.pay, methods=["POST"]),
        Route("/c/3ds/{id}", pages.challenge),
        Route("/c/3ds/{id}", pages.answer, methods=["POST"]),
    ]


class _Checkout:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def show(self, request: Request) -> Response:
        """The form, or why there is none."""
        self.sandbox.clock.play()
        session = self.sandbox.store.load(request.path_params["id"], kind=KIND)
        if session is None:
            return page(request, "message.html", 404, title="Page not found", text="There is no such payment page.")
        return self._page(request, session)

    async def pay(self, request: Request) -> Response:
        """Try the card; a refusal shows the form again with the reason."""
        form = await request.form()
        self.sandbox.clock.play()
        session = self.sandbox.store.load(request.path_params["id"], kind=KIND)
        if session is None or session["status"] != "open":
            return await self.show(request)
        try:
            number, month, year = card_fields(form, self.sandbox.clock.now_s())
            with self.sandbox.store.transaction():
                intent = self._attempt(session, form, number, month, year)
        except FieldError as error:
            return self._page(request, session, 402, error=error.message, field=error.field, form=form)
        except StripeError as error:
            return self._page(request, session, 402, error=error.message, field="number", form=form)
        self.sandbox.clock.play()
        if intent["status"] == "requires_action":
            return RedirectResponse(f"/c/3ds/{intent['id']}", 303)
        if intent["status"] != "succeeded":
            last: Json = intent.get("last_payment_error") or intent["last_setup_error"]
            return self._page(request, session, 402, error=last["message"], field="number", form=form)
        return RedirectResponse(checkout.success_address(session), 303)

    async def challenge(self, request: Request) -> Response:
        """The bank's page that asks whether it is really you."""
        intent = self._challenged(request)
        if intent is None:
            return page(
                request, "message.html", 404, title="Nothing to confirm",
                text="This payment is not waiting for your bank any more.",
            )  # fmt: skip
        return page(request, "challenge.html", intent=intent)

    async def answer(self, request: Request) -> Response:
        """`result=complete` pays, anything else fails the authentication."""
        form = await request.form()
        intent = self._challenged(request)
        if intent is None:
            return await self.challenge(request)
        with self.sandbox.store.transaction():
            self._finish_challenge(intent, passed=form.get("result") == "complete")
        self.sandbox.clock.play()
        return RedirectResponse(self._after_challenge(intent), 303)

    def _challenged(self, request: Request) -> Json | None:
        intent = self.sandbox.store.load(request.path_params["id"])
        return intent if intent is not None and intent.get("status") == "requires_action" else None

    def _finish_challenge(self, intent: Json, *, passed: bool) -> None:
        if intent["object"] == "setup_intent":
            checkout.finish_setup(self.sandbox, intent, passed=passed)
            return
        method = self.sandbox.get("payment_method", intent["payment_method"])
        if passed:
            payments.pay(self.sandbox, intent, method, authenticated=True)
        else:
            payments.fail(self.sandbox, intent, method, checkout.CHALLENGE_FAILED, charge=False)

    def _after_challenge(self, intent: Json) -> str:
        hidden = self.sandbox.store.hidden(intent["id"])
        session_id = hidden.get("checkout_session")
        if session_id is None and "invoice" in hidden:
            return f"/i/{hidden['invoice']}"
        if session_id is None:
            mark = "&" if "?" in str(hidden.get("return_url")) else "?"
            return f"{hidden.get('return_url') or '/'}{mark}{intent['object']}={intent['id']}"
        if intent["status"] == "succeeded":
            return checkout.success_address(self.sandbox.get(KIND, session_id))
        return f"/c/pay/{session_id}?declined=1"

    def _attempt(self, session: Json, form: FormData, number: str, month: int, year: int) -> Json:
        email = session["customer_email"] or _text(form, "email")
        if not email and session["customer"]:
            email = self.sandbox.get("customer", session["customer"])["email"] or ""
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise FieldError("email", "Your email is incomplete.")
        if checkout.terms_required(session) and not _text(form, "terms"):
            raise FieldError("terms", "Agree to the terms of service to go on.")
        name = _text(form, "name")
        method = payments.new_card(
            self.sandbox, number, exp_month=month, exp_year=year, name=name or None, email=email
        )
        return checkout.attempt(self.sandbox, session, method, email=email, name=name)

    def _page(
        self, request: Request, session: Json, status: int = 200, *, error: str = "", field: str = "",
        form: FormData | None = None,
    ) -> Response:  # fmt: skip
        hidden = self.sandbox.store.hidden(session["id"])
        items = hidden["line_items"]["data"]
        if request.query_params.get("declined") and not error:
            error, field = checkout.CHALLENGE_FAILED[2], "number"
        email = session["customer_email"] or ""
        if session["customer"]:
            email = self.sandbox.get("customer", session["customer"])["email"] or ""
        return page(request, "checkout.html", status, session=session, items=items, error=error, field=field,
                    form=form or {}, email=email, test_cards=SHOWN_CARDS,
                    success=checkout.success_address(session), terms=checkout.terms_required(session),
                    action=f"/c/pay/{session['id']}",
                    recurring_total=sum(item["amount_total"] for item in items),
                    trial_days=hidden["subscription_data"].get("trial_period_days"),
                    interval=_interval(items))  # fmt: skip


def card_fields(form: FormData, now_s: float) -> tuple[str, int, int]:
    """Number, month and year of the form; raises FieldError as the page's own checks do."""
    number = cards.clean(_text(form, "number"))
    if not re.fullmatch(r"\d{14,16}", number):
        raise FieldError("number", "Your card number is incomplete." if number else "Enter your card number.")
    if number not in cards.BY_NUMBER:
        raise FieldError("number", payment_methods.unknown_card().message)
    expiry = re.fullmatch(r"(\d{1,2})\s*/?\s*(\d{2}|\d{4})", _text(form, "exp"))
    if expiry is None or not 1 <= int(expiry[1]) <= 12:
        raise FieldError("exp", "Your card's expiration date is incomplete.")
    month, year = int(expiry[1]), int(expiry[2]) % 100 + 2000
    now = datetime.fromtimestamp(now_s, UTC)
    if (year, month) < (now.year, now.month):
        raise FieldError("exp", "Your card's expiration date is in the past.")
    if not re.fullmatch(r"\d{3,4}", _text(form, "cvc")):
        raise FieldError("cvc", "Your card's security code is incomplete.")
    return number, month, year


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _interval(items: list[Json]) -> str:
    recurring = items[0]["price"]["recurring"] if items else None
    if recurring is None:
        return ""
    count = recurring["interval_count"]
    return str(recurring["interval"]) if count == 1 else f"{count} {recurring['interval']}s"
