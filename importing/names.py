"""People named in a text, found by the words around their names; no list of names, no model.

A run of capitalised words is believed to be somebody when what stands beside it says so: a role or
a title before it (“human rights lawyer”), one after it (“…, Head of Campaigns, …”), a verb of
saying, something that is done only to people, or the place in a list of people. Whatever is found
is a suggestion.
"""

import re
import sys
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from importing.rules import Rule
from importing.understood import PersonSuggestion
from importing.vocabulary import (
    ABBREVIATIONS,
    CONNECTORS,
    DEMONYMS,
    DONE_OF_PEOPLE,
    DONE_TO_PEOPLE,
    FUNCTION_WORDS,
    HONORIFICS,
    INSTITUTION_WORDS,
    MONTHS,
    MONTHS_OR_NAMES,
    PARTICLES,
    PLACES,
    ROLES,
    SPEECH_VERBS,
    SPEECH_VERBS_BESIDE_A_QUOTE,
    SUFFIXES,
    SURNAMES_TOO,
    TITLE_BEGINNINGS,
    WEEKDAYS,
)

# People are looked for in so many characters; no release is longer.
MAX_TEXT_FOR_NAMES = 100_000
PERSON = "§"  # stands for a name in what the rules look at
_MAX_BEFORE, _MAX_AFTER = 900, 250  # characters beside a name that are looked at
_MAX_DESCRIPTIONS = 20  # titles and descriptions that are kept of one person

