"""`python -m config.demo.code`: the present authenticator code of Fin, who does finance in the demo."""

import os
import sys
import time

import django
from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError


def main() -> int:
    """Print the code, and for how long it is good; 1 where no demo runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from config.demo.story.authenticator import code_of_fin  # noqa: PLC0415 (models exist only after setup)

    try:
        code, seconds_left = code_of_fin(now_s=time.time())
    except (OperationalError, ObjectDoesNotExist):
        print("make code: no demo runs here; start it with `make demo`, then ask again", file=sys.stderr)
        return 1
    print(f"{code}  (good for {seconds_left} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
