"""Finds capitalised words that may be names, and decides which of them are likely people."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from importing.name_rules import (
    STRONG,
    WEAK,
    words_around,
)
from importing.name_words import (
    BRACKETS_PATTERN,
    POSSESSIVE,
    capitalised_runs,
    description_before,
    is_doubtful_name,
    is_initial,
    is_plural_role,
    is_role,
    lowered,
    role_in,
    start_without_places,
)
from importing.vocabulary import (
    FUNCTION_WORDS,
    SUFFIXES,
)

_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:;•|*]|[–—]\s|[“\"‘'(\[])\s*[“\"‘'(\[]*$|\n\s*$")
_LIST_BETWEEN = re.compile(rf"{BRACKETS_PATTERN}(?:,|;|,? (?:and|or|&|y|et|und|e))?\s+$")
_ORDINARY_WORD = re.compile(r"(?<![\w@./])[^\W\d_]++(?![@\d_]|\.\w)")  # not part of an address
# Titles that are used as names.
_STYLES = frozenset(("dalai lama", "panchen lama", "aga khan"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the text. Titles and headings (not `running`) only repeat names."""

    text: str
    running: bool = True


@dataclass(slots=True)
class Candidate:
    """A run of capitalised words that may be a name."""

    passage: int
    start: int
    end: int
    form: str
    words: list[str]
    doubtful: bool
    addressed: bool
    descriptor: str = ""
    plural: bool = False
    certain: bool = False


def believed_people(passages: Sequence[Passage], ordinary: frozenset[str]) -> list[Candidate]:
    """Return the runs of capitalised words that are likely people, in order."""
    candidates = [
        candidate
        for place, passage in enumerate(passages)
        if passage.running and not passage.text.isupper()
        for candidate in _candidates(place, passage.text, ordinary)
    ]
    for candidate in candidates:
        _weigh(candidate, passages[candidate.passage].text)
    _follow_lists(candidates, passages)
    return [candidate for candidate in candidates if candidate.certain]


def _candidates(place: int, text: str, ordinary: frozenset[str]) -> Iterator[Candidate]:
    for run in capitalised_runs(text):
        words = [text[start:end] for start, end in run]
        words[-1] = POSSESSIVE.sub("", words[-1])
        first = 0
        if len(words) > 1 and _SENTENCE_BEGINS.search(text[max(0, run[0][0] - 5) : run[0][0]]):
            first = lowered(words[0]) in FUNCTION_WORDS or lowered(words[0]) in ordinary
        roles = [i for i in range(first, len(words) - 1) if is_role(words[i])]
        addressed = bool(roles)
        first = roles[-1] + 1 if roles else first
        first = start_without_places(words, first)
        core = [word for word in words[first:] if lowered(word) not in SUFFIXES]
        doubtful = is_doubtful_name(core, addressed)
        if doubtful is None:
            continue
        start, end = run[first][0], run[-1][0] + len(words[-1])
        yield Candidate(place, start, end, text[start:end], words[first:], doubtful, addressed)


def _weigh(candidate: Candidate, text: str) -> None:
    """Decide by the words around a candidate whether it is a person."""
    candidate.descriptor, phrase = description_before(text, candidate.start)
    described = phrase < candidate.start
    candidate.plural = is_plural_role(role_in(text[phrase : candidate.start]))
    if len(candidate.words) == 1:
        # “Senators Warner and Graham” are two people, “Scientists Submission” is not a person.
        listed = re.match(r",| and\b| &", text[candidate.end : candidate.end + 5])
        candidate.certain = candidate.addressed and described
        # “St. Petersburg” is a place.
        candidate.certain &= not re.search(r"\b[Ss]t\.? $", text[: candidate.start][-5:])
        candidate.certain &= not candidate.plural or bool(listed)
        return
    around = words_around(text, candidate.start, candidate.end)
    words = [lowered(word) for word in candidate.words]
    strong = bool(
        any(rule.matches(around) for rule in STRONG)
        or (len(words) > 2 and words[-1] in SUFFIXES)
        or (len(words) > 2 and any(map(is_initial, candidate.words)))
    )
    candidate.certain = strong or (
        not candidate.doubtful
        and (candidate.form.casefold() in _STYLES or any(rule.matches(around) for rule in WEAK))
    )


def _follow_lists(candidates: list[Candidate], passages: Sequence[Passage]) -> None:
    """Accept the names that are in a list with an accepted one: “lawyers A, B and C”."""
    for candidate, following in reversed(list(pairwise(candidates))):
        # “A, B and C were arrested”: if the last is a person, the others are people too.
        if (
            not following.certain
            or candidate.certain
            or candidate.doubtful
            or candidate.passage != following.passage
        ):
            continue
        between = passages[candidate.passage].text[candidate.end : following.start]
        several = len(candidate.words) > 1 and len(following.words) > 1 and not following.addressed
        if several and _LIST_BETWEEN.fullmatch(between):
            candidate.certain = True
    for candidate, following in pairwise(candidates):
        if not candidate.certain or following.certain or candidate.passage != following.passage:
            continue
        between = passages[candidate.passage].text[candidate.end : following.start]
        alone = len(following.words) == 1
        if not _LIST_BETWEEN.fullmatch(between) or (
            alone and not (candidate.plural and candidate.addressed)
        ):
            continue
        if following.doubtful and not alone:
            continue
        following.certain = True
        following.plural, following.addressed = (
            candidate.plural,
            candidate.addressed and candidate.plural,
        )
        if candidate.plural:
            following.descriptor = candidate.descriptor


def ordinary_words(passages: Sequence[Passage]) -> frozenset[str]:
    """Return the words that the text also contains in lower case. They are not names."""
    return frozenset(
        sys.intern(word)
        for passage in passages
        for word in _ORDINARY_WORD.findall(passage.text)
        if word.islower()
    )
