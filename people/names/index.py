"""Who is named in a text, of thousands of known people, and where.

A dictionary holds the letters of every name, its parts run together, in every order that is
looked for. Runs of neighbouring words are looked up in it, run together in the same way; where a
script writes no spaces, pieces of a run are. What stands between words is never compared. No
automaton and no model: a text of a thousand words is some thousands of lookups.
"""

import re
import threading
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar
from uuid import UUID

from rapidfuzz import fuzz, process

from people.names.forms import (
    ARTICLES,
    MAX_UNKNOWN,
    MAX_WORDS,
    SUFFIXES,
    TITLES,
    Form,
    Parts,
    is_full_name,
    orders_of,
    parts_of,
    shortened,
    spellings_of,
    unspaced_letters,
    unspaced_parts,
    without_articles,
)
from people.names.normalise import PREFIXES, Word, first_letter, key, words

ALIKE = 85  # of 100: from here on, two spellings are shown to an editor as perhaps the same
MIN_PART_LENGTH = 2  # letters of a name that may stand alone, in scripts with spaces
MAX_PARTS = 3  # words of a name that may stand for it
MAX_RUN = 24  # letters of a name in a script without spaces
MAX_SHARING = 5_000  # names with one word in common: more, and it is no hint
MAX_INITIALS = 4
MAX_REMEMBERED = 8  # texts whose names are remembered
BEGINNING = 7  # letters by which it is known whether any name begins so
MAX_TYPED = 200  # characters of a search
MAX_BETWEEN = 40  # characters between two parts of one name
MIN_PREFIXED = 3
# “of”, “the”, “that” as French, Italian and Catalan write them to a name.
_ELIDED = frozenset(
    [
        "c",
        "d",
        "j",
        "l",
        "m",
        "n",
        "s",
        "t",
        "qu",
        "jusqu",
        "lorsqu",
        "puisqu",
        "quoiqu",
        "all",
        "dall",
        "dell",
        "nell",
        "sull",
    ]
)
_SENTENCE_END = re.compile(r"[.!?。！？؟।](?:[\"”’»)\]]*)\s")
_LIST_OR_END = re.compile(r"[;!?；。！？]")
_COMMA = re.compile("[,，、]")
MIN_ACROSS_COMMA = 3  # letters of a name in a script without spaces that a comma may part


class Name(NamedTuple):
    """A recorded name, and how it is looked for.

    `full_only`: only if it is a full name. `exact`: exactly as it is written, too. Neither: for
    suggestions alone.
    """

    text: str
    protects: bool = True
    exact: bool = False
    suggests: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A name in a text: whose, as recorded, in which form, from where to where."""

    person: UUID
    name: str
    form: Form
    start: int
    end: int
    surface: str
    is_protection: bool = True  # the record asks to look for it in public texts
    is_suggestion: bool = True  # and to offer it to editors

    @property
    def blocks(self) -> bool:
        return self.form.blocks


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a text: the paragraph, from where to where, and everybody who may be meant.

    Not `whole`: one part of a name that stands in full somewhere before.
    """

    paragraph: int
    start: int
    end: int
    surface: str
    people: frozenset[UUID]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Entry:
    """One way to write a recorded name.

    `initials` stand beside its parts; `middles` are the first letters of parts that this way
    leaves out; `is_cut`: it leaves out the last part. `short`: none of its parts has more than
    three letters. `full`: it is a full name.
    """

    person: UUID
    name: Name
    turned: bool
    initials: str
    middles: str = ""
    short: bool = False
    is_cut: bool = False
    nickname: bool = False
    full: bool = True
    needs_gap: bool = False

    def match(self, form: Form, text: str, start: int, end: int) -> Match:
        """Return where it stands in a text."""
        return Match(
            self.person, self.name.text, form, start, end, text[start:end],
            self.full and self.name.protects, self.name.suggests,
        )  # fmt: skip


P = ParamSpec("P")
T = TypeVar("T")


