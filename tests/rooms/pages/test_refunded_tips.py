"""A tip that went back: its page says so, and the room shows it no more."""

from django.db.models import F
from django.test import Client

from config import clock
from payouts.models import Sale, SaleState
from rooms import queries
from rooms.models import Room, Tip, User
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from rooms.tips.queries import tips_in


def test_a_refund_is_told_and_the_tip_is_shown_no_more(listener: Client, evening: Room, linus: User) -> None:
    switch_tips(creator_id=evening.creator_id, on=True)
    target = targets.of_room(queries.with_people().get(id=evening.id))
    now = clock.now()
    tip = give_tip(target=target, payer_id=linus.id, amount_minor=2500, currency="USD", now=now)
    Tip.objects.update(paid_at=now)
    Sale.objects.update(state=SaleState.PAID, paid_at=now, charge_id="ch_1", reversed_minor=606)
    assert len(tips_in(room_id=evening.id, limit=5)) == 1
    assert "$6.06 of it went back" in _text(listener, tip)
    Sale.objects.update(reversed_minor=F("charge_minor"))
    assert tips_in(room_id=evening.id, limit=5) == []
    assert "went back to your card" in _text(listener, tip)


def _text(client: Client, tip: Tip) -> str:
    page = client.get(tip.get_absolute_url()).content.decode()
    return page.replace('<data class="money" value="6.06 USD">$6.06</data>', "$6.06")
