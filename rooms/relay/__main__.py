"""`python -m rooms.relay`: start the relay, one process a core."""

import asyncio
import sys

from rooms.relay import log, process, settings, supervisor


def main() -> int:
    """Read the settings, run the workers, return the exit status."""
    log.configure()
    supervisor.tie()
    try:
        config = settings.read()
    except (settings.SettingsError, ValueError) as error:
        log.log.error("settings", problem=str(error))
        return 2
    if config.workers > 1:
        return supervisor.run(config.workers)
    asyncio.run(process.serve(config.of_worker(config.worker)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
