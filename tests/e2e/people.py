"""What people do on Obole's pages and on Stripe's, as they do it: by labels, buttons and links."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import Stack

PASSWORD = "chip-in-an-obole"
SLOW_MS = 30_000  # a page that waits for webhook, worker and beat


@dataclass(frozen=True, slots=True)
class Someone:
    """A person with a browser of their own."""

    name: str
    page: Page
    stack: Stack

    @classmethod
    @contextmanager
    def visiting(cls, browser: Browser, stack: Stack, *, name: str) -> Iterator["Someone"]:
        """A fresh browser profile; anything that a page's script throws fails the test."""
        with browser.new_context(locale="en-US", timezone_id="UTC", accept_downloads=True) as context:
            context.set_default_timeout(SLOW_MS)
            page = context.new_page()
            thrown: list[str] = []
            page.on("pageerror", lambda error: thrown.append(str(error)))
            yield cls(name=name, page=page, stack=stack)
            assert thrown == [], thrown

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@obole.example"

    def open(self, path: str) -> None:
        self.page.goto(self.stack.site + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def reads(self, text: str) -> None:
        """The page says so, at once or after a while by itself."""
        expect(self.page.locator("main")).to_contain_text(text, timeout=SLOW_MS)

    def signs_up(self) -> None:
        self.open("/accounts/signup/")
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Make an account")
        self.page.wait_for_url(f"{self.stack.site}/")

    def becomes_a_payee(self) -> None:
        """Opens a studio and sets up payouts on Stripe's form."""
        self.open("/studio/")
        self.page.get_by_label("Handle").fill(self.name.split()[0].lower())
        self.press("Open my studio")
        self.open("/studio/onboarding/")
        self.press("Go on at Stripe")
        self.page.get_by_label("Last name").fill(self.name.split()[1])
        self.page.get_by_role("button", name="Agree and submit").click()
        self.reads("You can be paid")

    def schedules_a_room(self, *, title: str, seats: int, price: str) -> str:
        """Schedules it for tomorrow at noon and gives its address."""
        self.open("/studio/rooms/new/")
        page = self.page
        tomorrow: str = page.evaluate("new Date(Date.now() + 864e5).toISOString().slice(0, 10)")
        page.get_by_label("Title").fill(title)
        page.get_by_label("Starts").fill(f"{tomorrow}T12:00")
        page.get_by_label("Price of a seat").fill(price)
        page.get_by_label("Seats").fill(str(seats))
        self.press("Schedule the room")
        self.reads(title)
        self.open("/")
        self.follow(title)
        return page.url

    def buys(self, room: str) -> None:
        """Presses Buy and arrives at Stripe's card page."""
        self.page.goto(room)
        self.press("Buy a ticket")
        self.page.wait_for_url(f"{self.stack.sandbox}/c/pay/**")

    def pays_with(self, card: str) -> None:
        page = self.page
        page.get_by_label("Card information").fill(card)
        page.get_by_label("Expiration date").fill("12/34")
        page.get_by_label("Security code").fill("123")
        page.get_by_label("Name on card").fill(self.name)
        page.get_by_role("button", name="Pay $").click()

    def moves_the_clock(self, button: str) -> None:
        """On the sandbox's own page: +1 hour, +1 day or +7 days."""
        self.page.goto(self.stack.sandbox)
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_load_state()
