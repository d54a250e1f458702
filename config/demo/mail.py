"""`python -m config.demo.mail`: the newest mail of the demo, which keeps mail in a folder instead of sending it."""

import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from config.demo.environment import Options

BETWEEN = b"\n" + b"-" * 79 + b"\n"
"""What Django's file backend writes after each mail of one connection."""


def main() -> int:
    """Print it; 1 where there is none."""
    folder = Options.read().data_dir / "mail"
    newest = newest_in(folder)
    if newest is None:
        print("make mail: no mail yet; the demo keeps here what it would send", file=sys.stderr)
        return 1
    print(text_of(newest))
    return 0


def newest_in(folder: Path) -> EmailMessage | None:
    """The mail that was written last, or None."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    mails = [mail for mail in files[-1].read_bytes().split(BETWEEN) if mail.strip()] if files else []
    return message_from_bytes(mails[-1], _class=EmailMessage, policy=default) if mails else None


def text_of(mail: EmailMessage) -> str:
    """To whom, about what, and the part without pictures."""
    body = mail.get_body(("plain",))
    text = body.get_content().strip() if body is not None else ""
    return f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{text}"


if __name__ == "__main__":
    sys.exit(main())