_UPPER = "".join(c for c in map(chr, range(0x41, 0x2000)) if c.isupper() and c not in "^]\\-")
_LETTER = r"[^\W\d_]"
_TOKEN = re.compile(
    rf"(?<!\w)(?:(?:[{_UPPER}]\.)+"
    rf"|(?:(?:al|el|ul|as|ash|ad|an|ar|bin|ibn)[-‑’'])?[{_UPPER}]{_LETTER}*+(?:[-‑’']{_LETTER}++)*+)"
)
_POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:;•|*]|[–—]\s|[“\"‘'(\[])\s*[“\"‘'(\[]*$|\n\s*$")
_IN_BRACKETS = r"(?:\s\([^()\n]{1,40}\))?"
_TITLE = r"[^“”\"‘;:()\n]{2,160}?"
_APPOSITION = re.compile(
    rf"{_IN_BRACKETS},\s(?P<title>(?:[^“”\",;:.()\n]|(?<=[A-Z])\.)+)(?P<end>\.?)"
)
_SPEECH_VERB_AFTER = re.compile(
    rf"{_IN_BRACKETS}(?:,\s(?P<title>{_TITLE}),)?\s"
    rf"(?:(?:has|have|had|also|later|today|then|further|recently|a|ha|hat)\s)*(?P<verb>[^\W\d_]+)"
)
_STATEMENT = re.compile(
    r"(?:\s\([^()]{1,40}\))?(?:,[^.,;:!?]{2,160},)?(?:\s\w+){0,3}?\s(?:made|issued|released|gave"
    r"|delivered|offered|makes|issues|releases)\s(?:the|this)\sfollowing\s(?:\w+\s){0,2}"
    r"(?:statement|remarks?|comments?|reaction)\b"
)
_POSSESSIVE_STATEMENT = re.compile(
    r"['’]s? (?:full |public |joint |own )?(?:statement|remarks?|comments?|reaction)\b", re.I
)
_SOMEBODY_AFTER = re.compile(
    r"(?:,? who(?:m|se)?\b|,? (?:aged )?\d{1,2}(?=[,)])|\s\((?:aged )?\d{1,3}[,)]"
    r"|\s\([DRI][-–][A-Z])"
)
_TO_BE = re.compile(
    r" (?:to be|as|for the rank of|has been appointed|was appointed) ((?:[\w-]+ ){0,3}[\w-]+)"
)
_LIST_BETWEEN = re.compile(rf"{_IN_BRACKETS}(?:,|;|,? (?:and|or|&|y|et|und|e))?\s+$")
_LIST_OPENS = re.compile(r"(?:,? such as|,? including|,? namely|:|\s?\()\s*$")
_WORD_BEGINS = re.compile(r"(?<!\w)\w++")
_QUOTE_NEAR = re.compile(r"[“”\"«»:]")
_MADE_BY = re.compile(
    r"\b(?:founded|created|written|authored|led|chaired|headed|sponsored|introduced|directed"
    r"|edited|signed|maintained|proposed|drafted|fondée?s?|créée?s?|dirigée?s?|fundad[oa]s?"
    r"|cread[oa]s?|criad[oa]s?|dirigid[oa]s?|gegründet|ιδρύθηκε|основан[аоы]?|создан[аоы]?)\s"
    r"(?:\w+\s){0,4}?(?:by|par|por|pelo|pela|von|από(?:\sτον|\sτην)?)\s§"
)
_MET = re.compile(
    r"\b(?:(?:thank|congratulate|commend|praise|nominate|appoint|elect|succeed|interview)(?:s|e?d)?"
    r"|thanking|congratulating|commending|praising|nominating|appointing"
    r"|(?:meets?|met|meeting|meetings|spoke|speak|speaks) with|(?:accompanied|joined|succeeded) by"
    r")\s§"
)
_IS_A = re.compile(
    r" (?:is|was|are|were|became|remains) ((?:an?|the|one of the|both)? ?(?:[a-z][\w-]+ ?){1,4})"
)
_DONE_TO_PERSON = re.compile(
    r"§ (?:was|were|is|has been|have been|had been) (?:\w+ly )?(?:abducted|arrested|assassinated"
    r"|convicted|deported|detained|imprisoned|jailed|kidnapped|murdered|sentenced|tortured)\b"
)
_AGAINST = re.compile(
    r"\b(?:verdict|charges?|indictment|prosecution|proceedings|sentence|trial)s?\s"
    r"(?:of\s\w+\s)?against\s§"
)
_CONTACT = re.compile(
    r"\b(?:contacts?|enquiries|inquiries|interviews?|information)(?:\sdetails)?[^.:;§\n]{0,40}"
    r"(?::\s*|\bcontact:?\s)§|\b[Cc]ontact:?\s§",
    re.I,
)
_REACHED = re.compile(
    r"§(?:,|:|;|\sat|\son)?\s(?:at\s|on\s)?\(?(?:(?:tel|phone|mobile|cell|email|e-mail)\b"
    r"|\+?\(?\d{2,4}\)?[ /.-]\d{2,4}[ /.-]?\d{2,4}|[\w.+-]{1,40}@)",
    re.I,
)
_ROLE_AND_COMMA = re.compile(
    r"\b(?:the|its|our|his|her|their|whose)\s(?:[\w’'-]+\s){0,6}?([\w-]+?)(?:-designate|-elect)?"
    r"(?:,\s|\s\()$"
)
_ORDINARY_WORD = re.compile(r"(?<![\w@./])[^\W\d_]++(?![@\d_]|\.\w)")  # no part of an address
_ENDS_AS_ROLE = re.compile(r"\w{3}(?<!kv)(?<!qv)(?<!qu)ist$")  # but the Lindqvists
_NEVER_IN_NAMES = frozenset(
    ["the", "and", "of", "for", "in", "on", "at", "by", "with", "from", "or", "as", "a", "to"]
)
# Styles that are names by themselves, and titles that a single name is hardly used without.
_STYLES = frozenset(("dalai lama", "panchen lama", "aga khan"))
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
_TIES = frozenset(["of", "for", "to", "on", "at", "de", "del", "du", "da", "do", "der", "für"])
_PLURAL_TITLES = frozenset(("sens", "reps", "messrs", "drs"))
_NOT_A_DESCRIPTION = frozenset(
    [
        "his",
        "her",
        "their",
        "its",
        "our",
        "my",
        "your",
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "who",
        "met",
        "meets",
        "visits",
        "visited",
        "meet",
        "joined",
    ]
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the text; in a title or a heading names are recognised, but none is found."""

    text: str
    running: bool = True


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a person is named in a passage, honorific included."""

    person: int
    start: int
    end: int
    name_start: int


@dataclass(slots=True)
class _Candidate:
    """A run of capitalised words that may be a name."""

    passage: int
    start: int
    end: int
    form: str
    words: list[str]
    shaky: bool
    addressed: bool
    descriptor: str = ""
    plural: bool = False
    certain: bool = False


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


class Phrases:
    """Phrases that are found in a text as whole words, however many there are."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}
        self._lengths: dict[str, list[int]] = {}

    def add(self, phrase: str, number: int) -> None:
        """Look for a phrase, and call it by a number; it may have several."""
        numbers = self._found.setdefault(phrase, [])
        if number not in numbers:
            numbers.append(number)
        lengths = self._lengths.setdefault(_first_word(phrase), [])
        if len(phrase) not in lengths:
            lengths.append(len(phrase))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield number, start and end of each place of a phrase, in their order."""
        for word in _WORD_BEGINS.finditer(text):
            start = word.start()
            for length in self._lengths.get(word[0], ()):
                end = start + length
                if not text[end : end + 1].isalnum() and text[end : end + 1] != "_":
                    for number in self._found.get(text[start:end], ()):
                        yield number, start, end


class People:
    """The people of a text, and where each is named."""

    def __init__(self, passages: Sequence[Passage], speakers: Sequence[str] = ()) -> None:
        """Look through the passages; `speakers` are names that something else already says."""
        self.passages = _limited(passages, MAX_TEXT_FOR_NAMES)
        self.mentions: list[list[Mention]] = [[] for _ in self.passages]
        self._people: list[_Person] = []
        self._by_name: dict[tuple[str, str], _Person] = {}
        self._parts: set[str] = set()  # first and last names, as they are compared
        self._forms, self._shouted = Phrases(), Phrases()
        self._ordinary = _ordinary_words(self.passages)
        candidates = [
            candidate
            for place, passage in enumerate(self.passages)
            if passage.running and not passage.text.isupper()
            for candidate in self._candidates(place, passage.text)
        ]
        for candidate in candidates:
            self._weigh(candidate)
        self._follow_lists(candidates)
        believed = [candidate for candidate in candidates if candidate.certain]
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
            shouted: (
                _index([person.last for person in self._people], shouted),
                _index([person.first for person in self._people], shouted),
            )
            for shouted in (False, True)
        }
        for place in range(len(self.passages)):
            self._name_all(place)
        self._describe(believed)

    def suggestions(self, speaking: Collection[str] = ()) -> tuple[PersonSuggestion, ...]:
        """Return everybody found, in the order in which the running text names them first.

        `speaking` are names of people who say a quotation.
        """
        for person in self._people:
            person.speaker |= person.name in speaking
        found = [person for person in self._people if person.found]
        return tuple(map(self._suggestion, sorted(found, key=self._first_named)))

    def described_from(self, place: int, mention: Mention) -> int:
        """Return where the words before a mention begin that say who it is."""
        return _before(self.passages[place].text, mention.name_start)[1]

    def attribution(self, place: int, mention: Mention) -> tuple[str, str]:
        """Return a speaker's full name, and the title that stands at this mention or anywhere."""
        person = self._people[mention.person]
        text = self.passages[place].text
        here = self._title_before_verb(place, mention) or _apposition(
            text[mention.end : mention.end + 250]
        )
        return person.name, here or self._title_of(person)

    # --- Finding ---

    def _candidates(self, place: int, text: str) -> Iterator[_Candidate]:
        for run in _runs(text):
            words = [text[start:end] for start, end in run]
            words[-1] = _POSSESSIVE.sub("", words[-1])
            first = 0
            if len(words) > 1 and _SENTENCE_BEGINS.search(text[max(0, run[0][0] - 5) : run[0][0]]):
                first = _lower(words[0]) in FUNCTION_WORDS or _lower(words[0]) in self._ordinary
            roles = [i for i in range(first, len(words) - 1) if is_role(words[i])]
            addressed = bool(roles)
            first = roles[-1] + 1 if roles else first
            first = _without_places(words, first)
            core = [word for word in words[first:] if _lower(word) not in SUFFIXES]
            shaky = _could_be_name(core, addressed)
            if shaky is None:
                continue
            start, end = run[first][0], run[-1][0] + len(words[-1])
            yield _Candidate(place, start, end, text[start:end], words[first:], shaky, addressed)

    def _weigh(self, candidate: _Candidate) -> None:
        """Decide by the words around a candidate whether it is somebody."""
        text = self.passages[candidate.passage].text
        candidate.descriptor, phrase = _before(text, candidate.start)
        described = phrase < candidate.start
        candidate.plural = _is_plural_role(_role_in(text[phrase : candidate.start]))
        if len(candidate.words) == 1:
            # “Senators Warner and Graham” are two people, “Scientists Submission” is nobody.
            listed = re.match(r",| and\b| &", text[candidate.end : candidate.end + 5])
            candidate.certain = candidate.addressed and described
            # “St. Petersburg” is a place.
            candidate.certain &= not re.search(r"\b[Ss]t\.? $", text[: candidate.start][-5:])
            candidate.certain &= not candidate.plural or bool(listed)
            return
        around = _around(text, candidate.start, candidate.end)
        words = [_lower(word) for word in candidate.words]
        strong = bool(
            any(rule.matches(around) for rule in STRONG)
            or (len(words) > 2 and words[-1] in SUFFIXES)
            or (len(words) > 2 and any(map(_is_initial, candidate.words)))
        )
        candidate.certain = strong or (
            not candidate.shaky
            and (candidate.form.casefold() in _STYLES or any(rule.matches(around) for rule in WEAK))
        )

    def _follow_lists(self, candidates: list[_Candidate]) -> None:
        """Believe what stands in a list with somebody: “lawyers A, B and C”."""
        for one, last in reversed(list(pairwise(candidates))):
            # “A, B and C were arrested”: what is true of the last is true of the others.
            if not last.certain or one.certain or one.shaky or one.passage != last.passage:
                continue
            between = self.passages[one.passage].text[one.end : last.start]
            several = len(one.words) > 1 and len(last.words) > 1 and not last.addressed
            if several and _LIST_BETWEEN.fullmatch(between):
                one.certain = True
        for one, next_one in pairwise(candidates):
            if not one.certain or next_one.certain or one.passage != next_one.passage:
                continue
            between = self.passages[one.passage].text[one.end : next_one.start]
            alone = len(next_one.words) == 1
            if not _LIST_BETWEEN.fullmatch(between) or (
                alone and not (one.plural and one.addressed)
            ):
                continue
            if next_one.shaky and not alone:
                continue
            next_one.certain = True
            next_one.plural, next_one.addressed = one.plural, one.addressed and one.plural
            if one.plural:
                next_one.descriptor = one.descriptor

    def _add(self, full: str, words: list[str]) -> None:
        core = [word for word in words if _lower(word) not in SUFFIXES] or words
        first, last = core[0], core[-1]
        if person := self._by_name.get((first, last)):
            person.forms.setdefault(full)
        else:
            self._add_person(_Person(full, first, last, {full: None}))

    def _add_person(self, person: _Person) -> None:
        self._people.append(person)
        self._by_name.setdefault((person.first, person.last), person)
        self._parts |= {_fold(person.first), _fold(person.last)}

    def _add_single(self, candidate: _Candidate) -> None:
        if _fold(candidate.words[0]) in self._parts:
            return
        name = candidate.form
        title = self.passages[candidate.passage].text[: candidate.start].split()[-1:]
        if title and _lower(title[0]) in _PART_OF_NAME:
            name = f"{title[0]} {name}"
        self._add_person(_Person(name, name, candidate.form, {name: None}))

    # --- Naming: every form of a name that was found ---

    def _look_for(self, form: str, number: int) -> None:
        if " " in form:
            self._forms.add(form, number)
            self._shouted.add(form.upper(), number)

    def _name_all(self, place: int) -> None:
        text = self.passages[place].text
        shouted = text.upper() == text
        taken = bytearray(len(text))
        found = (self._shouted if shouted else self._forms).find(text)
        # Who was found first has a place, and the longest form of the name.
        for number, start, end in sorted(found, key=lambda it: (it[0], it[1] - it[2], it[1])):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                self._mention(place, number, start, end)
        self._name_by_part(place, taken, shouted)
        self.mentions[place].sort(key=lambda mention: mention.start)

    def _name_by_part(self, place: int, taken: bytearray, shouted: bool) -> None:
        """Find surnames alone, and family names that come first (“Chen” for Chen Guangcheng)."""
        text = self.passages[place].text
        by_last, by_first = self._indexes[shouted]
        tokens = list(_TOKEN.finditer(text))
        for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
            if any(taken[token.start() : token.end()]):
                continue
            word = _POSSESSIVE.sub("", token[0])
            key = _fold(word, shouted)
            numbers = by_last.get(key) or by_first.get(key) or []
            if len(numbers) != 1 or (key not in by_last and _is_common(word)):
                continue
            addressed = (
                before is not None
                and text[before.end() : token.start()].strip(".") == " "
                and is_role(before[0])
            )
            if not shouted and not self._stands_alone(text, before, token, after, addressed):
                continue
            end = token.start() + len(word)
            self._mention(
                place, numbers[0], self._with_title(text, token.start()), end, token.start()
            )

    def _with_title(self, text: str, start: int) -> int:
        """Return where a form of a name begins whose title goes with it: “Mr Lammy”."""
        _, first = _before(text, start)
        title = text[first:start].split()
        if title and len(title) <= 3 and not _is_plural_role(title[-1]) and is_role(title[-1]):
            capitals = all(word[0].isupper() and not _POSSESSIVE.search(word) for word in title)
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
        """Whether a word is not part of a longer name, of somebody or something else."""
        possessive = bool(_POSSESSIVE.search(token[0]))
        if after and not possessive and text[token.end() : after.start()] == " ":
            return False
        if not before or addressed or text[before.end() : token.start()] not in (" ", ". "):
            return True
        word = _lower(before[0])
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

    # --- What the text says of them ---

    def _describe(self, believed: list[_Candidate]) -> None:
        in_list = {(c.passage, c.start): c.descriptor for c in believed if c.descriptor}
        for place, passage in enumerate(self.passages):
            for mention in self.mentions[place]:
                person = self._people[mention.person]
                text = passage.text
                before, _ = _before(text, mention.name_start)
                before = before or in_list.get((place, mention.name_start), "")
                after = _apposition(text[mention.end : mention.end + 250])
                if self._is_speaking(place, mention):
                    person.speaker = True
                    _keep(person.titles, after, self._title_before_verb(place, mention))
                if passage.running:
                    _keep(person.descriptors, before, after)

    def _is_speaking(self, place: int, mention: Mention) -> bool:
        text = self.passages[place].text
        return bool(
            _has_speech_verb(text, mention.end)
            or self._follows_speech_verb(place, mention)
            or _STATEMENT.match(text, mention.end)
            or (
                self.passages[place].running
                and _POSSESSIVE_STATEMENT.match(text, mention.end)
                and text.endswith(":")
            )
        )

    def _follows_speech_verb(self, place: int, mention: Mention) -> bool:
        return _follows_speech_verb(self.passages[place].text, mention.name_start)

    def _title_before_verb(self, place: int, mention: Mention) -> str:
        found = _SPEECH_VERB_AFTER.match(self.passages[place].text, mention.end)
        title = found["title"] if found and found["title"] else ""
        return title if _is_title(title) else ""

    def _title_of(self, person: _Person) -> str:
        """Return the first title that the text gives, one of more than a word if there is one."""
        titles = person.titles + [words for words in person.descriptors if _is_printed_title(words)]
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


