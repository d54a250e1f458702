"""The bank, as tests drive it: opens disputes about charges and decides them; and policies that let creators bear."""

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest
import stripe

from ledger import fees
from payouts.models import Dispute, Sale
from tests.payouts.stripe_driver import Sandbox, Workers


@dataclass
class Court:
    """Disputes at the sandbox."""

    sandbox: Sandbox
    workers: Workers

    def open(self, sale: Sale, **options: Any) -> str:
        """The cardholder disputes the sale's charge; the dispute's id. Nothing is heard of it here yet."""
        return self._act(sale.charge_id, "dispute", **options)

    def inquire(self, sale: Sale) -> str:
        """The bank asks about it."""
        return self._act(sale.charge_id, "inquiry")

    def decide(self, dispute_id: str, action: str, **options: Any) -> None:
        """win, lose, overturn what was lost; escalate or close an inquiry."""
        self.sandbox.control(f"objects/{dispute_id}/act", action=action, **options)

    def dispute(self, sale: Sale, **options: Any) -> Dispute:
        """Open one and hear all about it."""
        dispute_id = self.open(sale, **options)
        self.workers.turn()
        return Dispute.objects.get(id=dispute_id)

    def end(self, dispute: Dispute, action: str, **options: Any) -> Dispute:
        """Decide one and hear all about it."""
        self.decide(dispute.id, action, **options)
        self.workers.turn()
        dispute.refresh_from_db()
        return dispute

    def at_stripe(self, dispute_id: str) -> stripe.Dispute:
        """The dispute as Stripe has it."""
        return self.sandbox.client.v1.disputes.retrieve(dispute_id)

    def _act(self, charge_id: str, action: str, **options: Any) -> str:
        self.sandbox.control(f"objects/{charge_id}/act", action=action, **options)
        return self.sandbox.client.v1.disputes.list({"charge": charge_id}).data[0].id


def creators_bear(monkeypatch: pytest.MonkeyPatch, *costs: str) -> str:
    """A policy like Obole's own, under which creators bear these costs (`lost_fee`, `dispute_fee`); its slug."""
    presets = import_module("ledger.fees.presets")  # the package has a function of this name
    bearers: dict[str, Any] = dict.fromkeys(costs, fees.Bearer.CREATOR)
    policy = replace(fees.policy("obole-standard", 1), slug="creators-bear", **bearers)
    monkeypatch.setattr(presets, "_PRESETS", (*fees.presets(), policy))
    monkeypatch.setitem(presets._BY_VERSION, (policy.slug, policy.version), policy)
    return policy.slug
