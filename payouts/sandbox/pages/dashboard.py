"""The sandbox's own page: its clock, objects, events with their deliveries, and faults."""

import json
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from payouts.sandbox import actions, events, faults, ledger
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.pages.html import moment, money, page
from payouts.sandbox.settings import MEANINGS, SettingsError, duration_s
from payouts.sandbox.store import Json

_PAGE = 50
_TITLES = {
    "v2.core.account": "Accounts", "checkout.session": "Checkout Sessions", "payment_intent": "Payment intents",
    "charge": "Charges", "refund": "Refunds", "dispute": "Disputes", "balance_transaction": "Balance transactions",
    "transfer": "Transfers", "transfer_reversal": "Transfer reversals", "payout": "Payouts", "customer": "Customers",
    "payment_method": "Payment methods", "setup_intent": "Setup intents", "subscription": "Subscriptions",
    "invoice": "Invoices", "product": "Products", "price": "Prices", "bank_account": "Bank accounts",
    "webhook_endpoint": "Webhook endpoints", "radar.early_fraud_warning": "Early fraud warnings",
}  # fmt: skip


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The developer's pages."""
    pages = _Dashboard(sandbox)
    return [
        Route("/", pages.home),
        Route("/objects/{kind}", pages.objects),
        Route("/object/{id}", pages.show),
        Route("/object/{id}", pages.act, methods=["POST"]),
        Route("/object/{id}/event", pages.send, methods=["POST"]),
        Route("/receipts/{id}", pages.receipt),
        Route("/settings", pages.turn, methods=["POST"]),
        Route("/events", pages.events),
        Route("/faults", pages.faults),
        Route("/clock", pages.move, methods=["POST"]),
        Route("/faults", pages.add_fault, methods=["POST"]),
        Route("/faults/clear", pages.clear_faults, methods=["POST"]),
        Route("/events/{id}/resend", pages.resend, methods=["POST"]),
    ]