def _around(text: str, start: int, end: int) -> str:
    """Return the words beside a name, with a sign in its place: what the rules look at."""
    before = text[max(0, start - _MAX_BEFORE) : start].replace(PERSON, " ")
    return before + PERSON + text[end : end + _MAX_AFTER].replace(PERSON, " ")


def _has_role_before(around: str) -> bool:
    at = around.index(PERSON)
    return _before(around, at)[1] < at


def _has_apposition(around: str) -> bool:
    return bool(_apposition(around.partition(PERSON)[2]))


def _speaks(around: str) -> bool:
    return _has_speech_verb(around, around.index(PERSON) + 1)


def _is_speaker_behind(around: str) -> bool:
    return _follows_speech_verb(around, around.index(PERSON))


def _becomes_something(around: str) -> bool:
    to_be = _TO_BE.match(around.partition(PERSON)[2])
    return bool(to_be and any(map(is_role, to_be[1].split())))


def _is_a_role(around: str) -> bool:
    found = _IS_A.match(around.partition(PERSON)[2])
    return bool(found and any(map(is_role, found[1].split())))


def _has_it_done(around: str) -> bool:
    word, other = _last_words(around.partition(PERSON)[0])
    return word in DONE_TO_PEOPLE or (word == "of" and other in DONE_OF_PEOPLE)


