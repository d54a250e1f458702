"""A month whose money went back opens nothing, and is not followed by another."""

import pytest
from django.test import Client

from payouts import handlers
from payouts.models import Sale, StripeCall
from rooms.gifts.operations import claim, give
from rooms.models import Creator, Gift, Mail, Subscription, User
from rooms.subscriptions import queries
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import stripe_says
from tests.rooms.subscriptions import patron


@pytest.fixture
def paid(ada: Creator, linus: User) -> Subscription:
    """A running subscription whose month was paid."""
    made = patron.subscription(patron.plan(ada, now=NOW), linus, now=NOW)
    patron.invoice(made, now=NOW)
    Sale.objects.update(charge_id="ch_1")
    return made


def _hears(paid: Subscription) -> bool:
    return queries.grants_access(user_id=paid.subscriber_id, creator_id=paid.creator_id, now=NOW)


def test_refunded_whole_it_is_over_and_in_part_it_is_not(paid: Subscription) -> None:
    sale = Sale.objects.get()
    stripe_says(sale, 99)
    assert _hears(paid)
    refund = stripe_says(sale, 400, refund_id="re_2")
    handlers.tell("sale.refunded", sale_id=sale.id, refund_id=refund.id, full=True, now=NOW)  # again
    assert not _hears(paid)
    assert StripeCall.objects.filter(operation="subscription.cancel").count() == 1
    assert Mail.objects.filter(kind="subscription-refunded").count() == 1


def test_disputed_it_is_closed_and_won_it_is_open_again(paid: Subscription) -> None:
    sale = Sale.objects.get()
    handlers.tell("dispute.opened", sale_id=sale.id, dispute_id=sale.id, now=NOW)
    assert not _hears(paid)
    handlers.tell("dispute.closed", sale_id=sale.id, dispute_id=sale.id, won=True, now=NOW)
    assert _hears(paid)


@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
def test_a_disputed_gift_is_closed_and_only_won_it_is_open_again(
    ada: Creator, linus: User, grace: Creator, *, won: bool
) -> None:
    plan = patron.plan(ada, now=NOW)
    gift = give(plan_id=plan.id, giver_id=linus.id, months=3, recipient_email="grace@obole.example", now=NOW)
    Gift.objects.update(paid_at=NOW)
    claim(token=gift.token, user_id=grace.user_id, now=NOW)

    def hears() -> bool:
        return queries.grants_access(user_id=grace.user_id, creator_id=ada.id, now=NOW)

    assert hears()
    for _ in range(2):
        handlers.tell("dispute.opened", sale_id=gift.sale_id, dispute_id=gift.sale_id, now=NOW)
    assert not hears()
    handlers.tell("dispute.closed", sale_id=gift.sale_id, dispute_id=gift.sale_id, won=won, now=NOW)
    assert hears() is won


def _ends_at_stripe(paid: Subscription) -> None:
    """Stripe has ended the subscription, as it was asked when the money went back."""
    patron.say(paid, now=NOW, status="canceled", ended_at=NOW)


def test_a_refund_that_fails_opens_the_month_again_until_the_next_one_is_made(paid: Subscription) -> None:
    sale = Sale.objects.get()
    stripe_says(sale, 499)
    _ends_at_stripe(paid)
    assert not _hears(paid)
    stripe_says(sale, 499, failure="The refund failed: expired or canceled card")
    assert _hears(paid)
    _ends_at_stripe(paid)  # told again, which must not close the month
    assert _hears(paid)
    assert not queries.grants_access(user_id=paid.subscriber_id, creator_id=paid.creator_id, now=NOW + patron.MONTH)
    assert "open to you" in Mail.objects.get(kind="refund-failed").text
    stripe_says(sale, 499, refund_id="re_2")
    assert not _hears(paid)
    assert Mail.objects.filter(kind="subscription-refunded").count() == 2  # each on its own
    assert not Mail.objects.filter(kind="refund").exists()


def test_won_after_stripe_ended_it_the_month_is_open_all_the_same(paid: Subscription) -> None:
    sale = Sale.objects.get()
    handlers.tell("dispute.opened", sale_id=sale.id, dispute_id=sale.id, now=NOW)
    _ends_at_stripe(paid)
    handlers.tell("dispute.closed", sale_id=sale.id, dispute_id=sale.id, won=True, now=NOW)
    assert _hears(paid)


@pytest.mark.parametrize("made_first", [400, 499])
def test_a_refusal_or_a_part_that_fails_changes_nothing(paid: Subscription, made_first: int) -> None:
    sale = Sale.objects.get()
    refund = stripe_says(sale, made_first)
    before = _hears(paid)
    handlers.tell("sale.refund_failed", sale_id=sale.id, refund_id=refund.id, full=made_first == 499, now=NOW)
    assert _hears(paid) == before == (made_first == 400)


def test_a_gift_is_open_again_too(ada: Creator, linus: User) -> None:
    gift = patron.claimed_gift(patron.plan(ada, now=NOW), cast.person("Margaret"), linus, now=NOW)
    refund = stripe_says(gift.sale, 499)
    assert not queries.grants_access(user_id=linus.id, creator_id=ada.id, now=NOW)
    handlers.tell("sale.refund_failed", sale_id=gift.sale_id, refund_id=refund.id, full=True, now=NOW)
    assert Gift.objects.get().cut_off_at == NOW
    handlers.tell("sale.refund_failed", sale_id=gift.sale_id, refund_id=refund.id, full=False, now=NOW)
    assert queries.grants_access(user_id=linus.id, creator_id=ada.id, now=NOW)


def test_the_page_says_what_went_back(paid: Subscription) -> None:
    client = Client()
    client.force_login(paid.subscriber)
    Sale.objects.update(reversed_minor=499)
    assert ", went back" in client.get(paid.get_absolute_url()).content.decode()
    Sale.objects.update(reversed_minor=99)
    assert "$0.99" in client.get(paid.get_absolute_url()).content.decode()
