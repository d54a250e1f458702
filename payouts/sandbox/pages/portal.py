"""The customer portal at /p/session/<id> (https://docs.stripe.com/customer-management) and the hosted invoice page at
/i/<invoice> (https://docs.stripe.com/invoicing/hosted-invoice-page)."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from payouts.sandbox import payments
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.pages.checkout import SHOWN_CARDS, FieldError, card_fields
from payouts.sandbox.pages.html import page
from payouts.sandbox.resources import payment_methods
from payouts.sandbox.store import Json


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The customer's pages."""
    pages = _Portal(sandbox)
    return [
        Route("/p/session/{id}", pages.show),
        Route("/p/session/{id}", pages.change, methods=["POST"]),
        Route("/i/{id}", pages.invoice),
        Route("/i/{id}", pages.pay, methods=["POST"]),
    ]


class _Portal:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def show(self, request: Request) -> Response:
        """Subscriptions, card and invoices of a customer."""
        session = self.sandbox.store.load(request.path_params["id"], kind="billing_portal.session")
        if session is None:
            return page(request, "message.html", 404, title="Page not found", text="There is no such portal link.")
        return self._portal(request, session)

    async def change(self, request: Request) -> Response:
        """`cancel=<sub>`, `keep=<sub>`, or a new card."""
        form = await request.form()
        session = self.sandbox.store.load(request.path_params["id"], kind="billing_portal.session")
        if session is None:
            return await self.show(request)
        try:
            with self.sandbox.store.transaction():
                for word, ending in (("cancel", True), ("keep", False)):
                    if form.get(word):
                        self._end(session, str(form[word]), ending=ending)
                if form.get("number"):
                    self._new_card(session["customer"], *card_fields(form, self.sandbox.clock.now_s()))
        except (FieldError, StripeError) as error:
            return self._portal(request, session, 402, error.message)
        self.sandbox.clock.play()
        return RedirectResponse(request.url.path, 303)

    async def invoice(self, request: Request) -> Response:
        """An invoice, with a card form while it is open."""
        self.sandbox.clock.play()
        invoice = self.sandbox.store.load(request.path_params["id"], kind="invoice")
        if invoice is None:
            return page(request, "message.html", 404, title="Page not found", text="There is no such invoice.")
        return self._invoice(request, invoice)

    async def pay(self, request: Request) -> Response:
        """Pay an open invoice with a card, which becomes the subscription's."""
        form = await request.form()
        invoice = self.sandbox.store.load(request.path_params["id"], kind="invoice")
        if invoice is None or invoice["status"] != "open":
            return await self.invoice(request)
        try:
            number, month, year = card_fields(form, self.sandbox.clock.now_s())
        except FieldError as error:
            return self._invoice(request, invoice, 402, error.message)
        with self.sandbox.store.transaction():
            method = payments.new_card(
                self.sandbox, number, exp_month=month, exp_year=year, email=invoice["customer_email"]
            )
            intent = self.sandbox.get("payment_intent", self.sandbox.store.hidden(invoice["id"])["payment_intent"])
            paid = payments.pay(self.sandbox, intent, method)
            if paid["status"] == "succeeded":
                self._use(invoice["customer"], method)
        self.sandbox.clock.play()
        if paid["status"] == "requires_action":
            return RedirectResponse(f"/c/3ds/{paid['id']}", 303)
        if paid["status"] != "succeeded":
            return self._invoice(request, invoice, 402, paid["last_payment_error"]["message"])
        return RedirectResponse(f"/i/{invoice['id']}", 303)

    def _end(self, session: Json, subscription_id: str, *, ending: bool) -> None:
        subscription = self.sandbox.get("subscription", subscription_id)
        if subscription["customer"] != session["customer"] or subscription["status"] == "canceled":
            raise StripeError("This subscription cannot be changed.")
        end = subscription["items"]["data"][0]["current_period_end"]
        self.sandbox.save(
            subscription, cancel_at_period_end=ending, cancel_at=end if ending else None,
            canceled_at=self.sandbox.clock.now() if ending else None,
            cancellation_details=subscription["cancellation_details"]
            | {"reason": "cancellation_requested" if ending else None},
        )  # fmt: skip
        previous = {"cancel_at_period_end": not ending}
        self.sandbox.emit("customer.subscription.updated", subscription, previous=previous)

    def _new_card(self, customer: str, number: str, month: int, year: int) -> None:
        self._use(customer, payments.new_card(self.sandbox, number, exp_month=month, exp_year=year))

    def _use(self, customer_id: str, method: Json) -> None:
        payment_methods.attach(self.sandbox, method, customer_id)
        customer = self.sandbox.get("customer", customer_id)
        customer["invoice_settings"]["default_payment_method"] = method["id"]
        self.sandbox.save(customer)
        self.sandbox.emit("customer.updated", customer)
        for subscription in self.sandbox.store.select("subscription", equal={"customer": customer_id}):
            if subscription["status"] not in ("canceled", "incomplete_expired"):
                self.sandbox.save(subscription, default_payment_method=method["id"])
                self.sandbox.emit("customer.subscription.updated", subscription)

    def _portal(self, request: Request, session: Json, status: int = 200, error: str = "") -> Response:
        customer = self.sandbox.get("customer", session["customer"])
        equal = {"customer": customer["id"]}
        name = customer["invoice_settings"]["default_payment_method"]
        held = self.sandbox.store.select("payment_method", equal=equal, limit=1)
        return page(
            request, "portal.html", status, session=session, customer=customer, error=error, test_cards=SHOWN_CARDS,
            subscriptions=self.sandbox.store.select("subscription", equal=equal), products=self._name_of,
            invoices=self.sandbox.store.select("invoice", equal=equal, limit=12),
            card=self.sandbox.store.load(name) if name else held[0] if held else None,
        )  # fmt: skip

    def _name_of(self, product: str) -> str:
        found = self.sandbox.store.load(product)
        return str(found["name"]) if found else product

    def _invoice(self, request: Request, invoice: Json, status: int = 200, error: str = "") -> Response:
        lines = [
            {
                "description": line["description"],
                "quantity": 1,
                "amount_total": line["amount"],
                "currency": line["currency"],
            }
            for line in invoice["lines"]["data"]
        ]
        state = {"open": "open", "paid": "complete"}.get(invoice["status"], "expired")
        session = {"id": invoice["id"], "mode": "payment", "status": state, "amount_total": invoice["amount_due"],
                   "currency": invoice["currency"], "cancel_url": None, "custom_text": None}  # fmt: skip
        return page(request, "checkout.html", status, session=session, items=lines, error=error, field="number",
                    form={}, email=invoice["customer_email"] or "", test_cards=SHOWN_CARDS, success="",
                    action=f"/i/{invoice['id']}")  # fmt: skip
