"""A letter: what a mail says, from which both its plain text and its HTML are made."""

from dataclasses import dataclass

from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """The one thing to do, with its whole address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Words alone, no markup. `kind` names the sort of letter, `name` is the reader's, empty when we do not know it.

    `facts` are pairs of label and value; `after` stands below the button.
    """

    kind: str
    subject: str
    name: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    button: Button | None = None
    after: tuple[str, ...] = ()

    def text(self) -> str:
        """The plain text."""
        return render_to_string("mail/letter.txt", {"letter": self})

    def html(self) -> str:
        """The same in Obole's look, with styles inline as mail readers need them."""
        return render_to_string("mail/letter.html", {"letter": self})
