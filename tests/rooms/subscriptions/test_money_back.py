"""A month whose money went back opens nothing, and is not followed by another."""

import pytest

from payouts import handlers
from payouts.models import Sale, StripeCall
from rooms.gifts.operations import claim, give
from rooms.models import Creator, Gift, Mail, Subscription, User
from rooms.subscriptions import queries
from tests.rooms.cast import NOW
from tests.rooms.subscriptions import patron


@pytest.fixture
def paid(ada: Creator, linus: User) -> Subscription:
    """A running subscription whose month was paid."""
    made = patron.subscription(patron.plan(ada, now=NOW), linus, now=NOW)
    patron.invoice(made, now=NOW)
    return made


def _hears(paid: Subscription) -> bool:
    return queries.grants_access(user_id=paid.subscriber_id, creator_id=paid.creator_id, now=NOW)


def test_refunded_whole_it_is_over_and_in_part_it_is_not(paid: Subscription) -> None:
    sale = Sale.objects.get()
    handlers.tell("sale.refunded", sale_id=sale.id, full=False, now=NOW)
    assert _hears(paid)
    for _ in range(2):
        handlers.tell("sale.refunded", sale_id=sale.id, full=True, now=NOW)
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
