"""Accounts for every word of an imported file: none is used twice or lost without notice."""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from importing.understood import Accounting

Span = tuple[int, int]


class Ledger:
    """The words of a source, each with the part that claimed it. The first claim wins."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._words: list[Span] = [match.span() for match in re.finditer(r"\S+", source)]
        self._starts = [start for start, _ in self._words]
        self._owners = [""] * len(self._words)

    def claim(self, part: str, spans: Iterable[Span]) -> None:
        """Assign the unclaimed words in the spans to a part."""
        for start, end in spans:
            word = max(bisect_right(self._starts, start) - 1, 0)
            while word < len(self._words) and self._starts[word] < end:
                if self._words[word][1] > start and not self._owners[word]:
                    self._owners[word] = part
                word += 1

    def close(self) -> Accounting:
        """Return the number of words of each part, and the unclaimed words, line by line."""
        counts: dict[str, int] = {}
        left_out: list[str] = []
        quote: Span | None = None
        for (start, end), owner in zip(self._words, self._owners, strict=True):
            if owner:
                counts[owner] = counts.get(owner, 0) + 1
            if quote and (owner or "\n" in self._source[quote[1] : start]):
                left_out.append(self._source[quote[0] : quote[1]])
                quote = None
            if not owner:
                quote = (quote[0] if quote else start, end)
        if quote:
            left_out.append(self._source[quote[0] : quote[1]])
        return Accounting(len(self._source.split()), tuple(counts.items()), tuple(left_out))


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two texts: words missing from the second, and its extra words.

    Adjacent words are joined into one string. `moved` is set if only the order of words differs.
    """

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    moved: bool = False

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.moved)


def difference(source_text: str, stored: str) -> Difference:
    """Compare the words of two texts without punctuation, in linear time."""
    first, second = spelled(source_text), spelled(stored)
    if first == second:
        return Difference()
    shorter = min(len(first), len(second))
    start = next((n for n in range(shorter) if first[n] != second[n]), shorter)
    end = next(
        (n for n in range(shorter - start) if first[-1 - n] != second[-1 - n]), shorter - start
    )
    first, second = first[start : len(first) - end], second[start : len(second) - end]
    lost, doubled = Counter(first), Counter(second)
    both = lost & doubled
    found = Difference(_quoted(first, lost - both), _quoted(second, doubled - both))
    return found if found.lost or found.doubled else Difference(moved=True)


def _quoted(words: Sequence[str], wanted: Counter[str]) -> tuple[str, ...]:
    """Return the wanted words in the order of the text. Adjacent words are joined."""
    left = Counter(wanted)
    # If a word occurs too often, its last occurrences are the extra ones.
    chosen = [False] * len(words)
    for place in range(len(words) - 1, -1, -1):
        if left[words[place]]:
            left[words[place]] -= 1
            chosen[place] = True
    quotes: list[list[str]] = []
    for place, word in enumerate(words):
        if not chosen[place]:
            continue
        if place and chosen[place - 1]:
            quotes[-1].append(word)
        else:
            quotes.append([word])
    return tuple(" ".join(quote) for quote in quotes)


class _Spaces(dict[int, str]):
    """A table for str.translate: all but letters, digits and combining marks become spaces."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = char if unicodedata.category(char)[0] in "LNM" else " "
        return self[code]


_SPACED = _Spaces()


def spelled(text: str) -> list[str]:
    """Return the words of a text for comparison: only letters, digits and combining marks."""
    return unicodedata.normalize("NFC", text).translate(_SPACED).split()
