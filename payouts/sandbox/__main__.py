"""`python -m payouts.sandbox`: run the local Stripe sandbox."""

import logging
import sys
from pathlib import Path

import uvicorn

from payouts.sandbox.app import build
from payouts.sandbox.settings import SettingsError, from_env


def main() -> int:
    """Serve until stopped; 2 when the environment is refused."""
    try:
        settings = from_env()
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    Path(settings.data).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.run(
        build(settings), host="127.0.0.1", port=settings.port, log_level="warning", access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
