"""Finds people in a text by the words around their names, without a list of names or a model.

A run of capitalised words is taken for a person because of the words around it: a role or a title
before it (“human rights lawyer”) or after it (“…, Head of Campaigns, …”), a verb of saying, a verb
for things done only to people, or a list of people. Each person is only a suggestion.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from importing.name_candidates import Candidate, Passage, believed_people, ordinary_words
from importing.name_rules import (
    POSSESSIVE_STATEMENT_AFTER,
    SPEECH_VERB_AFTER,
    STATEMENT_AFTER,
    follows_speech_verb,
    has_speech_verb,
)
from importing.name_words import (
    CAPITALISED_WORD,
    POSSESSIVE,
    apposition_after,
    description_before,
    is_common,
    is_plural_role,
    is_printed_title,
    is_role,
    is_title,
    lowered,
)
from importing.phrases import Phrases
from importing.understood import PersonSuggestion
from importing.vocabulary import (
    FUNCTION_WORDS,
    SUFFIXES,
)

# Maximum number of characters that are searched for people. Releases are shorter.
MAX_TEXT_FOR_NAMES = 100_000
_MAX_DESCRIPTIONS = 20  # titles or descriptions of one person
# Titles that are kept with a name of one word: King Charles, Pope Francis.
_PART_OF_NAME = frozenset(
    [
        "pope",
        "king",
        "queen",
        "prince",
        "princess",
        "emperor",
        "mother",
        "saint",
        "st",
        "sheikh",
        "sultan",
    ]
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a person is named in a passage, including an honorific."""

    person: int
    start: int
    end: int
    name_start: int


@dataclass(slots=True)
class _Person:
    name: str
    first: str
    last: str
    forms: dict[str, None] = field(default_factory=dict)
    found: list[tuple[int, int]] = field(default_factory=list)
    speaker: bool = False
    titles: list[str] = field(default_factory=list)
    descriptors: list[str] = field(default_factory=list)


