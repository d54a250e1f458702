"""What a payment does to its sale: access at once, whichever of Stripe's words about it comes first."""

from datetime import datetime
from uuid import UUID

from payouts import handlers
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.gateway import facts
from payouts.locks import lock_sale
from payouts.models import PAID_STATES, Sale, SaleChannel, SaleState


def take_session(*, session: facts.CheckoutSession, now: datetime) -> Sale | None:
    """Learn from a session of ours that it exists and, if it was paid, take its payment. None when it is not ours.

    Raises:
        UnknownObjectError: the sale is not known yet.
        ContradictionError: amount, currency or session differ from what was sold.
    """
    sale = sale_named(session.sale_id, object_id=session.id)
    if sale is None:
        return None
    _check_amount(sale, session.amount_minor, session.currency, object_id=session.id)
    _learn(sale, "checkout_session_id", session.id, object_id=session.id)
    if session.payment_status == "paid":
        _learn(sale, "payment_intent_id", session.payment_intent_id, object_id=session.id)
        _pay(sale, now=now)
    sale.save()
    return sale


def take_charge(*, charge: facts.Charge, now: datetime) -> Sale | None:
    """Take the payment that a successful charge proves. None when the charge is not ours.

    Raises:
        UnknownObjectError: the sale is not known yet.
        ContradictionError: amount or currency differ, or the sale has another charge already.
    """
    sale_id = charge.sale_id or _sale_by_invoice(charge)
    if sale_id and not charge.paid:
        raise ContradictionError("the charge did not succeed", object_id=charge.id)
    return take_payment(
        sale_id=sale_id,
        object_id=charge.id,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        payment_intent_id=charge.payment_intent_id,
        charge_id=charge.id,
        now=now,
    )


def take_payment(
    *,
    sale_id: str,
    object_id: str,
    amount_minor: int,
    currency: str,
    payment_intent_id: str,
    charge_id: str,
    now: datetime,
) -> Sale | None:
    """Take a payment that one of Stripe's objects proves; None when the object names no sale.

    Raises:
        UnknownObjectError: the sale is not known yet.
        ContradictionError: amount or currency differ, or the sale has another payment already.
    """
    sale = sale_named(sale_id, object_id=object_id)
    if sale is None:
        return None
    _check_amount(sale, amount_minor, currency, object_id=object_id)
    _learn(sale, "payment_intent_id", payment_intent_id, object_id=object_id)
    _learn(sale, "charge_id", charge_id, object_id=object_id)
    _pay(sale, now=now)
    sale.save()
    return sale


def take_invoice(*, sale: Sale, payment_intent_id: str, now: datetime) -> None:
    """A sale that was just written for a paid invoice takes its payment; its charge is known by the intent."""
    sale.payment_intent_id = payment_intent_id
    _pay(sale, now=now)


def _sale_by_invoice(charge: facts.Charge) -> str:
    """Billing makes its intents itself, so they carry nothing of ours: the invoice told us the intent."""
    if not charge.payment_intent_id:
        return ""
    sales = Sale.objects.filter(channel=SaleChannel.INVOICE, payment_intent_id=charge.payment_intent_id)
    return "".join(str(sale_id) for sale_id in sales.values_list("id", flat=True))


def sale_named(sale_id: str, *, object_id: str) -> Sale | None:
    """The locked sale that one of Stripe's objects names in its metadata; None when it names none.

    Raises:
        UnknownObjectError: it is not known yet.
        ContradictionError: what stands there is no id of ours.
    """
    if not sale_id:
        return None
    try:
        known = UUID(sale_id)
    except ValueError as error:
        raise ContradictionError(f"its sale_id is {sale_id!r}", object_id=object_id) from error
    sale = lock_sale(known)
    if sale is None:
        raise UnknownObjectError(f"sale:{sale_id}")
    return sale


def _check_amount(sale: Sale, amount_minor: int, currency: str, *, object_id: str) -> None:
    if (amount_minor, currency) != (sale.charge_minor, sale.currency):
        raise ContradictionError(
            f"{amount_minor} {currency} paid, {sale.charge_minor} {sale.currency} asked", object_id=object_id
        )


def _learn(sale: Sale, field: str, value: str, *, object_id: str) -> None:
    """Fill in an id that the sale does not know yet."""
    known = getattr(sale, field)
    if known and value and known != value:
        raise ContradictionError(f"the sale has {field} {known}, this says {value}", object_id=object_id)
    if value:
        setattr(sale, field, value)


def _pay(sale: Sale, *, now: datetime) -> None:
    if sale.state in PAID_STATES:
        return
    late = sale.state == SaleState.EXPIRED and not _taken_after_all(sale, now=now)
    sale.state = SaleState.LATE if late else SaleState.PAID
    sale.paid_at = now
    sale.save()
    handlers.tell("sale.late" if late else "sale.paid", sale_id=sale.id, now=now)


def _taken_after_all(sale: Sale, *, now: datetime) -> bool:
    """Whether what an expired sale was about can still be had; it may go by another title then (another seat)."""
    taken = handlers.ask("sale.late", sale_id=sale.id, now=now)
    if taken:
        sale.refresh_from_db(fields=["title"])
    return taken
