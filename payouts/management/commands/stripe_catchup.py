"""`manage.py stripe_catchup --since 3d`: list events from Stripe's API and fill the holes of the inbox."""

import re
from argparse import ArgumentTypeError
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from config import clock
from payouts.drawing import drawn
from payouts.errors import StripeUnavailableError
from payouts.inbox import catch_up
from payouts.inbox.catch_up import Filled

AGO = {"m": "minutes", "h": "hours", "d": "days"}
PAGES_AT_ONCE = 50


def moment(text: str) -> datetime:
    """A time: `3d`, `12h` or `30m` ago, `2026-11-21`, or `2026-11-21T08:00:00Z` (UTC where it says nothing)."""
    ago = re.fullmatch(r"(\d+)([mhd])", text)
    if ago:
        return clock.now() - timedelta(**{AGO[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"{text!r} is no time: write 3d, 12h, 30m, 2026-11-21 or 2026-11-21T08:00:00Z"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    """Fill the inbox's holes from Stripe's list of events."""

    help = (
        "List events from Stripe's API (it keeps them for 30 days), of the platform, of every connected account and "
        "the thin ones, and store those that never came. Killed half-way it goes on where it stopped: run it again "
        "without --since, or leave it to the beat task."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to read."""
        parser.add_argument("--since", type=moment, help="from when: 3d, 12h, 2026-11-21, 2026-11-21T08:00:00Z")
        parser.add_argument("--until", type=moment, help="to when (default: five minutes ago)")
        parser.add_argument("--account", default="", help="this connected account alone (acct_…)")
        parser.add_argument("--dry-run", action="store_true", help="only say what is missing; needs --since")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, and print what was found."""
        since, until = options["since"], options["until"]
        if since is None and (until is not None or options["dry_run"]):
            raise CommandError("--until and --dry-run need --since: from when should the events be read?")
        if since is not None and since >= (until or clock.now()):
            raise CommandError(f"--since {since:%Y-%m-%d %H:%M} is not before --until: there is nothing in between")
        try:
            if until is not None or options["dry_run"]:
                found = self._range(options["account"], since, until, dry_run=options["dry_run"])
            else:
                found = self._to_now(options["account"], since)
            self._print(found, dry_run=options["dry_run"])
        except StripeUnavailableError as error:
            raise CommandError(
                f"Stripe cannot be reached: {error}. What was read so far is kept; run it again."
            ) from error

    def _range(self, account: str, since: datetime, until: datetime | None, *, dry_run: bool) -> Iterable[Filled]:
        end = until or clock.now() - catch_up.STILL_COMING
        for source in catch_up.sources(account=account):
            yield from catch_up.read_range(source=source, since=since, until=end, dry_run=dry_run)

    def _to_now(self, account: str, since: datetime | None) -> Iterable[Filled]:
        now = clock.now()
        if since is not None:
            catch_up.go_back(since=since, account=account, now=now)
        while filled := catch_up.catch_up(now=now, pages_max=PAGES_AT_ONCE, account=account, every=timedelta(0)):
            yield from filled

    def _print(self, found: Iterable[Filled], *, dry_run: bool) -> None:
        listed: dict[str, int] = defaultdict(int)
        missing: dict[str, int] = defaultdict(int)
        for page in found:
            listed[page.source] += page.listed
            missing[page.source] += len(page.missing)
        table = Table(title="Would be stored" if dry_run else "Stored", title_justify="left")
        table.add_column("source")
        table.add_column("listed by Stripe", justify="right")
        table.add_column("missing here" if dry_run else "were missing", justify="right")
        for source, count in sorted(listed.items()):
            table.add_row(source, f"{count:,}", f"{missing[source]:,}")
        table.add_row("total", f"{sum(listed.values()):,}", f"{sum(missing.values()):,}", style="bold")
        self.stdout.write(drawn(table))