def _whole(
    method: "Callable[Concatenate[NameIndex, P], T]",
) -> "Callable[Concatenate[NameIndex, P], T]":
    """Let a method see the index whole, never in the middle of a change by another thread."""

    @wraps(method)
    def locked(self: "NameIndex", *args: P.args, **kwargs: P.kwargs) -> T:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class NameIndex:
    """Every way to write the names of some people.

    Threads share it. Hold `lock` over several changes that belong together.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._ways: dict[str, tuple[_Entry, ...]] = {}
        self._last_names: dict[str, tuple[_Entry, ...]] = {}
        self._exact: dict[UUID, tuple[Name, ...]] = {}
        self._of: dict[UUID, list[tuple[dict[str, tuple[_Entry, ...]], str]]] = {}
        self._parts: dict[UUID, frozenset[str]] = {}
        self._searched: dict[UUID, tuple[str, ...]] = {}  # names as a search compares them
        self._spaced: dict[UUID, tuple[str, ...]] = {}
        self._bearers: dict[str, set[UUID]] = {}
        self._with: dict[str, set[str]] = {}  # spaced names by each word of theirs
        self._first_words: dict[str, int] = {}
        self._last_words: dict[str, int] = {}
        self._beginnings: Counter[str] = Counter()  # of every way, to give up early
        self._max_run = 1
        self._changes = 0  # counted before and after each, so that none is overlooked midway
        self._matched: dict[tuple[int, str], list[Match]] = {}

    def __len__(self) -> int:
        return len(self._of)

    # --- Adding and removing -------------------------------------------------------------------

    @_whole
    def add(self, person: UUID, names: Iterable[Name | str]) -> None:
        """Know a person by these names, and by no others."""
        self.remove(person)
        self._changes += 1
        stored: list[tuple[dict[str, tuple[_Entry, ...]], str]] = []
        exact: list[Name] = []
        parts: set[str] = set()
        spaced: list[str] = []
        searched: list[str] = []
        for each in dict.fromkeys(names):
            name = each if isinstance(each, Name) else Name(each)
            searched.append(_to_search(name.text))
            if not (name.protects or name.exact or name.suggests):
                continue
            if name.exact and not is_full_name(name.text) and words(name.text):
                exact.append(name)
            for table, way, entry in self._entries(person, name):
                if entry not in table.get(way, ()):
                    table[way] = (*table.get(way, ()), entry)
                    stored.append((table, way))
                    self._beginnings[way[:BEGINNING]] += 1
            found = parts_of(name.text)
            parts.update(_parts_alone(found))
            if name.suggests and len(found.parts) > 1:
                spaced.append(" ".join(word for part in found.parts for word in part))
            if found.parts:
                first = found.parts[0][0]
                self._first_words[first] = self._first_words.get(first, 0) + 1
                last = found.parts[-1][-1]
                self._last_words[last] = self._last_words.get(last, 0) + 1
        self._of[person] = stored
        self._searched[person] = tuple(searched)
        self._parts[person] = frozenset(parts)
        self._spaced[person] = tuple(dict.fromkeys(spaced))
        for way in self._spaced[person]:
            self._bearers.setdefault(way, set()).add(person)
            for word in way.split(" "):
                self._with.setdefault(word, set()).add(way)
        if exact:
            self._exact[person] = tuple(exact)
        self._changed()

    @_whole
    def remove(self, person: UUID) -> None:
        """Know a person no longer."""
        self._changes += 1
        for table, way in self._of.pop(person, ()):
            self._beginnings[way[:BEGINNING]] -= 1
            if not self._beginnings[way[:BEGINNING]]:
                del self._beginnings[way[:BEGINNING]]
            left = tuple(entry for entry in table.get(way, ()) if entry.person != person)
            if left:
                table[way] = left
            else:
                table.pop(way, None)
        self._parts.pop(person, None)
        self._searched.pop(person, None)
        self._exact.pop(person, None)
        for way in self._spaced.pop(person, ()):
            bearers = self._bearers.get(way, set())
            bearers.discard(person)
            if not bearers:
                self._bearers.pop(way, None)
                for word in way.split(" "):
                    if ways := self._with.get(word):
                        ways.discard(way)
                        if not ways:
                            del self._with[word]
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        self._matched = {}

    def _entries(
        self, person: UUID, name: Name
    ) -> Iterator[tuple[dict[str, tuple[_Entry, ...]], str, _Entry]]:
        """Yield every way to write a name, with the table in which it is looked up."""
        if unspaced_letters(name.text):
            parts = unspaced_parts(name.text)
            # Nothing says where the given name begins: turned round, something must stand between.
            unknown = len(parts) == 1 and len(parts[0]) <= MAX_UNKNOWN
            for order, turned in orders_of(tuple(parts[0]) if unknown else parts):
                way = "".join(order)
                if len(way) > 1:
                    self._max_run = min(max(self._max_run, len(way)), MAX_RUN)
                    entry = _Entry(person, name, turned, "", needs_gap=turned and unknown)
                    yield self._ways, way, entry
            return
        for spelling in spellings_of(name.text):
            yield from self._spaced_entries(person, name, parts_of(spelling))

    def _spaced_entries(
        self, person: UUID, name: Name, whole: Parts
    ) -> Iterator[tuple[dict[str, tuple[_Entry, ...]], str, _Entry]]:
        full = is_full_name(name.text)
        given = "".join(letter for _, letter in whole.initials)
        short = all(len(part) <= 3 for part in whole.letters)
        entry = _Entry(person, name, turned=False, initials=given, short=short, full=full)
        for parts in dict.fromkeys((whole, without_articles(whole))):
            if not parts.parts:
                continue
            for order, turned in orders_of(parts.letters):
                yield self._ways, "".join(order), replace(entry, turned=turned)
            # “O Brien” for “O’Brien”: the single letter reads as an initial.
            singles = "".join(w for part in parts.parts for w in part if len(w) == 1)
            if singles and len(parts.parts) > 1:
                apart = ("".join(w for w in part if len(w) > 1) for part in parts.parts)
                yield self._ways, "".join(apart), replace(entry, initials=singles)
            for left, middles in shortened(parts.letters):
                for order, turned in orders_of(left):
                    cut = replace(entry, turned=turned, middles=middles, short=False)
                    yield self._ways, "".join(order), cut
            if len(parts.parts) > 2:
                for order, turned in orders_of(parts.letters[:-1]):
                    cut = replace(entry, turned=turned, is_cut=True, short=False)
                    yield self._ways, "".join(order), cut
        if whole.nickname and whole.parts:
            way = "".join(whole.nickname) + whole.letters[-1]
            yield self._ways, way, replace(entry, initials="", nickname=True)
        last = whole.parts[-1] if whole.parts else ()
        if full and (len(last) == 1 or len(last[-1]) > 2):
            firsts = "".join(map(first_letter, whole.letters[:-1]))
            if whole.initials and whole.initials[0][0] == 0:
                firsts = given[0] + firsts
            elif given:
                firsts = firsts[0] + given + firsts[1:]
            yield self._last_names, last[-1], replace(entry, initials=firsts)

    # --- Finding -------------------------------------------------------------------------------

    @_whole
    def matches(self, text: str) -> list[Match]:
        """Return every name in a text that is looked for, in the order in which they stand.

        Namesakes are all there. A name that stands in full there is not also there in a lesser
        form. One action asks about the same text several times: the last ones are remembered, as
        long as nobody was added or removed.
        """
        asked = (self._changes, text)
        remembered = self._matched
        found = remembered.get(asked)
        if found is None:
            found = self._matches(text)
            if len(remembered) >= MAX_REMEMBERED:
                remembered.clear()
            remembered[asked] = found
        return list(found)

    def _matches(self, text: str) -> list[Match]:
        found = [match for match in self._all(text, words(text)) if match.is_protection]
        found += self._exactly(text)
        best: dict[tuple[UUID, int], Match] = {}
        for match in sorted(found, key=lambda match: (match.start, not match.blocks, -match.end)):
            if (match.person, match.start) not in best:
                best[match.person, match.start] = match
        blocked: dict[UUID, list[tuple[int, int]]] = {}
        for match in best.values():
            if match.blocks:
                blocked.setdefault(match.person, []).append((match.start, match.end))
        return [
            match
            for match in best.values()
            if match.blocks or not _overlaps(match, blocked.get(match.person, ()))
        ]

    @_whole
    def find(
        self, paragraphs: Sequence[str], *, without: Collection[UUID] = frozenset()
    ) -> list[Found]:
        """Return every name in a text for an editor to confirm; a part alone only behind the whole.

        People in `without` are as if they were not known.
        """
        found: list[Found] = []
        parts: dict[str, set[UUID]] = {}
        for number, paragraph in enumerate(paragraphs):
            there = words(paragraph)
            whole: dict[int, list[Match]] = {}
            for match in self._all(paragraph, there):
                if match.blocks and match.person not in without and match.is_suggestion:
                    whole.setdefault(match.start, []).append(match)
            end = 0
            starts: list[int] | None = None
            for place, word in enumerate(there):
                if word.unspaced or word.start < end:
                    # A name may begin inside a run of a script without spaces.
                    starts = starts if starts is not None else sorted(whole)
                    first = bisect_left(starts, max(word.start, end))
                    for start in starts[first : bisect_left(starts, word.end)]:
                        if start >= end:
                            name = self._longest(number, paragraph, whole[start])
                            found.append(name)
                            end = name.end
                    continue
                if matches := whole.get(word.start) or self._behind_prefix(word, whole):
                    name = self._longest(number, paragraph, matches)
                    found.append(name)
                    end = name.end
                    for person in name.people:
                        for part in self._parts.get(person, ()):
                            parts.setdefault(part, set()).add(person)
                elif alone := self._part(number, paragraph, there, place, parts):
                    found.append(alone)
                    end = alone.end
        return found

    @_whole
    def with_words(self, typed: str) -> set[UUID]:
        """Return those one of whose names has every word that was typed, or a part of it.

        For searches: `typed` may be part of a name. Order, accents and punctuation are forgiven.
        All names are compared, also those that are not looked for in texts.
        """
        wanted = _to_search(typed[:MAX_TYPED]).split()
        if not wanted:
            return set()
        return {
            person
            for person, names in self._searched.items()
            if any(all(word in name for word in wanted) for name in names)
        }

    @_whole
    def alike(self, name: str) -> set[UUID]:
        """Return those whose name is written nearly so: a hint, no more.

        They share one word with it that few others have. No threshold tells two people apart.
        """
        wanted = key(name)
        near: set[UUID] = set()
        for word in set(wanted.split(" ")):
            ways = self._with.get(word, set())
            if len(ways) <= MAX_SHARING:
                for alike in (fuzz.ratio, fuzz.token_sort_ratio):
                    for way, _, _ in process.extract(
                        wanted, tuple(ways), scorer=alike, score_cutoff=ALIKE, limit=None
                    ):
                        if sorted(way.split(" ")) != sorted(wanted.split(" ")) and (
                            abs(len(way) - len(wanted)) <= 3
                        ):
                            near.update(self._bearers.get(way, ()))
        return near

    @staticmethod
    def _longest(number: int, paragraph: str, matches: list[Match]) -> Found:
        end = max(match.end for match in matches)
        longest = [match for match in matches if match.end == end]
        start = longest[0].start
        people = frozenset(match.person for match in longest)
        return Found(number, start, end, paragraph[start:end], people)

    @staticmethod
    def _behind_prefix(word: Word, whole: dict[int, list[Match]]) -> list[Match]:
        if word.key[0] not in PREFIXES:
            return []
        return whole.get(word.start + 1) or whole.get(word.start + 2, [])

    def _part(
        self,
        number: int,
        paragraph: str,
        there: list[Word],
        place: int,
        parts: dict[str, set[UUID]],
    ) -> Found | None:
        """Return a part of a name that stands alone at a place."""
        run = ""
        found = None
        for word in there[place : place + MAX_PARTS]:
            if run and (not _is_close(word) or word.unspaced):
                break
            run += word.key
            if len(run) >= MIN_PART_LENGTH and run in parts and there[place].is_capital:
                surface = paragraph[there[place].start : word.end]
                found = Found(
                    number,
                    there[place].start,
                    word.end,
                    surface,
                    frozenset(parts[run]),
                    whole=False,
                )
        return found

    # --- The search itself ---------------------------------------------------------------------

    def _all(self, text: str, there: list[Word]) -> Iterator[Match]:
        place = 0
        while place < len(there):
            if there[place].unspaced:
                end = place + 1
                while end < len(there) and _continues_run(there[end]):
                    end += 1
                yield from self._in_run(text, there[place:end])
                place = end
                continue
            yield from self._from(text, there, place)
            yield from self._with_initials(text, there, place)
            place += 1

    def _from(self, text: str, there: list[Word], first: int) -> Iterator[Match]:
        """Yield the names that begin with a word."""
        start = there[first]
        if first and start.is_joined and there[first - 1].key not in _ELIDED:
            return  # the second half of “O’Neill” begins no name
        following = there[first + 1] if first + 1 < len(there) else None
        if start.is_initial and not (following and following.is_joined):
            return
        begins_rarely = start.key in self._first_words or start.alike in self._first_words
        run = _Run()
        may_go_on = begins_rarely or start.key[0] in PREFIXES
        used: list[Word] = []
        initials = ""
        count = 0
        crosses = False
        comma = 0
        for place in range(first, min(first + MAX_WORDS + MAX_INITIALS, len(there))):
            word = there[place]
            if place > first:
                if word.unspaced or len(word.before) > MAX_BETWEEN:
                    break
                previous = there[place - 1]
                if not comma and word.before.strip() in (",", "،", "，", "、"):
                    comma = len(used)
                crosses = crosses or _ends_sentence(previous, word)
            after = there[place + 1] if place + 1 < len(there) else None
            if (
                place > first
                and word.is_initial
                and not (word.is_joined or (after and after.is_joined))
            ):
                initials += word.letter
                continue
            count += 1
            if count > MAX_WORDS:
                break
            is_aside = place > first and (
                (word.quoted and not start.quoted)
                or word.key in TITLES
                or word.key in SUFFIXES
                or (after is not None and _is_before_title(word, after))
            )
            is_article = (
                place > first
                and after is not None
                and (word.key in ARTICLES or word.alike in ARTICLES)
            )
            run = run.plus(word, is_aside=is_aside, is_article=is_article)
            used.append(word)
            yield from self._look_up(text, there, first, place, run, used, initials, crosses)
            if not (may_go_on or (comma and len(used) < 6) or self._may_begin(run)):
                break
            if begins_rarely and 2 < len(used) < 6 and not crosses and word.key in self._last_words:
                yield from self._with_middle(text, used, initials)
            if comma:
                yield from self._behind_comma(text, used, comma)

    def _may_begin(self, run: "_Run") -> bool:
        """Whether a name may begin as some words do that were run together."""
        return any(
            len(way) < BEGINNING or way[:BEGINNING] in self._beginnings for way in run.ways()
        )

    def _behind_comma(self, text: str, used: list[Word], comma: int) -> Iterator[Match]:
        """Yield the names in directory order with one or two words before the first name.

        They are a title in whatever language: “Stockridge, advocate Emmett”.
        """
        for skipped in (1, 2):
            left = used[comma + skipped :]
            if not left:
                return
            way = "".join(word.key for word in (*used[:comma], *left))
            for entry in self._ways.get(way, ()):
                if not entry.is_cut and not entry.middles:
                    yield entry.match(Form.DIRECTORY, text, used[0].start, used[-1].end)

    def _look_up(
        self,
        text: str,
        there: list[Word],
        first: int,
        last: int,
        run: "_Run",
        used: list[Word],
        initials: str,
        crosses: bool,
    ) -> Iterator[Match]:
        ways = run.ways()
        start, end = there[first], there[last]
        for way in ways:
            for entry in self._ways.get(way, ()):
                if len(used) == 1 and not start.is_capital and not entry.full:
                    continue  # a name of one word, written as a word
                yield self._match(text, there, first, last, entry, used, initials, crosses)
        for cut in (1, 2):
            if start.key[cut - 1] not in PREFIXES or len(start.key) <= cut + MIN_PREFIXED - 1:
                break
            for way in ways:
                for entry in self._ways.get(way[cut:], ()):
                    form = _form(entry, initials, crosses, used)
                    yield entry.match(form, text, start.start + cut, end.end)

    @staticmethod
    def _match(
        text: str,
        there: list[Word],
        first: int,
        last: int,
        entry: _Entry,
        used: list[Word],
        initials: str,
        crosses: bool,
    ) -> Match:
        start, stop = there[first].start, there[last].end
        lead = _initials_before(there, first)
        trail = _initials_after(there, last) if entry.turned else ""
        form = _form(entry, lead + initials + trail, crosses, used)
        return entry.match(form, text, start, stop)

    def _with_middle(self, text: str, used: list[Word], initials: str) -> Iterator[Match]:
        """Yield the names with one or two middle names added, or an initial written out."""
        if initials or not all(word.is_capital for word in used[1:-1]):
            return
        for left in range(1, len(used) - 1):
            for right in range(left + 1, min(left + 3, len(used))):
                way = "".join(word.key for word in (*used[:left], *used[right:]))
                for entry in self._ways.get(way, ()):
                    if entry.turned or entry.middles or entry.nickname:
                        continue
                    added = "".join(word.letter for word in used[left:right])
                    if entry.initials and entry.initials != added:
                        continue
                    form = Form.INITIAL_WRITTEN_OUT if entry.initials else Form.MIDDLE_ADDED
                    yield entry.match(form, text, used[0].start, used[-1].end)

    def _with_initials(self, text: str, there: list[Word], place: int) -> Iterator[Match]:
        """Yield the last names to which only initials stand: “J. R. Smith”, “Smith, J.”."""
        word = there[place]
        if word.is_initial or word.key not in self._last_names:
            return
        before, opening = _initials_run(there, place)
        after, closing = _initials_behind(there, place)
        for letters, first, last in ((before, opening, place), (after, place, closing)):
            if not letters:
                continue
            for entry in self._last_names[word.key]:
                if entry.initials.startswith(letters) or letters.startswith(entry.initials):
                    start, end = there[first].start, there[last].end
                    yield entry.match(Form.SURNAME_WITH_INITIALS, text, start, end)

    def _in_run(self, text: str, run: list[Word]) -> Iterator[Match]:
        """Yield the names inside a run of a script without spaces, whatever stands between."""
        yield from self._in_letters(text, run)
        if (unquoted := [word for word in run if not word.quoted]) != run:
            yield from self._in_letters(text, unquoted)

    def _in_letters(self, text: str, run: list[Word]) -> Iterator[Match]:
        letters, places = "", []
        for word in run:
            for start, end, folded in _characters(text, word):
                letters += folded
                places += [(start, end)] * len(folded)
        start = 0
        while start < len(letters):
            for length in range(min(self._max_run, len(letters) - start), 1, -1):
                for entry in self._ways.get(letters[start : start + length], ()):
                    first, last = places[start][0], places[start + length - 1][1]
                    if not _fits(entry, text[first:last], length):
                        continue
                    yield entry.match(Form.FULL, text, first, last)
            start += 1

    def _exactly(self, text: str) -> Iterator[Match]:
        for person, names in self._exact.items():
            for name in names:
                for match in _exact_pattern(name.text).finditer(text):
                    start, end = match.span()
                    if not _is_inside_a_name(text, start, end):
                        yield Match(person, name.text, Form.EXACT, start, end, match[0])


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring words run together.

    All of them; without nicknames and titles; without articles as well; and as they look.
    """

    whole: str = ""
    plain: str = ""
    bare: str = ""
    alike: str = ""

    def plus(self, word: Word, *, is_aside: bool, is_article: bool) -> "_Run":
        alike = word.alike or word.key
        return _Run(
            self.whole + word.key,
            self.plain if is_aside else self.plain + word.key,
            self.bare if is_aside or is_article else self.bare + word.key,
            self.alike if is_aside else self.alike + alike,
        )

    def ways(self) -> tuple[str, ...]:
        if self.whole == self.bare == self.alike:
            return (self.whole,)
        return tuple(dict.fromkeys((self.whole, self.plain, self.bare, self.alike)))


