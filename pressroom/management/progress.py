"""How far a long command is, on standard error: often on a terminal, seldom in a log."""

import time
from collections.abc import Callable

from django.core.management.base import OutputWrapper


def progress_on(out: OutputWrapper) -> Callable[[str, int], None]:
    """Return what is called with what is counted and how many there are so far."""
    live = out.isatty()
    last = time.monotonic()

    def progress(what: str, number: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < (0.2 if live else 5):
            return
        last = now
        line = f"{number} {what}"
        out.write(f"\r{line}   " if live else line, ending="" if live else "\n")

    return progress
