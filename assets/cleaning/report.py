"""Records the findings while a file is cleaned."""

from dataclasses import dataclass, field
from typing import NamedTuple

MAX_FINDINGS = 200
MAX_VALUE_CHARACTERS = 200  # of one value


class Finding(NamedTuple):
    """A finding in a file: a code, and a value such as a name."""

    code: str
    value: str = ""


# A part of a cleaned file: bytes, or the start and end of a part of the original.
Piece = bytes | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned file in pieces. It has no pieces if there are `problems`."""

    pieces: list[Piece]
    removed: list[Finding]
    problems: list[Finding] = field(default_factory=list)


class Report:
    """Collects what is removed from a file, and the reasons why it can't be cleaned."""

    def __init__(self) -> None:
        self._removed: dict[Finding, None] = {}
        self._problems: dict[Finding, None] = {}

    def removed(self, code: str, value: str = "") -> None:
        """Record something that is removed; duplicates are ignored."""
        _note(self._removed, code, value)

    def problem(self, code: str, value: str = "") -> None:
        """Record a reason why the file can't be cleaned; duplicates are ignored."""
        _note(self._problems, code, value)

    def cleaned(self, *pieces: Piece) -> Cleaned:
        """Return the result; it has no pieces if there are problems."""
        problems = list(self._problems)
        return Cleaned([] if problems else list(pieces), list(self._removed), problems)


def _note(noted: dict[Finding, None], code: str, value: str) -> None:
    if len(noted) < MAX_FINDINGS:
        text = "".join(c if c.isprintable() else " " for c in value[: MAX_VALUE_CHARACTERS * 4])
        noted[Finding(code, " ".join(text.split())[:MAX_VALUE_CHARACTERS])] = None
