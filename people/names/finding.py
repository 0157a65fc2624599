"""Find recorded names in a text, in every form, by looking up runs of neighbouring words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from uuid import UUID

from people.names.entries import Entry, Match, Name, Run, entries_of, last_names_of
from people.names.forms import (
    ARTICLES,
    MAX_WORDS,
    SUFFIXES,
    TITLES,
    Form,
    is_full_name,
    parts_of,
    unspaced_letters,
)
from people.names.neighbours import (
    MAX_BETWEEN,
    MAX_INITIALS,
    continues_run,
    ends_sentence,
    fits,
    form_of,
    initials_after,
    initials_before,
    is_before_title,
    is_inside_a_name,
    leading_initials,
    trailing_initials,
)
from people.names.normalise import PREFIXES, Word, words

MAX_RUN = 24  # letters of a name in a script without spaces
BEGINNING_LETTERS = 7  # a search stops if no name begins with the same letters
MIN_PREFIXED = 3
# “of”, “the” and “that”, as French, Italian and Catalan join them to a name.
_ELIDED = frozenset(
    "c d j l m n s t qu jusqu lorsqu puisqu quoiqu all dall dell nell sull".split()  # noqa: SIM905
)

Table = dict[str, list[Entry]]  # entries by their joined letters


class NameFinder:
    """The names of some people in every spelling. It is not thread-safe: its owner must lock it."""

    def __init__(self) -> None:
        self._entries_by_letters: Table = {}
        self._last_names: Table = {}
        self._exact: dict[UUID, tuple[Name, ...]] = {}
        # Where the entries of a person are. Very many people may share the letters of a last name.
        self._stored: dict[UUID, list[tuple[Table, str, Entry]]] = {}
        self._first_words: dict[str, int] = {}
        self._last_words: dict[str, int] = {}
        self._beginnings: Counter[str] = Counter()  # of every spelling, to stop a search early
        self._max_run = 1

    def __len__(self) -> int:
        return len(self._stored)

    def add(self, person: UUID, names: Iterable[Name]) -> None:
        """Add a new person with these names."""
        stored: list[tuple[Table, str, Entry]] = []
        exact: list[Name] = []
        for name in names:
            if name.exact and not is_full_name(name.text) and words(name.text):
                exact.append(name)
            is_unspaced = bool(unspaced_letters(name.text))
            for table, entries in (
                (self._entries_by_letters, entries_of(person, name)),
                (self._last_names, last_names_of(person, name)),
            ):
                for variant, entry in dict.fromkeys(entries):
                    if is_unspaced:
                        self._max_run = min(max(self._max_run, len(variant)), MAX_RUN)
                    table.setdefault(variant, []).append(entry)
                    stored.append((table, variant, entry))
                    self._beginnings[variant[:BEGINNING_LETTERS]] += 1
            if parts := parts_of(name.text).parts:
                first, last = parts[0][0], parts[-1][-1]
                self._first_words[first] = self._first_words.get(first, 0) + 1
                self._last_words[last] = self._last_words.get(last, 0) + 1
        self._stored[person] = stored
        if exact:
            self._exact[person] = tuple(exact)

    def remove(self, person: UUID) -> None:
        """Remove a person."""
        for table, variant, entry in self._stored.pop(person, ()):
            self._beginnings[variant[:BEGINNING_LETTERS]] -= 1
            if not self._beginnings[variant[:BEGINNING_LETTERS]]:
                del self._beginnings[variant[:BEGINNING_LETTERS]]
            left = [each for each in table[variant] if each is not entry]
            if left:
                table[variant] = left
            else:
                del table[variant]
        self._exact.pop(person, None)

    def in_words(self, text: str, tokens: list[Word]) -> Iterator[Match]:
        """Yield every name in the words of a text, including namesakes and weaker forms."""
        place = 0
        while place < len(tokens):
            if tokens[place].unspaced:
                end = place + 1
                while end < len(tokens) and continues_run(tokens[end]):
                    end += 1
                yield from self._in_run(text, tokens[place:end])
                place = end
                continue
            yield from self._from(text, tokens, place)
            yield from self._with_initials(text, tokens, place)
            place += 1

    def _from(self, text: str, tokens: list[Word], first: int) -> Iterator[Match]:
        """Yield the names that begin with a word."""
        start = tokens[first]
        if first and start.is_joined and tokens[first - 1].key not in _ELIDED:
            return  # no name begins with the second half of “O’Neill”
        following = tokens[first + 1] if first + 1 < len(tokens) else None
        if start.is_initial and not (following and following.is_joined):
            return
        begins_rarely = start.key in self._first_words or start.alike in self._first_words
        run = Run()
        may_go_on = begins_rarely or start.key[0] in PREFIXES
        used: list[Word] = []
        initials = ""
        count = 0
        crosses = False
        comma = 0
        for place in range(first, min(first + MAX_WORDS + MAX_INITIALS, len(tokens))):
            word = tokens[place]
            if place > first:
                if word.unspaced or len(word.before) > MAX_BETWEEN:
                    break
                previous = tokens[place - 1]
                if not comma and word.before.strip() in (",", "،", "，", "、"):
                    comma = len(used)
                crosses = crosses or ends_sentence(previous, word)
            after = tokens[place + 1] if place + 1 < len(tokens) else None
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
                or (after is not None and is_before_title(word, after))
            )
            is_article = (
                place > first
                and after is not None
                and (word.key in ARTICLES or word.alike in ARTICLES)
            )
            run = run.plus(word, is_aside=is_aside, is_article=is_article)
            used.append(word)
            yield from self._look_up(text, tokens, first, place, run, used, initials, crosses)
            if not (may_go_on or (comma and len(used) < 6) or self._may_begin(run)):
                break
            if begins_rarely and 2 < len(used) < 6 and not crosses and word.key in self._last_words:
                yield from self._with_middle(text, used, initials)
            if comma:
                yield from self._after_comma(text, used, comma)

    def _may_begin(self, run: "Run") -> bool:
        """Return whether a name may begin with these words."""
        return any(
            len(variant) < BEGINNING_LETTERS or variant[:BEGINNING_LETTERS] in self._beginnings
            for variant in run.variants()
        )

    def _after_comma(self, text: str, used: list[Word], comma: int) -> Iterator[Match]:
        """Yield the names in directory order with one or two words before the first name.

        These words may be a title in any language: “Stockridge, advocate Emmett”.
        """
        for skipped in (1, 2):
            left = used[comma + skipped :]
            if not left:
                return
            variant = "".join(word.key for word in (*used[:comma], *left))
            for entry in self._entries_by_letters.get(variant, ()):
                if not entry.is_cut and not entry.middles:
                    yield entry.match(Form.DIRECTORY, text, used[0].start, used[-1].end)

    def _look_up(
        self,
        text: str,
        tokens: list[Word],
        first: int,
        last: int,
        run: "Run",
        used: list[Word],
        initials: str,
        crosses: bool,
    ) -> Iterator[Match]:
        variants = run.variants()
        start, end = tokens[first], tokens[last]
        for variant in variants:
            for entry in self._entries_by_letters.get(variant, ()):
                if len(used) == 1 and not start.is_capital and not entry.full:
                    continue  # a one-word name in lower case is an ordinary word
                yield self._match(text, tokens, first, last, entry, used, initials, crosses)
        for cut in (1, 2):
            if start.key[cut - 1] not in PREFIXES or len(start.key) <= cut + MIN_PREFIXED - 1:
                break
            for variant in variants:
                for entry in self._entries_by_letters.get(variant[cut:], ()):
                    form = form_of(entry, initials, crosses, used)
                    yield entry.match(form, text, start.start + cut, end.end)

    @staticmethod
    def _match(
        text: str,
        tokens: list[Word],
        first: int,
        last: int,
        entry: Entry,
        used: list[Word],
        initials: str,
        crosses: bool,
    ) -> Match:
        start, stop = tokens[first].start, tokens[last].end
        lead = initials_before(tokens, first)
        trail = initials_after(tokens, last) if entry.turned else ""
        form = form_of(entry, lead + initials + trail, crosses, used)
        return entry.match(form, text, start, stop)

    def _with_middle(self, text: str, used: list[Word], initials: str) -> Iterator[Match]:
        """Yield the names with one or two middle names added, or an initial written out."""
        if initials or not all(word.is_capital for word in used[1:-1]):
            return
        for left in range(1, len(used) - 1):
            for right in range(left + 1, min(left + 3, len(used))):
                variant = "".join(word.key for word in (*used[:left], *used[right:]))
                for entry in self._entries_by_letters.get(variant, ()):
                    if entry.turned or entry.middles or entry.nickname:
                        continue
                    added = "".join(word.letter for word in used[left:right])
                    if entry.initials and entry.initials != added:
                        continue
                    form = Form.INITIAL_WRITTEN_OUT if entry.initials else Form.MIDDLE_ADDED
                    yield entry.match(form, text, used[0].start, used[-1].end)

    def _with_initials(self, text: str, tokens: list[Word], place: int) -> Iterator[Match]:
        """Yield the last names with initials only: “J. R. Smith”, “Smith, J.”."""
        word = tokens[place]
        if word.is_initial or word.key not in self._last_names:
            return
        before, opening = leading_initials(tokens, place)
        after, closing = trailing_initials(tokens, place)
        for letters, first, last in ((before, opening, place), (after, place, closing)):
            if not letters:
                continue
            for entry in self._last_names[word.key]:
                if entry.initials.startswith(letters) or letters.startswith(entry.initials):
                    start, end = tokens[first].start, tokens[last].end
                    yield entry.match(Form.SURNAME_WITH_INITIALS, text, start, end)

    def _in_run(self, text: str, run: list[Word]) -> Iterator[Match]:
        """Yield the names inside a run of a script without spaces.

        Any characters may separate the letters of a name. `fits` decides.
        """
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
                for entry in self._entries_by_letters.get(letters[start : start + length], ()):
                    first, last = places[start][0], places[start + length - 1][1]
                    if not fits(entry, text[first:last], length):
                        continue
                    yield entry.match(Form.FULL, text, first, last)
            start += 1

    def exactly(self, text: str) -> Iterator[Match]:
        """Yield the names that are searched for exactly as they are recorded."""
        for person, names in self._exact.items():
            for name in names:
                for match in _exact_pattern(name.text).finditer(text):
                    start, end = match.span()
                    if not is_inside_a_name(text, start, end):
                        yield Match(person, name.text, Form.EXACT, start, end, match[0])


def _characters(text: str, word: Word) -> Iterator[tuple[int, int, str]]:
    """Yield the characters of a word in a script without spaces: start, end and compared form."""
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
    """Return whether a character belongs to the one before it: a mark, or a later Hangul jamo."""
    return unicodedata.category(char) in ("Mn", "Mc", "Cf") or "\u1160" <= char <= "\u11ff"


@lru_cache(maxsize=4096)
def _exact_pattern(name: str) -> re.Pattern[str]:
    """Return a pattern that finds a name exactly as recorded; any apostrophe matches."""
    before = r"(?<!\w)" if name[0].isalnum() else r"(?<!\S)"
    written = re.sub(_APOSTROPHE, _APOSTROPHE, re.escape(name))
    return re.compile(rf"{before}{written}(?!\w)")