def _to_search(text: str) -> str:
    """Return a name as searches compare it: decomposed, so that a part of a syllable is found."""
    return unicodedata.normalize("NFD", key(text).replace("'", ""))


def _form(entry: _Entry, initials: str, crosses: bool, used: list[Word]) -> Form:
    """Return in which form a name stands, by what stands beside its whole parts."""
    if crosses:
        return Form.ACROSS_SENTENCES
    if len(used) == 1 and _is_ordinary(used[0], entry):
        return Form.ONE_WORD
    if entry.short and not any(word.is_capital for word in used):
        return Form.ORDINARY_WORDS
    if entry.nickname:
        return Form.NICKNAME
    if entry.is_cut:
        return Form.LAST_PART_LEFT_OUT
    if entry.middles:
        if not initials:
            return Form.MIDDLE_LEFT_OUT
        alike = initials.startswith(entry.middles) or entry.middles.startswith(initials)
        return Form.MIDDLE_AS_INITIAL if alike else Form.OTHER_INITIAL
    if initials and entry.initials and not _agree(initials, entry.initials):
        return Form.OTHER_INITIAL
    if entry.turned:
        return Form.DIRECTORY
    return Form.FULL if initials == entry.initials else Form.INITIALS_DIFFER_IN_NUMBER


def _is_ordinary(word: Word, entry: _Entry) -> bool:
    """Whether one word in lower case only looks like a name of several parts run together."""
    return not word.is_capital and word.before[-1:] not in ("#", "@") and entry.full


