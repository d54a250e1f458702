"""Who plays in every story, and what they have sold and bought before it begins."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from config import clock
from payouts.models import Payee
from rooms.gifts.operations import give
from rooms.models import Creator, Plan, Room
from rooms.purchases.checkout import card_page_of, go_on
from rooms.scheduling.operations import CoHostSpec, accept_cohosting, schedule_room
from rooms.subscriptions import checkout as subscribing
from rooms.subscriptions.plans import open_plan
from rooms.tickets.operations import buy_ticket
from tests.payouts.stripe_driver import Sandbox, Workers
from tests.rooms import cast

MONTHS = {"Friends": 299, "Supporters": 499, "Patrons": 999}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Ada hosts and sells months, Grace co-hosts; Linus, Margaret and Alan listen."""

    payees: list[Payee]
    listeners: list[UUID]
    ada: Creator
    grace: Creator

    def room(self, *, days: int, price_minor: int, both: bool) -> Room:
        """A room of Ada's with two seats, in so many days, which Grace may co-host."""
        now = clock.now()
        starts_at = now + timedelta(days=days)
        room = schedule_room(
            creator_id=self.ada.id, title="Notes on the Analytical Engine", description="", starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1), capacity=2, price_minor=price_minor, currency="USD",
            cohosts=[CoHostSpec(creator_id=self.grace.id)] if both else [], now=now,
        )  # fmt: skip
        if both:
            accept_cohosting(room_id=room.id, creator_id=self.grace.id, now=now)
        return room

    def seat(self, room: Room, listener: UUID) -> str:
        """A seat is held; its card page, or nothing while Stripe is away, or when it was paid for before."""
        ticket = buy_ticket(room_id=room.id, buyer_id=listener, now=clock.now())
        return card_page_of(go_on(ticket.sale))

    def month(self, plan: Plan, listener: UUID) -> str:
        """A subscription's card page, if Stripe answers."""
        return subscribing.card_page_of(subscribing.start(plan_id=plan.id, subscriber_id=listener, now=clock.now()))

    def gift(self, plan: Plan, giver: UUID, *, months: int) -> str:
        """The card page of months that are given, if Stripe answers."""
        gift = give(
            plan_id=plan.id, giver_id=giver, months=months, recipient_email="alan@obole.example", now=clock.now()
        )
        return card_page_of(go_on(gift.sale))


def gather(payees: list[Payee], linus_id: UUID, sandbox: Sandbox, workers: Workers) -> Cast:
    """The cast, once: a room with two seats sold, a subscription and a gift that are paid, by cards that work."""
    listeners = [linus_id, *(cast.person(name).id for name in ("Margaret", "Alan"))]
    ada, grace = (cast.creator(name, can_be_paid=False) for name in ("Ada Lovelace", "Grace Hopper"))
    for creator, payee in ((ada, payees[0]), (grace, payees[2])):
        creator.payee = payee
        creator.save(update_fields=["payee"])
    made = Cast(payees=payees, listeners=listeners, ada=ada, grace=grace)
    plans = [
        open_plan(
            creator_id=ada.id, name=name, perks="", price_minor=price, currency="USD", trial_days=0, now=clock.now()
        )
        for name, price in MONTHS.items()
    ]
    workers.call()
    for plan in plans:
        plan.refresh_from_db()
    room = made.room(days=20, price_minor=1000, both=True)
    pages = [made.seat(room, listener) for listener in listeners[:2]]
    pages += [made.month(plans[1], listeners[1]), made.gift(plans[0], linus_id, months=3)]
    for page in pages:
        assert sandbox.pay(page) == 303
    return made
