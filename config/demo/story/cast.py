"""Who is in the story and what happens on which day (day 0 is today, -28 the beginning)."""

from dataclasses import dataclass, field

PASSWORD = "chip-in-an-obole"  # noqa: S105 (printed by the demo: accounts of a local database)
VISA = "4242424242424242"
DECLINED = "4000000000000002"
DISPUTED = "4000000000002685"  # its bank says a day later that nothing was received


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone with an account; `handle` makes them a creator, `staff` finance."""

    name: str
    email: str
    handle: str = ""
    bio: str = ""
    staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlan:
    """A room: announced and held on days of the story, with the day on which each guest buys."""

    host: str
    title: str
    about: str
    announced_day: int
    day: int
    hour: int
    minutes: int
    seats: int
    price_minor: int
    co_hosts: dict[str, int] = field(default_factory=dict)  # e-mail -> weight; the host's weight is the first
    host_weight: int = 1
    buyers: dict[str, int] = field(default_factory=dict)  # e-mail -> day
    declined: dict[str, int] = field(default_factory=dict)  # e-mail -> day: the card is refused, and they walk away
    disputed: dict[str, int] = field(default_factory=dict)  # e-mail -> day: the buyer's bank wants the money back
    charity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyPlan:
    """What a creator sells by the month from a day on, and the day on which each guest subscribes."""

    host: str
    name: str
    perks: str
    price_minor: int
    day: int
    trial_days: int = 0
    subscribers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TipPlan:
    """A tip by card to everybody on a room's stage, from a day on."""

    day: int
    payer: str
    room: str
    amount_minor: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StarsPlan:
    """A pack of Stars, and what of it was given in a room, from a day on."""

    day: int
    payer: str
    stars: int
    room: str
    given: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DonationPlan:
    """A donation to a room's charity, from a day on."""

    day: int
    payer: str
    room: str
    amount_minor: int
    cover_processing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPlan:
    """Money that finance gives back for a guest's ticket, all of it or `amount_minor`, from a day on."""

    day: int
    guest: str
    room: str
    amount_minor: int | None
    note: str


def _mail(name: str) -> str:
    return f"{name}@obole.example"


ADA, GRACE, HEDY = (
    Person(
        name="Ada Okafor",
        email=_mail("ada"),
        handle="ada",
        bio="Engines, poetry, and the notes in the margin. Tuesdays and Saturdays.",
    ),
    Person(
        name="Grace Lindqvist",
        email=_mail("grace"),
        handle="grace",
        bio="Compilers, ships and nanoseconds. I bring the wire.",
    ),
    Person(
        name="Hedy Marlowe",
        email=_mail("hedy"),
        handle="hedy",
        bio="Late-night music and the radio tricks behind it.",
    ),
)
LINUS = Person(name="Linus Berg", email=_mail("linus"))
FIN = Person(name="Fin Moreau", email=_mail("fin"), staff=True)
CHARITY = Person(
    name="Wireless for Schools",
    email=_mail("hello-wireless"),
    bio="Puts a radio, and someone who can explain it, into schools beyond the last cable.",
)
GUESTS = tuple(
    Person(name=name, email=_mail(name.split()[0].lower()))
    for name in (
        "Margaret Sole",
        "Dennis Hart",
        "Barbara Quist",
        "Ken Adeyemi",
        "Radia Novak",
        "Edsger Blom",
        "Katherine Ruiz",
        "Alan Petit",
        "Joan Farrow",
        "Tim Osei",
        "Annie Duval",
        "Niklaus Frei",
    )
)
PEOPLE = (ADA, GRACE, HEDY, LINUS, FIN, *GUESTS)


