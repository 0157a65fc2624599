"""Finds what was probably meant if a word is in no public text: “Did you mean …?”"""

from datetime import datetime

from django.db.models import Q
from rapidfuzz.distance import OSA

from releases.models import SearchWord
from releases.search.finding import count_each, count_public
from releases.search.query import Form, Query, Unit

MIN_LETTERS = 4  # a shorter word is one edit away from too many others
MAX_WRONG = 3  # words of a query that are corrected
# Similar words of public texts, which may be hidden now. They are counted together, so that hidden
# ones take no place from others, and at least so many, so that the time does not tell their number.
MAX_CANDIDATES, MIN_CANDIDATES = 50, 8


def correction(query: Query, at: datetime) -> str | None:
    """Return the query with its wrong words corrected, or None.

    A wrong word has no public hit at that time. Its correction is one edit away: a letter more,
    less, or other, or two letters exchanged. It stands in a text that is public at that time, next
    to what else the query asks for.
    """
    wrong = [
        unit
        for unit in query.units
        if unit.word and not unit.excluded and len(unit.word) >= MIN_LETTERS
        and not count_public((unit,), (), at)
    ][:MAX_WRONG]  # fmt: skip
    if not wrong:
        return None
    right = tuple(unit for unit in query.wanted if all(unit.place != w.place for w in wrong))
    corrected: dict[tuple[int, int], str] = {}
    for unit in wrong:
        candidates = _candidates(unit.word)
        filled = [*candidates, *[unit.word] * (MIN_CANDIDATES - len(candidates))]
        hits = count_each(tuple(map(unit_of, filled)), right, query.excluded, at)
        counts = dict(zip(filled, hits, strict=True))
        best = min(candidates, key=lambda word: (-counts[word], word), default="")
        if not best or not counts[best]:
            return None
        corrected[unit.place] = best
    units = tuple(map(unit_of, corrected.values()))
    if len(units) > 1 and not count_public((*units, *right), query.excluded, at):
        return None
    text = query.text
    for (start, end), word in sorted(corrected.items(), reverse=True):
        text = text[:start] + word + text[end:]
    return text.strip()


def unit_of(word: str) -> Unit:
    """Return a unit for exactly this word. Its other forms might be words of hidden texts."""
    return Unit((Form((word,)),), word=word)


def _candidates(word: str) -> list[str]:
    """Return at most MAX_CANDIDATES words of public texts that are one edit away.

    One edit leaves the letters before or after the middle of a word as they are.
    """
    before = (len(word) - 1) // 2
    start, end = word[:before], word[before + 1 :][::-1]
    rows = SearchWord.objects.filter(
        Q(word__startswith=start) | Q(reversed__startswith=end), public=True
    )
    lengths = range(len(word) - 1, len(word) + 2)
    near = sorted(
        (word[0] != other[0], other)
        for other in rows.values_list("word", flat=True).iterator()
        if len(other) in lengths and OSA.distance(word, other, score_cutoff=1) == 1
    )
    return [other for _first, other in near[:MAX_CANDIDATES]]
