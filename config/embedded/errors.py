"""What can go wrong with the embedded services, each as one line that says what to set."""


class EmbeddedError(Exception):
    """The embedded services cannot start; the message is one line and names the remedy."""
