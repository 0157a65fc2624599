"""How far a long command is, on standard error."""

from time import monotonic

from django.core.management.base import OutputWrapper


class Progress:
    """Writes how far a command is: in place on a terminal, every five seconds into a log."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out, self._live = out, out.isatty()
        self._last = monotonic()

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        """Note that so many things are done, of `total` where that is known."""
        self.write(f"{done:,} {what}" if total is None else f"{done:,} of {total:,} {what}")

    def write(self, line: str) -> None:
        """Write a line about the progress, if it is time for one."""
        now = monotonic()
        if now - self._last < (0.2 if self._live else 5):
            return
        self._last = now
        self._out.write(f"\r{line}   " if self._live else line, ending="" if self._live else "\n")
