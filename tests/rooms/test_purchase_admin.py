"""Tips, donations, Stars and wallets in the finance admin: lists that cost the same for any number of rows."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from payouts.models import Payee, TransfersState
from payouts.wallets import lots
from rooms import queries
from rooms.donations.operations import choose_charity, give_donation, open_charity
from rooms.models import Room, User
from rooms.stars.operations import buy_pack, give_stars
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from tests.finance import in_finance
from tests.rooms import cast
from tests.rooms.cast import NOW

LISTS = ("rooms_tip", "rooms_donation", "rooms_starorder", "rooms_startip", "payouts_wallet")


@pytest.fixture
def fin(db: None) -> Client:
    """Fin does finance."""
    user = in_finance(cast.person("Fin", is_staff=True))
    TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def _purchases(room: Room, buyer: User) -> None:
    """One of each, the Stars in the wallet as a posted sale leaves them."""
    target = targets.of_room(queries.with_people().get(id=room.id))
    give_tip(target=target, payer_id=buyer.id, amount_minor=2500, currency="USD", now=NOW)
    give_donation(room_id=room.id, donor_id=buyer.id, amount_minor=1000, covers_processing=False, now=NOW)
    order = buy_pack(buyer_id=buyer.id, stars=1000, now=NOW)
    legs = (debit("stripe:pending", 1000, "USD"), credit(accounts.wallet(buyer.id), 1000, "USD"))
    post(posting=Posting(key=f"charge:{order.id}", kind="sale", legs=legs, effective_at=NOW, subject="sale:1"))
    with transaction.atomic():
        lots.add_pack(sale=order.sale, stars=1000, now=NOW)
    give_stars(target=target, payer_id=buyer.id, stars=50, now=NOW)


def test_every_list_costs_the_same_for_any_number_of_rows(fin: Client, evening: Room, linus: User) -> None:
    switch_tips(creator_id=evening.creator_id, on=True)
    charity = open_charity(name="Music for All", email="a@b.example", country="US", now=NOW)
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=evening.id, creator_id=evening.creator_id, charity_id=charity.id)
    _purchases(evening, linus)
    costs = [_cost(fin, name) for name in LISTS]
    for name in ("Margaret", "Dennis"):
        _purchases(evening, cast.person(name))
    assert [_cost(fin, name) for name in LISTS] == costs
    page = fin.get(reverse("admin:payouts_wallet_change", args=[linus.id])).content.decode()
    assert "950" in page
    assert b'name="_save"' not in fin.get(reverse("admin:payouts_wallet_change", args=[linus.id])).content


def _cost(fin: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as found:
        answer = fin.get(reverse(f"admin:{name}_changelist"))
    assert answer.status_code == 200
    assert "Linus" in answer.content.decode()
    return len(found)