def _agree(one: str, other: str) -> bool:
    """Whether the letters of the shorter stand in the longer in their order."""
    shorter, longer = sorted((one, other), key=len)
    rest = iter(longer)
    return all(letter in rest for letter in shorter)


def _initials_before(there: list[Word], place: int) -> str:
    """Return the initials with a full stop directly before a word: “J. Robert”."""
    found = ""
    while place and len(found) < MAX_INITIALS:
        word = there[place - 1]
        if not (word.is_initial and word.is_capital and there[place].before.startswith(".")):
            break
        if len(there[place].before) > 2:
            break
        found = word.letter + found
        place -= 1
    return found


def _initials_after(there: list[Word], place: int) -> str:
    """Return the capital initials directly after a word: “Smith, John R.”."""
    found = ""
    while place + 1 < len(there) and len(found) < MAX_INITIALS:
        word = there[place + 1]
        after = there[place + 2] if place + 2 < len(there) else None
        if not (word.is_initial and word.is_capital and word.before in (" ", ".", ". ")):
            break
        if after is not None and not after.before.startswith((".", ",", ";", ")")):
            break
        found += word.letter
        place += 1
    return found


def _initials_run(there: list[Word], place: int) -> tuple[str, int]:
    """Return the initials directly before a word and where they begin: “J. R. Smith”."""
    found, start = "", place
    while start and len(found) < MAX_INITIALS:
        word = there[start - 1]
        if not (word.is_capital and there[start].before in (" ", ".", ". ", "-", "\u00a0")):
            break
        if word.is_initial:
            found = word.letter + found
        elif not found and _are_initials(word) and there[start].before in (" ", "\u00a0"):
            return word.key, start - 1
        else:
            break
        start -= 1
    if start and found:  # “John R. Smith”: the first name stands before the initial
        before, gap = there[start - 1], there[start].before
        if before.is_capital and len(before.key) > 1 and gap in (" ", "\u00a0", "-"):
            return "", place
    return found, start


