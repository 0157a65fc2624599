"""What was found in a file while it was cleaned."""

from dataclasses import dataclass, field
from typing import NamedTuple

MOST_FINDINGS = 200
MOST_CHARACTERS = 200  # of one value


class Finding(NamedTuple):
    """What a file holds besides its content: a code, and what stands there."""

    code: str
    value: str = ""


# A part of a cleaned file: bytes, or from where to where the original is copied.
Piece = bytes | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned file in pieces, none where it `cannot` be cleaned."""

    pieces: list[Piece]
    removed: list[Finding]
    cannot: list[Finding] = field(default_factory=list)


class Report:
    """Collects what is removed from a file, and what stands in the way of cleaning it."""

    def __init__(self) -> None:
        self._removed: dict[Finding, None] = {}
        self._cannot: dict[Finding, None] = {}

    def removed(self, code: str, value: str = "") -> None:
        """Note what is taken out, each once."""
        _note(self._removed, code, value)

    def cannot(self, code: str, value: str = "") -> None:
        """Note why the file cannot be cleaned, each reason once."""
        _note(self._cannot, code, value)

    def cleaned(self, *pieces: Piece) -> Cleaned:
        """Return the outcome; the pieces are left out where something stands in the way."""
        cannot = list(self._cannot)
        return Cleaned([] if cannot else list(pieces), list(self._removed), cannot)


def _note(noted: dict[Finding, None], code: str, value: str) -> None:
    if len(noted) < MOST_FINDINGS:
        words = "".join(c if c.isprintable() else " " for c in value[: MOST_CHARACTERS * 4])
        noted[Finding(code, " ".join(words.split())[:MOST_CHARACTERS])] = None