def _is_listed_first(around: str) -> bool:
    return _opens_list_of_people(around.partition(PERSON)[0])


def _is_named_behind_role(around: str) -> bool:
    """Whether “the minister-designate, §, …” stands there."""
    found = _ROLE_AND_COMMA.search(around.partition(PERSON)[0][-100:])
    return bool(found and is_role(found[1]) and around.partition(PERSON)[2][:1] in (",", ")", ":"))


# What makes a run of capitalised words somebody; the sign § stands for it.
STRONG = (
    Rule("a role before it", _has_role_before,
         ("human rights lawyer §", "China's Foreign Minister §", "Secretary of State §",
          "President of China, §", "Sen. §"),
         ("The visit to §", "a law of §", "We met §")),
    Rule("a role behind it", _has_apposition,
         ("§, Head of Campaigns, wrote", "§, a blind activist who was jailed"),
         ("§, which is a city", "§, and others")),
    Rule("it speaks", _speaks,
         ("§ said on Friday", "§, Director of Aid, told us", "“…”, § noted"),
         ("§ was closed", "§ noted a fall in prices")),
    Rule("said by it", _is_speaker_behind,
         ("“…”, said §", ", a déclaré §", ", sagte §"),
         ("on the way to §", "built by §")),
)  # fmt: skip
WEAK = (
    Rule("an age, a party or “who” behind it",
         lambda around: _SOMEBODY_AFTER.match(around.partition(PERSON)[2]),
         ("§, who was jailed", "§, 34, was freed", "§ (D-CT)", "§ (aged 12)"),
         ("§ (2012)", "§, which", "§ was built")),
    Rule("it is made something", _becomes_something,
         ("§ to be a judge", "§ was appointed as its first director", "§ as ambassador"),
         ("§ to be built", "§ as usual")),
    Rule("done to people alone", _has_it_done,
         ("They arrested §", "the death of §", "supporters of §"),
         ("They built §", "the length of §")),
    Rule("it opens a list of people", _is_listed_first,
         ("lawyers such as §", "four activists: §"),
         ("cities such as §", "two things: §")),
    Rule("made by it", _MADE_BY.search,
         ("a project founded in 1993 by §", "fondé en 1993 par §", "fundado por §", "led by §"),
         ("closed by §", "the road by §", "founded by the §")),
    Rule("it is a role", _is_a_role,
         ("§ is a human rights lawyer", "§ was one of the founders",
          "§ were prisoners of conscience"),
         ("§ is a city", "§ was a success", "§ is an operating system")),
    Rule("done to it", _DONE_TO_PERSON.search,
         ("§ was arrested in May", "§ has been sentenced to death", "§ were unlawfully detained"),
         ("§ was released in May", "§ was built", "§ was charged extra")),
    Rule("a court against it", _AGAINST.search,
         ("the verdict against §", "charges of fraud against §"),
         ("a campaign against §", "the verdict against the §")),
    Rule("met or thanked", _MET.search,
         ("We thank §", "The minister met with §", "accompanied by §", "She congratulated §"),
         ("We visited §", "We met in §")),
    Rule("a contact", lambda around: _CONTACT.search(around) or _REACHED.search(around),
         ("Contact: §", "For interviews contact §", "§, 202/228-3630;", "§ (ana@example.org)",
          "Media enquiries: §", "§, tel. +44 20 7413 5566"),
         ("§, 12 May", "Contact us at §", "§ 2012")),
    Rule("named behind its role", _is_named_behind_role,
         ("urge the Prime Minister-designate, §, to", "its director, §, wrote",
          "the group's lawyer (§)"),
         ("the city, §, was", "the minister, § and")),
)  # fmt: skip


