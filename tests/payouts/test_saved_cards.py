"""Cards saved on Stripe's page, charged at one tap, taken away again; exact through the sandbox."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from config import clock
from payouts import handlers
from payouts.cards import charges
from payouts.cards.operations import choose_card, refresh_cards, remove_card
from payouts.cards.queries import cards_of
from payouts.cards.unsent import NOT_SENT, REASON, UNSENT_FOR, give_up_unsent
from payouts.errors import UnknownCardError
from payouts.locks import lock_sale
from payouts.models import CallState, Payee, Sale, SaleChannel, SaleState, SavedCard, StripeCall
from payouts.sales.operations import start_checkout
from payouts.sales.shares import ShareSpec
from tests.payouts.conftest import Shop
from tests.payouts.saved import ALWAYS_ASKS, DECLINED_LATER, save_card
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe

INTENTS = "POST /v1/payment_intents"


@pytest.fixture(autouse=True)
def _on_card_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sold it asks for a card page when the bank wants the payer."""

    def asks(*, sale_id: UUID, now: Any, **_: Any) -> None:
        sale = lock_sale(sale_id)
        assert sale is not None
        if sale.decline_code == "authentication_required":
            charges.finish_on_card_page(
                sale=sale, return_url="http://testserver/tips/1/", cancel_url="http://testserver/tips/1/", now=now
            )

    monkeypatch.setitem(handlers._handlers, "sale.declined", [asks])


def _open(payee: Payee, card: SavedCard, user_id: UUID, **more: Any) -> Sale:
    wanted: dict[str, Any] = {
        "product": "tip",
        "subject": f"tip:{uuid4()}",
        "title": "Tip for Ada",
        "buyer_id": user_id,
        "buyer_email": "linus@example.org",
        "price_minor": 2500,
        "currency": "USD",
        "shares": [ShareSpec(payee_id=payee.id)],
        "policy_slug": "clubhouse",
        "hold_until": clock.now() + timedelta(days=2),
        "payment_method_id": card.payment_method_id,
        "now": clock.now(),
    }
    return charges.open_card_sale(**wanted | more)


def _tap(payee: Payee, card: SavedCard, user_id: UUID) -> Sale:
    return charges.charge_now(sale_id=_open(payee, card, user_id).id)


def test_one_tap_charges_the_saved_card(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, linus: UUID
) -> None:
    card = save_card(sandbox, workers, linus)
    assert (card.brand, card.last4, card.exp_month, card.is_default) == ("visa", "4242", 12, True)
    sale = _tap(ada, card, linus)
    assert (sale.state, sale.charge_minor, sale.checkout_session_id) == (SaleState.PAID, 2606, "")
    assert sale.payment_intent_id.startswith("pi_")
    workers.turn()
    sale.refresh_from_db()
    assert (sale.state, sale.channel) == (SaleState.POSTED, SaleChannel.CARD)
    assert [share.amount_minor for share in sale.shares.all()] == [2500]
    assert ledger_of_stripe() == (0, 2500)
    assert sandbox.balance() == {"USD": (0, 2500)}


def test_a_lost_answer_charges_once(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, linus: UUID) -> None:
    card = save_card(sandbox, workers, linus)
    sandbox.fault("timeout_after", INTENTS)
    sale = _tap(ada, card, linus)
    assert sale.state == SaleState.OPEN
    charging = StripeCall.objects.filter(subject=sale.ledger_subject)
    charging.update(next_attempt_at=clock.real_now(), look_up=True)  # the key is too old to ask with
    workers.call()
    sale.refresh_from_db()
    assert (sale.state, charging.get().state) == (SaleState.PAID, CallState.DONE)
    workers.turn()
    assert sandbox.balance() == {"USD": (0, 2500)}
    assert ledger_of_stripe() == (0, 2500)


@pytest.mark.parametrize("answer", ["told", "lost"])
def test_a_refusal_is_told_in_words_and_ends_the_sale(shop: Shop, ada: Payee, answer: str) -> None:
    sandbox, workers, linus = shop.sandbox, shop.workers, shop.linus_id
    card = save_card(sandbox, workers, linus, number=DECLINED_LATER)
    sale = _open(ada, card, linus)
    if answer == "lost":
        sandbox.fault("timeout_after", INTENTS)
        charges.charge_now(sale_id=sale.id)
        StripeCall.objects.filter(subject=sale.ledger_subject).update(next_attempt_at=clock.real_now(), look_up=True)
    sale = charges.charge_now(sale_id=sale.id)
    assert (sale.state, sale.decline_code) == (SaleState.EXPIRED, "generic_decline")
    assert sale.failure == "The bank declined this card without a reason; only it can tell why."
    workers.turn()
    sale.refresh_from_db()
    assert sale.state == SaleState.EXPIRED
    assert sandbox.balance() == {}


