"""What a creator types in for a plan."""

from typing import Any

from django import forms
from django.conf import settings

from rooms.forms import OperationForm
from rooms.models import Plan
from rooms.models.subscription import PERKS_MAX, PLAN_NAME_MAX
from rooms.subscriptions.limits import PROPOSED


class PlanForm(OperationForm):
    """A plan to sell, or a change of one, whose currency stays."""

    name = forms.CharField(max_length=PLAN_NAME_MAX, initial="Supporter")
    price = forms.DecimalField(
        max_digits=12,
        initial=PROPOSED[1],
        label="Price of a month",
        help_text=f"Most often {', '.join(PROPOSED[:-1])} or {PROPOSED[-1]}.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "list": "proposed-prices", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(
        choices=[(code, code) for code in settings.CURRENCIES], initial=settings.DEFAULT_CURRENCY
    )
    trial_days = forms.IntegerField(
        initial=0, label="Free days at the start", help_text="For people who never subscribed to you. 0: none."
    )
    perks = forms.CharField(
        max_length=PERKS_MAX,
        required=False,
        label="What subscribers get (optional)",
        help_text="Rooms that you open to subscribers are part of every plan.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: Any = None, *, plan: Plan | None = None, **more: Any) -> None:
        if plan is not None:
            initial = {
                "name": plan.name, "price": plan.price.amount, "currency": plan.currency,
                "trial_days": plan.trial_days, "perks": plan.perks,
            }  # fmt: skip
            more["initial"] = initial
        super().__init__(data, **more)
        if plan is not None:
            self.fields["currency"].disabled = True
        self.proposed = PROPOSED

    def clean(self) -> dict[str, Any]:
        """Add `price_minor`."""
        data = super().clean() or {}
        if {"price", "currency"} <= data.keys():
            data["price_minor"] = self.minor_of("price", data["price"], data["currency"])
        return data