def is_role(word: str) -> bool:
    """Whether a word says who somebody is: a post, a calling, a form of address."""
    word = _POSSESSIVE.sub("", _lower(word)).strip("().-–—“\"'‘[")
    return _singular_role(word) or _is_plural_role(word)


def _singular_role(word: str) -> bool:
    return (
        word in ROLES
        or any(part in ROLES for part in word.split("-")[:1] + word.split("-")[-1:])
        or bool(_ENDS_AS_ROLE.search(word) and word not in DEMONYMS)
    )


def _is_plural_role(word: str) -> bool:
    word = _lower(word).strip(".")
    if word in _PLURAL_TITLES:
        return True
    if word.endswith("men"):
        return word[:-2] + "an" in ROLES
    if word.endswith("ies"):
        return word[:-3] + "y" in ROLES
    return word.endswith("s") and word not in ROLES and _singular_role(word[:-1])


def _lower(word: str) -> str:
    return word.casefold().replace("’", "'").rstrip(".")


def _is_common(word: str) -> bool:
    """Whether a word is a place, a month or an institution before it is a name."""
    if _is_initial(word):
        return False
    word = _lower(word)
    return (
        word in INSTITUTION_WORDS
        or word in PLACES
        or word in DEMONYMS
        or (word in MONTHS and word not in MONTHS_OR_NAMES)
        or word in WEEKDAYS
        or word in FUNCTION_WORDS
    )


