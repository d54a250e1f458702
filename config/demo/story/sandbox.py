"""The sandbox as a person uses it: its clock, its onboarding page, its card page."""

from dataclasses import dataclass
from datetime import datetime

import httpx

TIMEOUT_S = 60.0  # moving the clock by a day plays that day's payouts


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Hosted pages and clock of the sandbox at `url`."""

    url: str

    def advance_to(self, moment: datetime) -> None:
        """Move the clock forward to a moment; a clock that is already there stays."""
        if moment.timestamp() > httpx.get(f"{self.url}/_sandbox/clock", timeout=TIMEOUT_S).json()["now"]:
            answer = httpx.post(f"{self.url}/_sandbox/clock", json={"to": moment.timestamp()}, timeout=TIMEOUT_S)
            answer.raise_for_status()

    def deliveries_pending(self) -> int:
        """How many webhooks it still has to deliver."""
        answer = httpx.get(f"{self.url}/_sandbox/deliveries", timeout=TIMEOUT_S).raise_for_status()
        return int(answer.json()["pending"])

    def onboard(self, link: str, *, name: str) -> None:
        """Fill in the onboarding form behind an account link."""
        given_name, _, surname = name.partition(" ")
        form = {"given_name": given_name, "surname": surname, "currency": "usd"}
        answer = httpx.post(link, data=form, timeout=TIMEOUT_S)
        if answer.status_code != httpx.codes.SEE_OTHER:
            answer.raise_for_status()

    def pay(self, checkout_url: str, *, card: str, name: str, email: str) -> bool:
        """Pay a Checkout Session by card; False when the card is declined."""
        form = {"number": card, "exp": "12/34", "cvc": "123", "name": name, "email": email}
        answer = httpx.post(checkout_url, data=form, timeout=TIMEOUT_S)
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            return False
        if answer.status_code != httpx.codes.SEE_OTHER:
            answer.raise_for_status()
        return True
