"""Finds many phrases as whole words in one text, in one pass."""

import re
from collections.abc import Iterator

_WORD_BEGINS = re.compile(r"(?<!\w)\w++")


class Phrases:
    """A set of phrases. The time of a search does not depend on their number."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}
        self._lengths: dict[str, list[int]] = {}

    def add(self, phrase: str, number: int) -> None:
        """Add a phrase with a number. A phrase may have several numbers."""
        numbers = self._found.setdefault(phrase, [])
        if number not in numbers:
            numbers.append(number)
        lengths = self._lengths.setdefault(_first_word(phrase), [])
        if len(phrase) not in lengths:
            lengths.append(len(phrase))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield number, start and end of each phrase in a text, in order."""
        for word in _WORD_BEGINS.finditer(text):
            start = word.start()
            for length in self._lengths.get(word[0], ()):
                end = start + length
                if not text[end : end + 1].isalnum() and text[end : end + 1] != "_":
                    for number in self._found.get(text[start:end], ()):
                        yield number, start, end


def _first_word(text: str) -> str:
    found = _WORD_BEGINS.search(text)
    return found[0] if found else ""
