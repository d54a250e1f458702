"""`python -m config.demo.code`: the present authenticator code of Fin, who does finance in the demo."""

import os
import time

import django


def main() -> None:
    """Print the code, and for how long it is good."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from config.demo.story.authenticator import code_of_fin  # noqa: PLC0415 (models exist only after setup)

    code, seconds_left = code_of_fin(now_s=time.time())
    print(f"{code}  (good for {seconds_left} s)")


if __name__ == "__main__":
    main()
