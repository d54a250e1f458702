"""Forms for operations: they turn text into values and name what cannot be turned; the rules are the operations'."""

from decimal import Decimal

from django import forms

from rooms import currencies, money
from rooms.errors import InvalidFieldsError

# The field of the form on which a fault of the operation is shown, where the names differ.
SHOWN_ON = {"ends_at": "duration_minutes", "host_weight": "cohosts", "price_minor": "price"}


class OperationForm(forms.Form):
    """A form whose operation may refuse values: the refusal's messages go beside the fields that they are about."""

    def refuse(self, refusal: InvalidFieldsError) -> None:
        """Show each message on its field; one about no field of this form goes on top."""
        for name, messages in refusal.errors.items():
            shown_on = SHOWN_ON.get(name, name)
            for message in messages:
                self.add_error(shown_on if shown_on in self.fields else None, message)

    def minor_of(self, field: str, amount: Decimal, currency: str) -> int | None:
        """A typed amount in minor units; None, with the remedy beside the field, when it has too many decimals."""
        try:
            return money.to_minor(amount, currency)
        except ValueError:
            digits = currencies.exponent_of(currency)
            remedy = f"at most {digits} digits after the point" if digits else "no digits after the point"
            self.add_error(field, f"{currency} has {remedy}; write the {field} that way.")
            return None
