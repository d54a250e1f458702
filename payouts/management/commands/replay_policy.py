"""`manage.py replay_policy SLUG`: what each payee would have earned under another fee policy, over real sales."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from ledger import fees
from ledger.currencies import major
from payouts.drawing import drawn
from payouts.sales.replay import replay_sales


class Command(BaseCommand):
    """Replay sales under another policy."""

    help = "Show what each payee would have earned under another fee policy"

    def add_arguments(self, parser: CommandParser) -> None:
        """A policy that ships, or a file; a time; --json."""
        parser.add_argument("policy", help="a policy that ships, such as ticketed-spaces, or a JSON file of one")
        parser.add_argument("--policy-version", type=int, default=1, help="of a policy that ships")
        parser.add_argument("--since", type=date.fromisoformat, help="the first day (UTC)")
        parser.add_argument("--until", type=date.fromisoformat, help="the day after the last (UTC)")
        parser.add_argument("--json", action="store_true", help="answer JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each payee and currency."""
        policy = chosen(options["policy"], options["policy_version"])
        found = replay_sales(policy=policy, since=midnight(options["since"]), until=midnight(options["until"]))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(line) for line in found]))
            return
        table = Table(title=f"{policy.title} ({policy.slug} v{policy.version})", title_justify="left", box=None)
        for heading in ("payee", "sales", "earned", "would have earned", "difference"):
            table.add_column(heading, justify="left" if heading == "payee" else "right", no_wrap=True)
        for line in found:
            amounts = (
                line.earned_minor,
                line.would_have_earned_minor,
                line.would_have_earned_minor - line.earned_minor,
            )
            shown = (f"{major(amount, line.currency)} {line.currency}" for amount in amounts)
            table.add_row(line.payee, str(line.sales), *shown)
        self.stdout.write(drawn(table) if found else "No sales in that time.")


def chosen(name: str, version: int) -> fees.FeePolicy:
    """A policy that ships, or that a file describes. Raises CommandError, naming what is there."""
    path = Path(name)
    try:
        if path.suffix == ".json":
            return fees.FeePolicy.from_data(json.loads(path.read_text(encoding="utf-8")))
        return fees.policy(name, version)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        known = ", ".join(f"{preset.slug} v{preset.version}" for preset in fees.presets())
        raise CommandError(
            f"{name} v{version} is no policy ({error}); there are {known}, or give a JSON file"
        ) from error


def midnight(day: date | None) -> datetime | None:
    """The beginning of a day in UTC."""
    return None if day is None else datetime.combine(day, time(), tzinfo=UTC)
