"""Shows the progress of a long command on standard error."""

from time import monotonic

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _


class Progress:
    """Writes the progress of a command: in place on a terminal, every five seconds to a log."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out, self._live = out, out.isatty()
        self._last = monotonic()

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        """Show how many items are done, and the `total` if it is known."""
        values = {"what": what, "done": f"{done:,}"}
        if total is None:
            self.write(_("%(what)s: %(done)s") % values)
        else:
            self.write(_("%(what)s: %(done)s of %(total)s") % {**values, "total": f"{total:,}"})

    def write(self, line: str) -> None:
        """Write a line, unless the last line was written too recently."""
        now = monotonic()
        if now - self._last < (0.2 if self._live else 5):
            return
        self._last = now
        self._out.write(f"\r{line}   " if self._live else line, ending="" if self._live else "\n")
