"""`python -m config.demo.story`: tells the story once, against the running web and sandbox; opens a room each time."""

import logging
import os

import django

from config import clock
from config.celery import app


def main() -> None:
    """Tell what is missing of the story, with a line of progress for people who wait."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)  # a line for each call and posting would drown the progress
    logging.getLogger("django").setLevel(logging.WARNING)
    app.loader.import_default_modules()  # registers the jobs that the story runs
    from config.demo.story import live, teller  # noqa: PLC0415 (models exist only after setup)

    if not teller.is_told():
        teller.tell(progress=_show)
        print(flush=True)
    live.room_now(now=clock.now(fresh=True))


def _show(day: int, last_day: int) -> None:
    print(f"\rTelling four weeks of purchases through the sandbox: day {day} of {last_day}", end="", flush=True)


if __name__ == "__main__":
    main()