def _is_initial(word: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]\.", word))


def _is_acronym(word: str) -> bool:
    letters = word.replace(".", "")
    return len(letters) > 1 and letters.isupper() and (len(letters) < 6 or "." in word)


def _runs(text: str) -> Iterator[list[tuple[int, int]]]:
    """Yield runs of capitalised words that stand side by side."""
    run: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if text[end : end + 1] == "." and _lower(match[0]) in ABBREVIATIONS:
            end += 1
        if run:
            between = text[run[-1][1] : start]
            ended = _POSSESSIVE.search(text[run[-1][0] : run[-1][1]])
            suffix = between == ", " and _lower(text[start:end]) in SUFFIXES
            joined = (
                between in (" ", "\xa0")
                or suffix
                or (
                    between[:1] == between[-1:] == " "
                    and 0 < len(between.split()) <= 3
                    and all(word in PARTICLES for word in between.split())
                )
            )
            if ended or not joined:
                yield run
                run = []
        if match[0].casefold() in _NEVER_IN_NAMES:
            if run:
                yield run
            run = []
            continue
        run.append((start, end))
    if run:
        yield run


def _without_places(words: list[str], first: int) -> int:
    """Return where a name can begin: after the places and institutions that a run opens with."""
    common = [place for place in range(first, len(words) - 2) if _is_common(words[place])]
    if common:
        first = common[-1] + 1
    while first < len(words):
        if lengths := [n for n in (3, 2) if _lower(" ".join(words[first : first + n])) in PLACES]:
            first += lengths[0]
        elif _is_common(words[first]) or _is_acronym(words[first]):
            first += 1
        else:
            break
    return first


