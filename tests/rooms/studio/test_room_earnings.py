"""What a room earned for somebody is the sum of what its sales and Stars explain, whatever happened to them."""

from datetime import timedelta
from uuid import UUID

from django.test import Client
from django.urls import reverse

from payouts.models import Payee, TransfersState
from rooms import queries as room_queries
from rooms.donations.operations import choose_charity, give_donation, open_charity
from rooms.models import Creator, Room
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from rooms.stars.operations import buy_pack, give_stars
from rooms.studio import queries, stars
from rooms.studio.trail import trail_of
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import refund_posted
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words


def _everything(ada: Creator, grace: Creator) -> Room:
    """A room of two with tickets whole, refunded in part, disputed and lost; a tip, Stars of two, and a donation."""
    room = cast.room(ada, capacity=9, cohosts=[CoHostSpec(creator_id=grace.id)])
    accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW)
    switch_tips(creator_id=ada.id, on=True)
    ada.refresh_from_db()
    _, part, disputed, lost = (story.sold(room, name=name) for name in ("Emmy", "Mary", "Karen", "Sofia"))
    refund_posted(part, 333)
    story.disputed(disputed, at=NOW, amount_minor=400)
    story.decided(story.disputed(lost, at=NOW), won=False, at=NOW + timedelta(days=1))
    linus, target = cast.person("Linus"), targets.of_room(room_queries.with_people().get(id=room.id))
    tip = give_tip(target=target, payer_id=linus.id, amount_minor=501, currency="USD", now=NOW)
    story.posted(story.taken(tip.sale, name="tip"), fee_minor=46)
    pack = buy_pack(buyer_id=linus.id, stars=1000, now=NOW)
    story.posted(story.taken(pack.sale, name="pack"), fee_minor=62)
    for given in (51, 200):
        give_stars(target=target, payer_id=linus.id, stars=given, now=NOW)
    give_stars(target=targets.of_creator(ada), payer_id=linus.id, stars=7, now=NOW)  # in no room
    _donated(room, linus.id)
    return room


def _donated(room: Room, donor_id: UUID) -> None:
    charity = open_charity(name="Code Club", email="club@example.org", country="US", now=NOW)
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=room.id, creator_id=room.creator_id, charity_id=charity.id)
    donation = give_donation(room_id=room.id, donor_id=donor_id, amount_minor=1000, covers_processing=False, now=NOW)
    story.posted(story.taken(donation.sale, name="donation"))


def _explained_minor(room: Room, creator: Creator) -> int:
    """What the pages of the room's sales and of its Stars say is left, summed up."""
    assert creator.payee_id is not None
    shares = list(queries.sales_in(room=room, payee_id=creator.payee_id))
    trails = [trail_of(sale_id=share.sale_id, payee_id=creator.payee_id, now=NOW) for share in shares]
    assert len(shares) == 5
    gifts = stars.gifts_of(payee_id=creator.payee_id, room=room)
    return sum(trail.left_minor for trail in trails if trail) + sum(gift.amount_minor for gift in gifts)


def test_a_room_is_the_sum_of_what_its_pages_explain(ada: Creator, grace: Creator, client: Client) -> None:
    room = _everything(ada, grace)
    for creator in (ada, grace):
        found = queries.room_of(creator=creator, slug=room.slug)
        assert found is not None
        assert found.earned == [queries.Amount(amount_minor=_explained_minor(room, creator), currency="USD")]
        assert (found.star_gifts, found.stars_minor in {125, 126}) == (2, True)
    both = [queries.rooms_with_sales(creator=creator)[0].earned[0].amount_minor for creator in (ada, grace)]
    # Two tickets whole, 911 less 303 of one, nothing of one; the tip's face; the Stars.
    assert sum(both) == 911 + (911 - 303) + 911 + 501 + 251
    client.force_login(ada.user)
    page = words(client.get(reverse("studio:room", args=[room.slug])))
    figure = f"${both[0] / 100:.2f}"
    assert f"Yours so far {figure}" in page
    assert page.rindex(f"Yours so far {figure}") > page.index("Stars, 2 gifts")
    given = words(client.get(f"/studio/stars/?room={room.slug}"))
    assert given.count("Somebody") == 2
    assert "Stars in Evening with Ada" in given
