"""What is sent to the bank about tips, donations and Stars."""

from datetime import timedelta

from payouts.disputes import evidence
from payouts.models import Dispute, DisputeStatus, Payee, Sale, SaleState, StarSpend, TransfersState, Wallet
from rooms import queries
from rooms.donations.operations import choose_charity, give_donation, open_charity
from rooms.models import Charity, Creator, Room, StarTip, User
from rooms.purchases import refund_policy
from rooms.purchases.context import PurchaseContext, Whereabouts
from rooms.purchases.operations import record_entry
from rooms.stars.operations import buy_pack
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from tests.rooms.cast import NOW

CONTEXT = PurchaseContext(whereabouts=Whereabouts(ip="203.0.113.7"), refund_policy=refund_policy.VERSIONS[0].version)


def gathered() -> dict[str, str]:
    """All that is known about the one sale, which was paid and is disputed a week later."""
    Sale.objects.update(state=SaleState.PAID, paid_at=NOW, charge_id="ch_1")
    sale = Sale.objects.get()
    texts = evidence.gathered(
        Dispute(
            id="du_1", sale=sale, charge_id="ch_1", amount_minor=sale.charge_minor, currency=sale.currency,
            reason="fraudulent", status=DisputeStatus.NEEDS_RESPONSE, opened_at=NOW + timedelta(days=7),
        )
    )  # fmt: skip
    assert texts["customer_purchase_ip"] == "203.0.113.7"
    assert texts["service_date"] == "2026-06-01"
    assert refund_policy.VERSIONS[0].text(sale.product) in texts["refund_policy_disclosure"]
    return texts


def test_a_tip_tells_who_got_it_and_that_its_giver_was_there(evening: Room, linus: User) -> None:
    switch_tips(creator_id=evening.creator_id, on=True)
    give_tip(
        target=targets.of_room(queries.with_people().get(id=evening.id)),
        payer_id=linus.id,
        amount_minor=2500,
        currency="USD",
        message="Bravo",
        context=CONTEXT,
        now=evening.starts_at,
    )
    record_entry(room_id=evening.id, user_id=linus.id, whereabouts=Whereabouts(), now=evening.starts_at)
    texts = gathered()
    assert texts["product_description"] == (
        "A tip of $25.00 to Ada Lovelace in the live-audio room “Evening with Ada”, given freely; there is nothing to "
        "be delivered. The buyer wrote with it: “Bravo”."
    )
    log = texts["access_activity_log"]
    assert "2026-06-08 12:00:00 UTC: entered the room." in log
    assert "connected to the room" not in log  # heard nothing, which is not told


def test_a_donation_names_its_charity(evening: Room, linus: User) -> None:
    charity = open_charity(name="Code Club", email="club@example.org", country="US", now=NOW)
    Charity.objects.update(registration="CC-7")
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=evening.id, creator_id=evening.creator_id, charity_id=charity.id)
    give_donation(
        room_id=evening.id, donor_id=linus.id, amount_minor=1000, covers_processing=False, context=CONTEXT, now=NOW
    )
    described = gathered()["product_description"]
    assert described.startswith("A donation of $10.00 to Code Club (registration number CC-7)")


def test_stars_tell_what_was_given_since(ada: Creator, linus: User) -> None:
    buy_pack(buyer_id=linus.id, stars=1000, context=CONTEXT, now=NOW)
    texts = gathered()
    assert texts["product_description"].startswith("1000 Stars, put in the buyer's wallet")
    assert "refund_refusal_explanation" not in texts
    wallet = Wallet.objects.create(user=linus, bought=1000, spent=50, opened_at=NOW)
    spend = StarSpend.objects.create(
        wallet=wallet, subject="star_tip:1", title="Stars", start=0, stop=50, spent_at=NOW, hold_until=NOW
    )
    StarTip.objects.create(giver=linus, spend=spend, creator=ada, given_at=NOW)
    texts = gathered()
    assert "2026-06-01 12:00:00 UTC: gave 50 Stars to Ada Lovelace." in texts["access_activity_log"]
    assert "given Stars 1 time, as the log" in texts["refund_refusal_explanation"]