def _could_be_name(words: list[str], addressed: bool) -> bool | None:
    """Return whether a name is shaky (its last word is a common noun), or None for no name."""
    full = [word for word in words if not re.fullmatch(r"(?:[^\W\d_]\.)+", word)]
    if not 0 < len(words) <= 5 or len(full) < min(len(words), 2) or len(words[0]) < 2:
        return None
    if any(word.isupper() and not _is_initial(word) and not addressed for word in words):
        return None
    if any(map(_is_common, words[:-1])) or all(map(is_role, words)):
        return None
    if _lower(" ".join(words[-2:])) in PLACES or (is_role(words[0]) and len(words) == 1):
        return None
    if _is_common(words[-1]):
        believable = _lower(words[-1]) in SURNAMES_TOO or _lower(words[-1]) in MONTHS
        return True if believable and len(words) > 1 else None
    if is_role(words[-1]) and any(_lower(word) in TITLE_BEGINNINGS for word in words):
        return None
    return is_role(words[-1])


def _before(text: str, start: int) -> tuple[str, int]:
    """Return the words right before a name that say who it is, and where the phrase begins.

    “China's Foreign Minister Wang Yi”, “Secretary of State Colin Powell”, “President of China,
    Hu Jintao”: the role stands last, or what it is the role of stands between it and the name.
    """
    near = list(_words_before(text, start))
    words = [word for word, _ in near]
    role = 0
    if not (words and is_role(words[0]) and not re.search(r"(?:,|['’]s?)$", words[0])):
        while role < len(words) and _is_scope(words[role]):
            role += 1
        scope = words[:role]
        if role == len(words) or not any(word[0].isupper() for word in scope):
            return "", start
        if not is_role(words[role]) or _lower(scope[-1]) not in _TIES:
            return "", start
    last = role + 1
    while last < len(words) and _describes(words[last], words[last - 1]):
        last += 1
    while last and _lower(words[last - 1]) in _NOT_A_DESCRIPTION:
        last -= 1
    phrase = [word.rstrip(",") for word in reversed(words[:last])]
    if all(_lower(word) in HONORIFICS or _lower(word) in _PLURAL_TITLES for word in phrase):
        phrase = []
    return " ".join(phrase), near[last - 1][1] if last else start


def _words_before(text: str, end: int) -> Iterator[tuple[str, int]]:
    """Yield the words before a place, the nearest first, up to the edge of the clause."""
    first = end
    for number in range(14):
        match = re.search(r"(\S+)[ \xa0]$", text[max(0, first - 60) : first])
        if not match:
            return
        word = match[1]
        first -= len(match[0])
        bare = (
            word.lstrip("“\"‘'[-–—")
            if word.startswith("(") and _is_acronym(word.strip("()"))
            else word.lstrip("“\"‘'([-–—")
        )
        over_comma = number == 0 and word.endswith(",")
        if not bare or (bare[-1] in ',;:!?”"]' and not over_comma):
            return
        if (bare[-1] == ")" and not bare.startswith("(")) or (
            bare[-1] == "." and not _is_abbreviated(bare)
        ):
            return
        yield bare, first + len(word) - len(bare)
        if bare != word:
            return


def _is_scope(word: str) -> bool:
    """Whether a word can stand between a role and a name: “of the Senate Committee”."""
    return not is_role(word) and (word[0].isupper() or word[0] == "(" or _lower(word) in CONNECTORS)


def _describes(word: str, next_word: str) -> bool:
    """Whether a word before a role belongs to it: “human rights lawyer”, not “met the lawyer”."""
    lower = _lower(word)
    if _is_acronym(word) or lower in ("former", "then", "late", "acting", "outgoing"):
        return True
    if lower in DONE_TO_PEOPLE:
        return lower.endswith("ed") and next_word[0].islower()
    if lower in CONNECTORS or lower in FUNCTION_WORDS or word in SPEECH_VERBS:
        return False
    return (
        word[0].isupper()
        or lower in _NOT_A_DESCRIPTION
        or next_word[0].islower()
        or (next_word[0].isupper() and "-" in word)
    )