def _buyers(*, first: int, last: int, names: str) -> dict[str, int]:
    """Spread the named guests evenly over the days from `first` to `last`."""
    guests = names.split()
    span = max(len(guests) - 1, 1)
    return {_mail(name): first + (last - first) * index // span for index, name in enumerate(guests)}


ROOMS = (
    RoomPlan(
        host=ADA.email,
        title="Note G, read aloud",
        about="The first program, line by line, with the arithmetic done out loud. Questions from the second half on.",
        announced_day=-28,
        day=-20,
        hour=18,
        minutes=90,
        seats=100,
        price_minor=1000,
        buyers=_buyers(first=-27, last=-21, names="linus margaret dennis barbara ken radia edsger katherine alan"),
        declined=_buyers(first=-24, last=-24, names="tim"),
    ),
    RoomPlan(
        host=GRACE.email,
        title="Compilers by candlelight",
        about="What a compiler knows about your program that you do not. Two hosts, one candle.",
        announced_day=-26,
        day=-14,
        hour=19,
        minutes=120,
        seats=60,
        price_minor=1500,
        host_weight=2,
        co_hosts={ADA.email: 1},
        buyers=_buyers(first=-25, last=-15, names="joan linus tim annie niklaus ken radia margaret"),
    ),
    RoomPlan(
        host=HEDY.email,
        title="Frequency hopping for musicians",
        about="One melody, eighty-eight channels. Bring headphones.",
        announced_day=-18,
        day=-6,
        hour=21,
        minutes=60,
        seats=40,
        price_minor=500,
        buyers=_buyers(first=-17, last=-7, names="annie dennis linus barbara joan alan edsger"),
    ),
    RoomPlan(
        host=ADA.email,
        title="Debugging stories, with witnesses",
        about="Five bugs, five people who met them. Nothing is made up, least of all the moth.",
        announced_day=-12,
        day=-1,
        hour=18,
        minutes=90,
        seats=80,
        price_minor=700,
        co_hosts={GRACE.email: 1, HEDY.email: 1},
        buyers=_buyers(first=-11, last=-2, names="ken katherine linus tim niklaus margaret radia"),
        disputed=_buyers(first=-8, last=-8, names="edsger"),
    ),
    RoomPlan(
        host=ADA.email,
        title="Ask me about engines",
        about="An open hour. The best question gets an answer on brass.",
        announced_day=-5,
        day=3,
        hour=18,
        minutes=60,
        seats=100,
        price_minor=1000,
        buyers=_buyers(first=-4, last=0, names="dennis barbara annie alan joan"),
        charity=CHARITY.name,
    ),
    RoomPlan(
        host=GRACE.email,
        title="A nanosecond is this long",
        about="Why light is slow, and what that does to your database. Wire included.",
        announced_day=-4,
        day=6,
        hour=17,
        minutes=75,
        seats=50,
        price_minor=1200,
        host_weight=3,
        co_hosts={HEDY.email: 1},
        buyers=_buyers(first=-3, last=0, names="edsger tim katherine"),
    ),
    RoomPlan(
        host=HEDY.email,
        title="Late-night theremin",
        about="A small room on purpose. No talking during the slow movement.",
        announced_day=-7,
        day=1,
        hour=22,
        minutes=60,
        seats=8,
        price_minor=900,
        buyers=_buyers(first=-6, last=0, names="radia ken niklaus margaret annie joan"),
    ),
)

PLANS = (
    MonthlyPlan(
        host=ADA.email,
        name="Engine room",
        perks="Every room that I open to subscribers, and the notes a day earlier.",
        price_minor=499,
        day=-27,
        subscribers=_buyers(first=-26, last=-10, names="linus barbara joan ken"),
    ),
    MonthlyPlan(
        host=HEDY.email,
        name="Night shift",
        perks="The late sets, and the patches behind them.",
        price_minor=299,
        day=-20,
        trial_days=7,
        subscribers=_buyers(first=-19, last=-3, names="annie dennis"),
    ),
)
NOTE_G, CANDLELIGHT, HOPPING, DEBUGGING, ENGINES = (plan.title for plan in ROOMS[:5])
TIPS = (
    TipPlan(day=-22, payer=LINUS.email, room=NOTE_G, amount_minor=2500, message="For the margin notes."),
    TipPlan(day=-15, payer=_mail("joan"), room=CANDLELIGHT, amount_minor=1000, message="More of this."),
    TipPlan(day=-2, payer=_mail("katherine"), room=DEBUGGING, amount_minor=500, message="Say hello to the moth."),
    TipPlan(day=-1, payer=LINUS.email, room=ENGINES, amount_minor=500, message=""),
)
STARS = (
    StarsPlan(day=-12, payer=LINUS.email, stars=1000, room=HOPPING, given=(50, 120)),
    StarsPlan(day=-4, payer=_mail("annie"), stars=1000, room=ENGINES, given=(300,)),
)
DONATIONS = (
    DonationPlan(day=-3, payer=_mail("katherine"), room=ENGINES, amount_minor=2000, cover_processing=True),
    DonationPlan(day=-2, payer=_mail("ken"), room=ENGINES, amount_minor=500, cover_processing=False),
)
REFUNDS = (
    RefundPlan(day=-19, guest=_mail("alan"), room=NOTE_G, amount_minor=None, note="His line was down all evening."),
    RefundPlan(day=-13, guest=_mail("tim"), room=CANDLELIGHT, amount_minor=500, note="Missed the first half hour."),
)
