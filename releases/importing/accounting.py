"""The ledger of an import: no word of the file is used twice, none is lost unseen."""

import re
from bisect import bisect_right
from collections.abc import Iterable

from releases.importing.understood import Accounting

Span = tuple[int, int]


class Ledger:
    """Every word of a source and the part that took it; the first to claim a word has it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._words: list[Span] = [match.span() for match in re.finditer(r"\S+", source)]
        self._starts = [start for start, _ in self._words]
        self._owners = [""] * len(self._words)

    def claim(self, part: str, spans: Iterable[Span]) -> None:
        """Give the unclaimed words that the spans touch to a part."""
        for start, end in spans:
            word = max(bisect_right(self._starts, start) - 1, 0)
            while word < len(self._words) and self._starts[word] < end:
                if self._words[word][1] > start and not self._owners[word]:
                    self._owners[word] = part
                word += 1

    def close(self) -> Accounting:
        """Return what each part took, and quote line by line what nobody claimed."""
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