class _Dashboard:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store

    async def home(self, request: Request) -> Response:
        """Balances, counts and the last events."""
        counts = {
            row["kind"]: row["n"] for row in self.store.rows("SELECT kind, count(*) n FROM objects GROUP BY kind")
        }
        kinds = [(kind, title, counts.get(kind, 0)) for kind, title in _TITLES.items() if counts.get(kind)]
        balances = [("Platform", ledger.totals(self.sandbox, "") or {"usd": (0, 0)})]
        balances += [
            (account["display_name"] or account["id"], ledger.totals(self.sandbox, account["id"]))
            for account in self.store.select("v2.core.account")
        ]
        return self._page(request, "home.html", kinds=kinds, balances=balances, recent=self._events(10, ""))

    async def objects(self, request: Request) -> Response:
        """The objects of a kind, newest first."""
        kind = request.path_params["kind"]
        found = self.store.rows(
            "SELECT id, account, created, body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT 200", kind
        )
        rows = [(row, self.sandbox.present(json.loads(row["body"]))) for row in found]
        return self._page(request, "objects.html", rows=rows, title=_TITLES.get(kind, kind))

    async def show(self, request: Request) -> Response:
        """One object as JSON, with what else names it."""
        obj = self.store.load(request.path_params["id"])
        if obj is None:
            return page(request, "message.html", 404, title="No such object", text=request.path_params["id"])
        about = self.store.rows(
            "SELECT id, kind, body->>'$.type' AS type FROM objects WHERE instr(body, ?) > 0 AND id <> ? "
            "ORDER BY seq DESC LIMIT 40", obj["id"], obj["id"],
        )  # fmt: skip
        text = json.dumps(self.sandbox.present(obj), indent=2, ensure_ascii=False)
        return self._page(
            request, "object.html", obj=obj, text=text, about=about, actions=actions.of(obj),
            deliveries=self._attempts(obj["id"]),
        )  # fmt: skip

    async def act(self, request: Request) -> Response:
        """A button of an object's page."""
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        object_id = request.path_params["id"]
        try:
            actions.act(self.sandbox, object_id, form.pop("action", ""), form)
        except StripeError as error:
            return page(request, "message.html", error.status, title="That did not work", text=error.message)
        return RedirectResponse(f"/object/{object_id}", 303)

    async def send(self, request: Request) -> Response:
        """Send an event of any type about an object as it is now."""
        form = await request.form()
        obj = self.store.load(request.path_params["id"])
        event_type = str(form.get("type", "")).strip()
        if obj is None or not event_type:
            return page(request, "message.html", 400, title="Nothing was sent", text="Name the type of the event.")
        with self.store.transaction():
            event = self.sandbox.emit(event_type, self.sandbox.present(obj))
        return RedirectResponse(f"/object/{event['id']}", 303)

    async def receipt(self, request: Request) -> Response:
        """What a charge's receipt_url shows."""
        charge = self.store.load(request.path_params["id"], kind="charge")
        if charge is None:
            return page(request, "message.html", 404, title="Page not found", text="There is no such receipt.")
        paid = f"{money(charge['amount'], charge['currency'])} paid to Obole on {moment(charge['created'])} UTC."
        return page(request, "message.html", title="Receipt from Obole", text=paid)

    async def turn(self, request: Request) -> Response:
        """Change one setting; its value is JSON."""
        form = await request.form()
        try:
            self.sandbox.turn({str(form.get("name", "")): json.loads(str(form.get("value", "")))})
        except (SettingsError, TypeError, ValueError) as error:
            return page(request, "message.html", 400, title="Nothing was changed", text=str(error))
        return RedirectResponse("/faults", 303)

    async def events(self, request: Request) -> Response:
        """The last events with their deliveries."""
        wanted = request.query_params.get("type", "")
        return self._page(request, "events.html", recent=self._events(_PAGE, wanted), wanted=wanted)

    async def faults(self, request: Request) -> Response:
        """The fault switch."""
        rows = self.store.rows("SELECT * FROM faults ORDER BY id DESC LIMIT 50")
        return self._page(
            request,
            "faults.html",
            rows=rows,
            api=faults.API,
            event=faults.EVENT,
            knobs=asdict(self.sandbox.knobs),
            meanings=MEANINGS,
        )

    async def move(self, request: Request) -> Response:
        """Forward by a duration such as 7d."""
        form = await request.form()
        try:
            self.sandbox.clock.move_to(self.sandbox.clock.now_s() + duration_s(str(form.get("advance", ""))))
        except (SettingsError, ValueError) as error:
            return page(request, "message.html", 400, title="The clock did not move", text=str(error))
        return _back(request)

    async def add_fault(self, request: Request) -> Response:
        """Switch a fault on."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            faults.add(self.store, kind=form["kind"], pattern=form.get("pattern") or "*",
                       count=int(form.get("count") or 1), seconds=float(form.get("seconds") or 0))  # fmt: skip
        except (KeyError, ValueError) as error:
            return page(request, "message.html", 400, title="No fault was set", text=str(error))
        return RedirectResponse("/faults", 303)

    async def clear_faults(self, _request: Request) -> Response:
        """Switch all off."""
        faults.clear(self.store)
        return RedirectResponse("/faults", 303)

    async def resend(self, request: Request) -> Response:
        """Queue an event again."""
        event = self.store.load(request.path_params["id"])
        if event is not None:
            events.resend(self.sandbox, event)
        return _back(request)

    def _events(self, limit: int, wanted: str) -> list[tuple[Json, str, int]]:
        rows = self.store.rows(
            "SELECT body, created FROM objects WHERE kind IN ('event', 'v2.core.event') AND body->>'$.type' GLOB ? "
            "ORDER BY seq DESC LIMIT ?", f"{wanted}*", limit,
        )  # fmt: skip
        found = [(json.loads(row["body"]), int(row["created"])) for row in rows]
        return [(event, self._state(event["id"]), created) for event, created in found]

    def _state(self, event_id: str) -> str:
        rows = self.store.rows("SELECT state, attempts FROM deliveries WHERE event = ? ORDER BY id", event_id)
        if not rows:
            return "nobody listens"
        return ", ".join(
            f"{row['state']} ({row['attempts']} tries)" if row["attempts"] > 1 else str(row["state"]) for row in rows
        )

    def _attempts(self, event_id: str) -> list[tuple[Json, list[Json]]]:
        rows = self.store.rows("SELECT * FROM deliveries WHERE event = ? ORDER BY id", event_id)
        return [
            (
                dict(row),
                [dict(each) for each in self.store.rows("SELECT * FROM attempts WHERE delivery = ?", row["id"])],
            )
            for row in rows
        ]

    def _page(self, request: Request, name: str, **values: Any) -> Response:
        clock, settings = self.sandbox.clock, self.sandbox.settings
        listening = [*settings.forward_to, *settings.forward_v2_to]
        return page(request, name, now=clock.now_s(), offset_s=clock.offset_s, listening=listening, **values)


def _back(request: Request) -> Response:
    return RedirectResponse(request.headers.get("referer") or "/", 303)