def _initials_behind(there: list[Word], place: int) -> tuple[str, int]:
    """Return the initials behind a last name and where they end: “Smith, J. R.”."""
    found, end = "", place
    while end + 1 < len(there) and len(found) < MAX_INITIALS:
        word = there[end + 1]
        first = word.before in (", ", ",", " ") if end == place else word.before in (" ", ".", ". ")
        if not (first and word.is_capital and word.is_initial):
            break
        after = there[end + 2] if end + 2 < len(there) else None
        if after is not None and not after.before.startswith((".", ",", ";", ")")):
            break
        found += word.letter
        end += 1
    return found, end


def _are_initials(word: Word) -> bool:
    return 2 <= len(word.key) <= 3 and word.end - word.start == len(word.key) and word.is_capital


def _ends_sentence(word: Word, following: Word) -> bool:
    """Whether a sentence, or an item of a list, ends between two words."""
    if re.search("[;!?。！？؟।…]", following.before):
        return True
    ends = _SENTENCE_END.match(following.before) is not None
    return ends and len(word.key) > 3 and word.key not in TITLES


def _fits(entry: _Entry, surface: str, length: int) -> bool:
    """Whether what stands between the letters of a name in a script without spaces allows it."""
    if length < MIN_ACROSS_COMMA and _COMMA.search(surface):
        return False
    return not entry.needs_gap or re.search(r"[^\w]", surface) is not None