def test_a_bank_that_wants_the_payer_gets_them_on_the_card_page(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, linus: UUID
) -> None:
    card = save_card(sandbox, workers, linus, number=ALWAYS_ASKS)
    sale = _tap(ada, card, linus)
    assert (sale.state, sale.channel, sale.decline_code) == (
        SaleState.OPEN,
        SaleChannel.CHECKOUT,
        "authentication_required",
    )
    sale = start_checkout(sale_id=sale.id)
    assert sandbox.pay(sale.checkout_url) == 303
    workers.turn()
    sale.refresh_from_db()
    assert (sale.state, sale.charge_minor) == (SaleState.POSTED, 2606)
    assert StripeCall.objects.filter(subject=sale.ledger_subject).count() == 2
    assert ledger_of_stripe() == (0, 2500)
    assert sandbox.balance() == {"USD": (0, 2500)}


def test_a_card_is_taken_away_here_at_once_and_at_stripe_soon(
    sandbox: Sandbox, workers: Workers, linus: UUID, shop: Shop, ada: Payee
) -> None:
    first = save_card(sandbox, workers, linus)
    second = save_card(sandbox, workers, linus, number="5555555555554444")
    assert [card.brand for card in cards_of(user_id=linus)] == ["visa", "mastercard"]
    choose_card(user_id=linus, payment_method_id=second.payment_method_id)
    assert [card.is_default for card in cards_of(user_id=linus)] == [True, False]
    remove_card(user_id=linus, payment_method_id=second.payment_method_id, now=clock.now())
    assert cards_of(user_id=linus) == [first]
    refresh_cards(user_id=linus, now=clock.now())  # Stripe still lists it: it does not come back
    assert cards_of(user_id=linus) == [first]
    with pytest.raises(UnknownCardError):
        _open(ada, second, linus)
    with pytest.raises(UnknownCardError):
        choose_card(user_id=linus, payment_method_id=second.payment_method_id)
    workers.turn()
    assert sandbox.client.v1.payment_methods.retrieve(second.payment_method_id).customer is None
    assert cards_of(user_id=linus)[0].is_default


def test_a_card_is_its_owners_alone(sandbox: Sandbox, workers: Workers, linus: UUID, shop: Shop, ada: Payee) -> None:
    card = save_card(sandbox, workers, linus)
    somebody = uuid4()
    for touch in (remove_card, choose_card):
        with pytest.raises(UnknownCardError):
            touch(user_id=somebody, payment_method_id=card.payment_method_id, **_now_if_wanted(touch))
    with pytest.raises(UnknownCardError):
        _open(ada, card, somebody)
    assert not Sale.objects.exists()
    assert cards_of(user_id=linus) == [card]


def _now_if_wanted(touch: Any) -> dict[str, Any]:
    return {"now": clock.now()} if touch is remove_card else {}


def test_a_tap_that_never_reached_stripe_is_given_up_before_it_is_forgotten(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, linus: UUID
) -> None:
    card = save_card(sandbox, workers, linus)
    old, young, sent = (_open(ada, card, linus) for _ in range(3))
    calls = StripeCall.objects.filter(operation="payment_intent.create")
    calls.exclude(subject=young.ledger_subject).update(
        created_at=clock.real_now() - UNSENT_FOR, next_attempt_at=clock.real_now()
    )
    calls.filter(subject=sent.ledger_subject).update(state=CallState.SENT, attempts=1, first_sent_at=clock.real_now())
    assert [give_up_unsent(real_now=clock.real_now(), now=clock.now()) for _ in range(2)] == [1, 0]
    for sale in (old, young, sent):
        sale.refresh_from_db()
    assert (old.state, old.decline_code, old.failure) == (SaleState.EXPIRED, NOT_SENT, REASON)
    assert {young.state, sent.state} == {SaleState.OPEN}
    assert charges.charge_now(sale_id=old.id).state == SaleState.EXPIRED
    assert sandbox.client.v1.payment_intents.list().data == []
