"""How far a long command is, said on stderr."""

from time import monotonic
from typing import Any


class Progress:
    """Says how many of how many are done, at most once a second; silent where nobody watches.

    Somebody watches a terminal, and whoever asked for `--verbosity 2`.
    """

    def __init__(self, out: Any, what: str, verbosity: int) -> None:
        self.out, self.what = out, what
        self.is_watched = verbosity > 0 and (out.isatty() or verbosity > 1)
        self.last = monotonic()

    def __call__(self, done: int, total: int) -> None:
        if self.is_watched and monotonic() - self.last >= 1:
            self.last = monotonic()
            self.out.write(f"{done:,} of {total:,} {self.what}")