class People:
    """The people of a text, and where each is named."""

    def __init__(self, passages: Sequence[Passage], speakers: Sequence[str] = ()) -> None:
        """Search the passages; `speakers` are names that are already known."""
        self.passages = _limited(passages, MAX_TEXT_FOR_NAMES)
        self.mentions: list[list[Mention]] = [[] for _ in self.passages]
        self._people: list[_Person] = []
        self._by_name: dict[tuple[str, str], _Person] = {}
        self._parts: set[str] = set()  # first and last names, folded
        self._forms, self._capital_forms = Phrases(), Phrases()
        self._ordinary = ordinary_words(self.passages)
        believed = believed_people(self.passages, self._ordinary)
        for name in speakers:
            self._add(name, name.split()[:5])
        for candidate in believed:
            if len(candidate.words) > 1:
                self._add(candidate.form, candidate.words)
        for candidate in believed:
            if len(candidate.words) == 1:
                self._add_single(candidate)
        for number, person in enumerate(self._people):
            for form in person.forms:
                self._look_for(form, number)
        self._indexes = {
            in_capitals: (
                _index([person.last for person in self._people], in_capitals),
                _index([person.first for person in self._people], in_capitals),
            )
            for in_capitals in (False, True)
        }
        for place in range(len(self.passages)):
            self._name_all(place)
        self._describe(believed)

    def suggestions(self, speaking: Collection[str] = ()) -> tuple[PersonSuggestion, ...]:
        """Return all people found, in the order in which the running text first names them.

        `speaking` has the names of people who are quoted.
        """
        for person in self._people:
            person.speaker |= person.name in speaking
        found = [person for person in self._people if person.found]
        return tuple(map(self._suggestion, sorted(found, key=self._first_named)))

    def described_from(self, place: int, mention: Mention) -> int:
        """Return where the description before a mention begins."""
        return description_before(self.passages[place].text, mention.name_start)[1]

    def attribution(self, place: int, mention: Mention) -> tuple[str, str]:
        """Return a speaker's full name, and the title at this mention or else at another."""
        person = self._people[mention.person]
        text = self.passages[place].text
        here = self._title_before_verb(place, mention) or apposition_after(
            text[mention.end : mention.end + 250]
        )
        return person.name, here or self._title_of(person)

    def _add(self, full: str, words: list[str]) -> None:
        core = [word for word in words if lowered(word) not in SUFFIXES] or words
        first, last = core[0], core[-1]
        if person := self._by_name.get((first, last)):
            person.forms.setdefault(full)
        else:
            self._add_person(_Person(full, first, last, {full: None}))

    def _add_person(self, person: _Person) -> None:
        self._people.append(person)
        self._by_name.setdefault((person.first, person.last), person)
        self._parts |= {_fold(person.first), _fold(person.last)}

    def _add_single(self, candidate: Candidate) -> None:
        if _fold(candidate.words[0]) in self._parts:
            return
        name = candidate.form
        title = self.passages[candidate.passage].text[: candidate.start].split()[-1:]
        if title and lowered(title[0]) in _PART_OF_NAME:
            name = f"{title[0]} {name}"
        self._add_person(_Person(name, name, candidate.form, {name: None}))

    # --- Naming: every form of a name that was found ---

    def _look_for(self, form: str, number: int) -> None:
        if " " in form:
            self._forms.add(form, number)
            self._capital_forms.add(form.upper(), number)

    def _name_all(self, place: int) -> None:
        text = self.passages[place].text
        in_capitals = text.upper() == text
        taken = bytearray(len(text))
        found = (self._capital_forms if in_capitals else self._forms).find(text)
        # If matches overlap, the person found first wins, and then the longest form of the name.
        for number, start, end in sorted(found, key=lambda it: (it[0], it[1] - it[2], it[1])):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                self._mention(place, number, start, end)
        self._name_by_part(place, taken, in_capitals)
        self.mentions[place].sort(key=lambda mention: mention.start)

    def _name_by_part(self, place: int, taken: bytearray, in_capitals: bool) -> None:
        """Find people by the surname alone, also if it comes first (“Chen” for Chen Guangcheng)."""
        text = self.passages[place].text
        by_last, by_first = self._indexes[in_capitals]
        tokens = list(CAPITALISED_WORD.finditer(text))
        for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
            if any(taken[token.start() : token.end()]):
                continue
            word = POSSESSIVE.sub("", token[0])
            key = _fold(word, in_capitals)
            numbers = by_last.get(key) or by_first.get(key) or []
            if len(numbers) != 1 or (key not in by_last and is_common(word)):
                continue
            addressed = (
                before is not None
                and text[before.end() : token.start()].strip(".") == " "
                and is_role(before[0])
            )
            if not in_capitals and not self._stands_alone(text, before, token, after, addressed):
                continue
            end = token.start() + len(word)
            self._mention(
                place, numbers[0], self._with_title(text, token.start()), end, token.start()
            )

    def _with_title(self, text: str, start: int) -> int:
        """Return where a name begins, including its title: “Mr Lammy”."""
        _, first = description_before(text, start)
        title = text[first:start].split()
        if title and len(title) <= 3 and not is_plural_role(title[-1]) and is_role(title[-1]):
            capitals = all(word[0].isupper() and not POSSESSIVE.search(word) for word in title)
            return first if capitals else start
        return start

    def _stands_alone(
        self,
        text: str,
        before: re.Match[str] | None,
        token: re.Match[str],
        after: re.Match[str] | None,
        addressed: bool,
    ) -> bool:
        """Return whether a word is not part of a longer name of another person or thing."""
        possessive = bool(POSSESSIVE.search(token[0]))
        if after and not possessive and text[token.end() : after.start()] == " ":
            return False
        if not before or addressed or text[before.end() : token.start()] not in (" ", ". "):
            return True
        word = lowered(before[0])
        return is_role(before[0]) or word in FUNCTION_WORDS or word in self._ordinary

    def _mention(
        self, place: int, number: int, start: int, end: int, name_start: int | None = None
    ) -> None:
        name_start = start if name_start is None else name_start
        person = self._people[number]
        form = self.passages[place].text[start:end]
        if form not in person.forms and not (form.isupper() and len(form) > 3):
            person.forms[form] = None
            self._look_for(form, number)
        person.found.append((place, start))
        self.mentions[place].append(Mention(number, start, end, name_start))

    # --- Titles and descriptions ---

    def _describe(self, believed: list[Candidate]) -> None:
        in_list = {(c.passage, c.start): c.descriptor for c in believed if c.descriptor}
        for place, passage in enumerate(self.passages):
            for mention in self.mentions[place]:
                person = self._people[mention.person]
                text = passage.text
                before, _ = description_before(text, mention.name_start)
                before = before or in_list.get((place, mention.name_start), "")
                after = apposition_after(text[mention.end : mention.end + 250])
                if self._is_speaking(place, mention):
                    person.speaker = True
                    _keep(person.titles, after, self._title_before_verb(place, mention))
                if passage.running:
                    _keep(person.descriptors, before, after)

    def _is_speaking(self, place: int, mention: Mention) -> bool:
        text = self.passages[place].text
        return bool(
            has_speech_verb(text, mention.end)
            or self.follows_speech_verb(place, mention)
            or STATEMENT_AFTER.match(text, mention.end)
            or (
                self.passages[place].running
                and POSSESSIVE_STATEMENT_AFTER.match(text, mention.end)
                and text.endswith(":")
            )
        )

    def follows_speech_verb(self, place: int, mention: Mention) -> bool:
        return follows_speech_verb(self.passages[place].text, mention.name_start)

    def _title_before_verb(self, place: int, mention: Mention) -> str:
        found = SPEECH_VERB_AFTER.match(self.passages[place].text, mention.end)
        title = found["title"] if found and found["title"] else ""
        return title if is_title(title) else ""

    def _title_of(self, person: _Person) -> str:
        """Return the first title in the text, preferably one of several words."""
        titles = person.titles + [words for words in person.descriptors if is_printed_title(words)]
        return next((title for title in titles if " " in title), titles[0] if titles else "")

    def _first_named(self, person: _Person) -> tuple[bool, int, int]:
        running = [spot for spot in person.found if self.passages[spot[0]].running]
        return (not running, *min(running or person.found))

    def _suggestion(self, person: _Person) -> PersonSuggestion:
        title = self._title_of(person) if person.speaker else ""
        descriptor = next((words for words in person.descriptors if words != title), "")
        _, place, start = self._first_named(person)
        return PersonSuggestion(
            name=person.name,
            also=tuple(form for form in person.forms if form != person.name),
            count=len(person.found),
            speaker=person.speaker,
            title=title,
            descriptor="" if person.speaker and title else descriptor,
            context=_snippet(self.passages[place].text, start),
        )


