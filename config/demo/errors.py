"""Why the demo does not start, in one line each."""


class DemoError(Exception):
    """The demo cannot start; the message is one line and says what to set."""


class Interrupted(Exception):  # noqa: N818 a wish, not an error
    """Somebody pressed Ctrl-C, or asked the supervisor to end."""