def _is_before_title(word: Word, following: Word) -> bool:
    return word.key == "the" and following.key in TITLES


def _is_close(word: Word) -> bool:
    """Whether a word belongs to the one before it as a part of a name."""
    return re.fullmatch(r"[\s’'‐-―·-]{1,3}", word.before) is not None


def _continues_run(word: Word) -> bool:
    return (
        word.unspaced and len(word.before) <= MAX_BETWEEN and not _LIST_OR_END.search(word.before)
    )


def _parts_alone(parts: Parts) -> Iterator[str]:
    """Yield every run of words within a name that may stand for it, but the whole of it."""
    found = [word for part in parts.parts for word in part]
    for length in range(1, min(MAX_PARTS, len(found) - 1) + 1):
        for first in range(len(found) - length + 1):
            run = "".join(found[first : first + length])
            if len(run) >= MIN_PART_LENGTH:
                yield run


def _characters(text: str, word: Word) -> Iterator[tuple[int, int, str]]:
    """Yield the characters of a word of a script without spaces, as they are compared."""
    place = word.start
    while place < word.end:
        end = place + 1
        while end < word.end and _belongs_to_letter(text[end]):
            end += 1
        found = words(text[place:end])
        if found:
            yield place, end, found[0].key
        place = end


_APOSTROPHE = "['’‘ʼ]"


