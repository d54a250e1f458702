"""The hosted onboarding page at /setup/<token> (https://docs.stripe.com/connect/hosted-onboarding)."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from payouts.sandbox.core import Sandbox
from payouts.sandbox.pages.html import page
from payouts.sandbox.resources import account_links, accounts, bank_accounts
from payouts.sandbox.store import Json

_BANKS = (
    (bank_accounts.GOOD, "Payouts succeed"),
    ("000111111116", "Payout fails: no such account"),
    ("000111111113", "Payout fails: account closed"),
    ("000999999991", "Payout is paid, then comes back"),
)


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The payee's pages."""
    pages = _Onboarding(sandbox)
    return [
        Route("/setup/{token}", pages.show),
        Route("/setup/{token}", pages.submit, methods=["POST"]),
    ]


class _Onboarding:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def show(self, request: Request) -> Response:
        """The form; a used or expired link goes to the refresh address instead."""
        link = self._link(request)
        if link is None:
            return page(request, "message.html", 404, title="Page not found", text="There is no such onboarding link.")
        if not self._usable(link):
            return RedirectResponse(_case(link)["refresh_url"], 303)
        return self._page(request, link)

    async def submit(self, request: Request) -> Response:
        """Take name and bank account, and send the payee back."""
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        link = self._link(request)
        if link is None or not self._usable(link):
            return await self.show(request)
        error = _refusal(form)
        if error:
            return self._page(request, link, 422, error=error, form=form)
        with self.sandbox.store.transaction():
            self._complete(link, form)
        return RedirectResponse(_case(link).get("return_url") or _case(link)["refresh_url"], 303)

    def _complete(self, link: Json, form: dict[str, str]) -> None:
        account = self.sandbox.get(accounts.KIND, link["account"])
        given, surname = form.get("given_name") or "Test", form.get("surname") or "Payee"
        bank = bank_accounts.add(
            self.sandbox, account["id"], number=form.get("account_number") or bank_accounts.GOOD,
            routing_number=form.get("routing_number") or "110000000", holder=f"{given} {surname}",
            currency=form.get("currency") or account["defaults"]["currency"],
        )  # fmt: skip
        self.sandbox.store.hide(link["id"], used=True)
        accounts.complete_onboarding(self.sandbox, account, given_name=given, surname=surname, bank_account=bank["id"])

    def _link(self, request: Request) -> Json | None:
        return self.sandbox.store.load(request.path_params["token"], kind=account_links.KIND)

    def _usable(self, link: Json) -> bool:
        hidden = self.sandbox.store.hidden(link["id"])
        return not hidden["used"] and bool(hidden["expires_at_s"] > self.sandbox.clock.now_s())

    def _page(
        self, request: Request, link: Json, status: int = 200, error: str = "", form: dict[str, str] | None = None
    ) -> Response:
        account = self.sandbox.get(accounts.KIND, link["account"])
        return page(request, "onboarding.html", status, link=link, account=account, error=error, form=form or {},
                    banks=_BANKS, back=_case(link).get("return_url") or _case(link)["refresh_url"])  # fmt: skip


def _case(link: Json) -> dict[str, str]:
    case: dict[str, str] = link["use_case"][link["use_case"]["type"]]
    return case


def _refusal(form: dict[str, str]) -> str:
    number = form.get("account_number", "")
    if number and not re.fullmatch(r"[A-Za-z0-9]{8,34}", number):
        return "The account number has 8 to 34 digits or letters."
    if form.get("currency") and not re.fullmatch(r"[a-z]{3}", form["currency"]):
        return "Choose the currency of the bank account."
    return ""