def _is_abbreviated(word: str) -> bool:
    return _lower(word) in ABBREVIATIONS or bool(re.fullmatch(r"\W?(?:[^\W\d_]\.)+", word))


def _role_in(descriptor: str) -> str:
    return next((word for word in reversed(descriptor.split()) if is_role(word)), "")


def _apposition(after: str) -> str:
    """Return the role that follows a name between commas: “…, a blind activist who …”."""
    match = _APPOSITION.match(after)
    if not match or (match["end"] and _is_abbreviated(match["title"].split()[-1] + ".")):
        return ""
    title = re.split(
        r"\s(?:who|whose|whom|which|that|where|when|while|said|says|que|qui|quien)\b",
        match["title"],
    )[0]
    words = title.split()
    if not words or len(words) > 16 or not _is_title(title):
        return ""
    for place, word in enumerate(words):
        if is_role(word) and not (place == 0 and _lower(word) in HONORIFICS):
            rest = words[place + 1 : place + 2]
            if rest and (is_role(rest[0]) or _lower(rest[0]) in TITLE_BEGINNINGS):
                continue
            # A name after the role is the one that the role belongs to.
            if (
                rest
                and rest[0][0].isupper()
                and not _is_common(rest[0])
                and not _is_acronym(rest[0])
            ):
                return ""
            return title.strip() if re.search(r"\b[A-Z]\.[A-Z]\.$", title) else title.strip(" .")
    return ""


def _is_title(title: str) -> bool:
    words = title.split()
    if not words or len(words) > 20:
        return False
    first = _lower(words[0])
    if first in ("a", "an", "the", "our", "its", "former", "one"):
        return any(map(is_role, words[:8]))
    return first not in FUNCTION_WORDS and (
        words[0][0].isupper() or is_role(words[0]) or is_role(words[-1])
    )


def _is_printed_title(words: str) -> bool:
    """Whether words before a name are capitalised as a title, and not just Mr or Ms."""
    return not _is_plural_role(_role_in(words)) and all(
        word[0].isupper() or _lower(word) in CONNECTORS or not word[0].isalpha()
        for word in words.split()
    )


def _has_speech_verb(text: str, end: int) -> bool:
    """Whether the name that ends at a place is the subject of a verb of saying."""
    match = _SPEECH_VERB_AFTER.match(text, end)
    if not match or (match["title"] and not _is_title(match["title"])):
        return False
    verb = match["verb"].casefold()
    near = text[max(0, end - 150) : match.end() + 40]
    return verb in SPEECH_VERBS or (
        verb in SPEECH_VERBS_BESIDE_A_QUOTE and bool(_QUOTE_NEAR.search(near))
    )


def _follows_speech_verb(text: str, start: int) -> bool:
    _, first = _before(text, start)
    words = text[max(0, first - 40) : first].split()
    verb = words[-1].strip(',”"') if words else ""
    if verb in SPEECH_VERBS:
        return True
    near = text[max(0, first - 60) : first]
    return verb in SPEECH_VERBS_BESIDE_A_QUOTE and bool(_QUOTE_NEAR.search(near))


def _last_words(before: str) -> tuple[str, str]:
    words = [_lower(word) for word in before[-60:].split()]
    return (words[-1] if words else ""), (words[-2] if len(words) > 1 else "")


def _opens_list_of_people(before: str) -> bool:
    before = before[-80:]
    opening = _LIST_OPENS.search(before)
    words = before[: opening.start()].split() if opening else []
    return bool(words) and _is_plural_role(words[-1].strip(","))


def _first_word(text: str) -> str:
    found = _WORD_BEGINS.search(text)
    return found[0] if found else ""


def _keep(kept: list[str], *words: str) -> None:
    """Add what says something new, as long as there is not much of it."""
    for each in words:
        if each and each not in kept and len(kept) < _MAX_DESCRIPTIONS:
            kept.append(each)


@lru_cache(maxsize=65_536)
def _fold(word: str, shouted: bool = False) -> str:
    """Return a word as names are compared: accents do not count, capitals do unless all are."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return plain.casefold() if shouted else plain


def _index(words: list[str], shouted: bool) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for number, word in enumerate(words):
        index.setdefault(_fold(word, shouted), []).append(number)
    return index


def _ordinary_words(passages: Sequence[Passage]) -> frozenset[str]:
    """Return the words that the text also writes small: at a sentence's start they are no names."""
    return frozenset(
        sys.intern(word)
        for passage in passages
        for word in _ORDINARY_WORD.findall(passage.text)
        if word.islower()
    )


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