def _keep(kept: list[str], *descriptions: str) -> None:
    """Append the descriptions that are new, up to the maximum."""
    for words in descriptions:
        if words and words not in kept and len(kept) < _MAX_DESCRIPTIONS:
            kept.append(words)


@lru_cache(maxsize=65_536)
def _fold(word: str, in_capitals: bool = False) -> str:
    """Return a word without accents, for comparison. If `in_capitals`, case is ignored too."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return plain.casefold() if in_capitals else plain


def _index(words: list[str], in_capitals: bool) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for number, word in enumerate(words):
        index.setdefault(_fold(word, in_capitals), []).append(number)
    return index


def _limited(passages: Sequence[Passage], most: int) -> list[Passage]:
    kept: list[Passage] = []
    for passage in passages:
        kept.append(
            passage if most >= len(passage.text) else Passage(passage.text[:most], passage.running)
        )
        most = max(0, most - len(passage.text))
    return kept


def _snippet(text: str, start: int, around: int = 60) -> str:
    first, last = max(0, start - around), min(len(text), start + around + 20)
    if first:
        blank = re.compile("[ \n]").search(text, first, start)
        first = blank.end() if blank else first
    if last < len(text):
        cut = max(text.rfind(" ", start, last), text.rfind("\n", start, last))
        last = cut if cut > start else last
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return before + " ".join(text[first:last].split()) + after
