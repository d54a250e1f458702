"""The form in which finance writes the evidence of a dispute, one field for each of Stripe's."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from payouts.disputes.evidence import FIELDS, EvidenceError, Field, checked
from payouts.models import Dispute

PREFIX = "evidence_"
SURE = "sure_to_accept"
NOTHING_KNOWN = "Nothing is known here."


def _form_field(field: Field) -> forms.CharField:
    widget = (
        UnfoldAdminTextareaWidget(attrs={"rows": 5})
        if field.is_long
        else UnfoldAdminTextInputWidget(attrs={"maxlength": field.max_length})
    )
    return forms.CharField(label=field.label, help_text=field.help, required=False, widget=widget)


class EvidenceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """What is sent is what stands here; Stripe's limits are checked before."""

    sure_to_accept = forms.BooleanField(
        label="Accept the dispute",
        help_text="Tick it, then press “Accept and lose”: the bank keeps the money, for good.",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    class Meta:
        model = Dispute
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in FIELDS:
            shown = self.fields[PREFIX + field.name]
            shown.initial = self.instance.evidence.get(field.name, "")
            if not shown.initial:
                shown.help_text = f"{field.help} {field.if_unknown or NOTHING_KNOWN} Left empty, it is not sent."

    def clean(self) -> dict[str, Any]:
        """Within Stripe's limits; the error stands at the field that is over them."""
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            checked(self.texts)
        except EvidenceError as error:
            self.add_error(PREFIX + error.field if error.field else None, str(error))
        return cleaned

    @property
    def texts(self) -> dict[str, str]:
        """The evidence by Stripe's names."""
        return {field.name: self.cleaned_data.get(PREFIX + field.name, "") for field in FIELDS}


for _field in FIELDS:
    EvidenceForm.base_fields[PREFIX + _field.name] = _form_field(_field)
    EvidenceForm.declared_fields[PREFIX + _field.name] = EvidenceForm.base_fields[PREFIX + _field.name]
