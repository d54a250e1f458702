"""Tables for the terminal."""

import io
import sys

from rich.console import Console, RenderableType


def drawn(*parts: RenderableType) -> str:
    """As text: as wide as the terminal, or as they need when nobody looks at one."""
    console = Console(file=io.StringIO(), width=None if sys.stdout.isatty() else 200, highlight=False)
    with console.capture() as captured:
        for part in parts:
            console.print(part, markup=False, soft_wrap=isinstance(part, str))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
