"""Tells the story day by day. It may stop at any point; told again, it goes on from there."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from django.conf import settings

from config import clock
from config.demo.story import cast, deeds, jobs, people
from config.demo.story.sandbox import Sandbox
from payouts.sales import operations as sales
from rooms.donations.operations import choose_charity
from rooms.models import Charity, Creator, Room, Ticket, User
from rooms.scheduling import operations as scheduling
from rooms.tickets import operations as tickets

FIRST_DAY = min(plan.announced_day for plan in cast.ROOMS)
TICKETS = sum(len(plan.buyers) + len(plan.declined) + len(plan.disputed) for plan in cast.ROOMS)


def is_told() -> bool:
    """Whether every purchase of the story has been made, and everything beside them."""
    tickets_sold = Ticket.objects.filter(room__title__in=[plan.title for plan in cast.ROOMS]).count()
    return tickets_sold >= TICKETS and deeds.count_done() >= deeds.WANTED


def tell(*, progress: Callable[[int, int], None]) -> None:
    """Tell what has not been told yet; `progress(day, last_day)` is called after each day."""
    sandbox = Sandbox(settings.STRIPE_API_BASE)
    users = people.settle_in(sandbox=sandbox, site=settings.PUBLIC_URL, now=clock.now(fresh=True))
    jobs.until_quiet(sandbox)
    beginning = users[cast.ADA.email].date_joined
    for day in range(FIRST_DAY, 1):
        moment = beginning + timedelta(days=day - FIRST_DAY)
        sandbox.advance_to(moment)
        jobs.until_quiet(sandbox)
        for plan in cast.ROOMS:
            if plan.announced_day <= day:
                room = _announced(plan, users, beginning=beginning)
                _sell(plan, room, users, day=day, sandbox=sandbox)
        jobs.until_quiet(sandbox)  # what follows needs the day's sales in the ledger
        deeds.do_due(users, day=day, sandbox=sandbox)
        jobs.until_quiet(sandbox)
        progress(day - FIRST_DAY, -FIRST_DAY)
    sandbox.advance_to(clock.real_now())
    jobs.until_quiet(sandbox)


def _announced(plan: cast.RoomPlan, users: dict[str, User], *, beginning: datetime) -> Room:
    host = Creator.objects.get(user=users[plan.host])
    present = Room.objects.filter(creator=host, title=plan.title).first()
    if present:
        return present
    co_hosts = {email: Creator.objects.get(user=users[email]) for email in plan.co_hosts}
    date = (beginning + timedelta(days=plan.day - FIRST_DAY)).date()
    starts_at = datetime.combine(date, time(plan.hour), tzinfo=UTC)
    now = clock.now(fresh=True)
    room = scheduling.schedule_room(
        creator_id=host.id,
        title=plan.title,
        description=plan.about,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=plan.minutes),
        capacity=plan.seats,
        price_minor=plan.price_minor,
        currency="USD",
        host_weight=plan.host_weight,
        cohosts=[
            scheduling.CoHostSpec(creator_id=co_hosts[email].id, weight=weight)
            for email, weight in plan.co_hosts.items()
        ],
        now=now,
    )
    for co_host in co_hosts.values():
        scheduling.accept_cohosting(room_id=room.id, creator_id=co_host.id, now=now)
    if plan.charity:
        charity = Charity.objects.get(name=plan.charity)
        choose_charity(room_id=room.id, creator_id=host.id, charity_id=charity.id)
    return room


def _sell(plan: cast.RoomPlan, room: Room, users: dict[str, User], *, day: int, sandbox: Sandbox) -> None:
    due = [(email, cast.VISA) for email, when in plan.buyers.items() if when <= day]
    due += [(email, cast.DECLINED) for email, when in plan.declined.items() if when <= day]
    due += [(email, cast.DISPUTED) for email, when in plan.disputed.items() if when <= day]
    have = set(Ticket.objects.filter(room=room).values_list("buyer__email", flat=True))
    for email, card in due:
        if email not in have:
            _buy(room, users[email], card=card, sandbox=sandbox)


def _buy(room: Room, buyer: User, *, card: str, sandbox: Sandbox) -> None:
    ticket = tickets.buy_ticket(room_id=room.id, buyer_id=buyer.id, now=clock.now(fresh=True))
    sale = sales.start_checkout(sale_id=ticket.sale_id)
    sandbox.pay(sale.checkout_url, card=card, name=buyer.display_name, email=buyer.email)
