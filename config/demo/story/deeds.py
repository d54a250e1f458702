"""What happens beside ticket sales, from subscriptions to refunds. Each deed is done once, however often asked for.

A purchase is made as a person makes it, through the card page; one whose card page was left is begun again.
"""

from config import clock
from config.demo.story import cast
from config.demo.story.sandbox import Sandbox
from payouts.models import PAID_STATES, BillingState, Refund, RefundReason, Sale
from payouts.refunds.operations import ask_refund, send_refund
from payouts.wallets.queries import balance_of
from rooms import queries
from rooms.donations.operations import give_donation
from rooms.models import Creator, Donation, Plan, Room, StarOrder, StarTip, Subscription, Ticket, Tip, User
from rooms.purchases.checkout import go_on
from rooms.stars.operations import buy_pack, give_stars
from rooms.subscriptions import checkout as subscriptions
from rooms.subscriptions.plans import open_plan
from rooms.tips import targets
from rooms.tips.operations import give_tip

WANTED = (
    len(cast.TIPS)
    + len(cast.DONATIONS)
    + len(cast.REFUNDS)
    + sum(len(plan.given) for plan in cast.STARS)
    + sum(len(plan.subscribers) for plan in cast.PLANS)
)


def count_done() -> int:
    """How many of the deeds have been done, packs of Stars left out: without them nothing is given."""
    tips = Tip.objects.filter(sale__state__in=PAID_STATES).count()
    donations = Donation.objects.filter(sale__state__in=PAID_STATES).count()
    subscribed = Subscription.objects.exclude(state=BillingState.INCOMPLETE).count()
    return (
        tips
        + donations
        + subscribed
        + StarTip.objects.count()
        + Refund.objects.filter(key__startswith="story:").count()
    )


def do_due(users: dict[str, User], *, day: int, sandbox: Sandbox) -> None:
    """Do what is due by this day of the story and has not been done."""
    for plan in cast.PLANS:
        if plan.day <= day:
            _sell_months(plan, users, day=day, sandbox=sandbox)
    for tip in cast.TIPS:
        if tip.day <= day:
            _tip(tip, users[tip.payer], sandbox)
    for stars in cast.STARS:
        if stars.day <= day:
            _stars(stars, users[stars.payer], sandbox)
    for donation in cast.DONATIONS:
        if donation.day <= day:
            _donate(donation, users[donation.payer], sandbox)
    for refund in cast.REFUNDS:
        if refund.day <= day:
            _refund(refund, users[refund.guest])


def _room(title: str) -> Room:
    return queries.with_people().get(title=title)


def _sell_months(plan: cast.MonthlyPlan, users: dict[str, User], *, day: int, sandbox: Sandbox) -> None:
    """Put the plan on sale; on a later day, when Stripe has its price, sell it."""
    host = Creator.objects.get(user=users[plan.host])
    present = Plan.objects.select_related("billing").filter(creator=host, name=plan.name).first()
    if present is None:
        open_plan(
            creator_id=host.id,
            name=plan.name,
            perks=plan.perks,
            price_minor=plan.price_minor,
            currency="USD",
            trial_days=plan.trial_days,
            now=clock.now(fresh=True),
        )
        return
    for email, when in plan.subscribers.items():
        mine = Subscription.objects.filter(subscriber=users[email], creator=host)
        if when <= day and not mine.exclude(state=BillingState.INCOMPLETE).exists():
            found = subscriptions.start(plan_id=present.id, subscriber_id=users[email].id, now=clock.now(fresh=True))
            card_page = found.billing.checkout_url
            sandbox.pay(card_page, card=cast.VISA, name=users[email].display_name, email=email)


def _tip(plan: cast.TipPlan, payer: User, sandbox: Sandbox) -> None:
    room = _room(plan.room)
    if Tip.objects.filter(buyer=payer, room=room, sale__state__in=PAID_STATES).exists():
        return
    tip = give_tip(
        target=targets.of_room(room),
        payer_id=payer.id,
        amount_minor=plan.amount_minor,
        currency=room.currency,
        message=plan.message,
        public_name=payer.display_name,
        now=clock.now(fresh=True),
    )
    _pay(tip.sale, payer, sandbox)


def _stars(plan: cast.StarsPlan, payer: User, sandbox: Sandbox) -> None:
    """Buy the pack; on a later day, when the Stars are in the wallet, give some."""
    if not StarOrder.objects.filter(buyer=payer, sale__state__in=PAID_STATES).exists():
        order = buy_pack(buyer_id=payer.id, stars=plan.stars, now=clock.now(fresh=True))
        _pay(order.sale, payer, sandbox)
        return
    room = _room(plan.room)
    if balance_of(user_id=payer.id) < sum(plan.given):
        return
    given = StarTip.objects.filter(giver=payer, room=room).count()
    for stars in plan.given[given:]:
        give_stars(
            target=targets.of_room(room),
            payer_id=payer.id,
            stars=stars,
            public_name=payer.display_name,
            now=clock.now(fresh=True),
        )


def _donate(plan: cast.DonationPlan, donor: User, sandbox: Sandbox) -> None:
    room = _room(plan.room)
    if Donation.objects.filter(buyer=donor, room=room, sale__state__in=PAID_STATES).exists():
        return
    donation = give_donation(
        room_id=room.id,
        donor_id=donor.id,
        amount_minor=plan.amount_minor,
        covers_processing=plan.cover_processing,
        now=clock.now(fresh=True),
    )
    _pay(donation.sale, donor, sandbox)


def _pay(sale: Sale, payer: User, sandbox: Sandbox) -> None:
    sandbox.pay(go_on(sale).checkout_url, card=cast.VISA, name=payer.display_name, email=payer.email)


def _refund(plan: cast.RefundPlan, guest: User) -> None:
    sale_id = Ticket.objects.filter(room__title=plan.room, buyer=guest).values_list("sale_id", flat=True).get()
    key = f"story:{sale_id}"
    if Refund.objects.filter(key=key).exists():
        return
    refund = ask_refund(
        sale_id=sale_id,
        amount_minor=plan.amount_minor,
        reason=RefundReason.GOODWILL,
        asked_by=cast.FIN.name,
        key=key,
        note=plan.note,
        now=clock.now(fresh=True),
    )
    send_refund(refund_id=refund.id)