@lru_cache(maxsize=4096)
def _belongs_to_letter(char: str) -> bool:
    """Whether a character only changes the one before it: a mark, or a later part of Hangul."""
    return unicodedata.category(char) in ("Mn", "Mc", "Cf") or "\u1160" <= char <= "\u11ff"


@lru_cache(maxsize=4096)
def _exact_pattern(name: str) -> re.Pattern[str]:
    """Return what finds a name exactly as it is written; only apostrophes are forgiven."""
    before = r"(?<!\w)" if name[0].isalnum() else r"(?<!\S)"
    written = re.sub(_APOSTROPHE, _APOSTROPHE, re.escape(name))
    return re.compile(rf"{before}{written}(?!\w)")


_WORD_BEHIND = re.compile(r"[ \u00a0-]([^\W\d_]+)")


def _overlaps(match: Match, places: Sequence[tuple[int, int]]) -> bool:
    """Whether a match shares letters with one of some places, in the order of their starts."""
    last = bisect_left(places, (match.end, 0))
    near = places[max(last - MAX_WORDS, 0) : last]  # no name has more words, so none begins before
    return any(start < match.end and match.start < end for start, end in near)


def _is_inside_a_name(text: str, start: int, end: int) -> bool:
    """Whether capitalised words beside it make it a part of a longer name."""
    behind = _WORD_BEHIND.match(text, end)
    if behind and behind[1][0].isupper() and not (text[end - 1] == "." and len(behind[1]) > 8):
        return True
    before = re.search(r"([^\W\d_]+)\.?[ \u00a0-]$", text[max(start - 40, 0) : start])
    if not before or not before[1][0].isupper():
        return False
    place = max(start - 40, 0) + before.start()
    opens_sentence = not place or re.search(r"[.!?。\n]\s*$", text[max(place - 40, 0) : place])
    return before[1].casefold() not in TITLES and not opens_sentence
