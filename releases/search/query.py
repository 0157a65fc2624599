"""Reads a typed query, and finds the other forms of its words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from releases.search.tokens import LAST, PAIR, POSSESSIVE, WORD, Token, tokenise
from releases.search.vocabulary import stem, words_like

MAX_CHARACTERS = 400  # of a query; the rest is ignored
MAX_UNITS = 20
MAX_FORMS = 50  # of one word
MAX_SPLIT = 30  # letters of a word that may be two words

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂〝〞❝❞", '"'))
_UNIT = re.compile(
    r'(?P<minus>(?<!\S)[-−–](?=[^\s\-−–]))?(?:"(?P<phrase>[^"]*)(?:"|\Z)|(?P<word>[^\s"]+))'
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Form:
    """Tokens that have to follow each other. With `prefix`, the last one may go on."""

    tokens: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A word or a phrase of a query, and the forms of which one has to be in the text.

    `word`: the folded word, or "" for anything else. `place`: where it is in the query.
    """

    forms: tuple[Form, ...]
    word: str = ""
    excluded: bool = False
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Query:
    """A query as it was read. `ignored`: a part of it was not used, because it is too long."""

    text: str
    read: tuple[Unit, ...]
    ignored: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it has no words at all."""
        return not self.read

    @property
    def only_excludes(self) -> bool:
        """Whether all its words are excluded. Then it finds nothing."""
        return bool(self.read) and all(unit.excluded for unit in self.read)

    @property
    def excludes(self) -> bool:
        """Whether some of its words are excluded."""
        return any(unit.excluded for unit in self.read)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Its words and phrases with all forms that occur in texts."""
        return tuple(_with_forms(self.read))

    @property
    def wanted(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if not unit.excluded)

    @property
    def excluded(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.excluded)

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Return the start and end of each place in a text that the query finds, in order."""
        tokens = list(tokenise(text))
        found = sorted(
            span
            for unit in self.wanted
            for form in unit.forms
            for span in _spans(form, tokens)
        )  # fmt: skip
        return _merged(found)


def parse(text: str, *, prefix: bool = False) -> Query:
    """Read a typed query. With `prefix`, the last word may go on, unless a space follows it.

    Words that follow each other without a space are a phrase. Never raises an error.
    """
    cut = unicodedata.normalize("NFC", text[:MAX_CHARACTERS]).translate(_QUOTES)
    units: list[Unit] = []
    ignored = len(text) > MAX_CHARACTERS
    for found in _UNIT.finditer(cut):
        is_quoted = found["word"] is None
        part = found["phrase"] if is_quoted else found["word"]
        tokens = list(tokenise(part))
        if not tokens:
            continue
        if len(units) == MAX_UNITS:
            ignored = True
            break
        goes_on = prefix and not is_quoted and tokens[-1].end == len(part)
        unit = _phrase(tokens) if is_quoted else _word(tokens, goes_on and found.end() == len(cut))
        units.append(replace(unit, excluded=bool(found["minus"]), place=found.span()))
    return Query(cut, tuple(units), ignored)


def _phrase(tokens: list[Token]) -> Unit:
    return Unit((_form(tokens),))


def _word(tokens: list[Token], prefix: bool) -> Unit:
    """Return the unit of a typed word, which may be several tokens: Hang-tung, O’Brien, 維吾爾."""
    if tokens[-1].kind == POSSESSIVE and len(tokens) > 1:
        tokens = tokens[:-1]
    form = _form(tokens, prefix)
    if len(tokens) == 1 and tokens[0].kind == WORD:
        return Unit((form,), word=tokens[0].text)
    forms = [form]
    if all(token.kind == WORD for token in tokens):
        forms.append(Form(("".join(form.tokens),), prefix))
    return Unit(tuple(forms))


def _form(tokens: list[Token], prefix: bool = False) -> Form:
    """Return tokens as a form. The text may go on after the last letter of a script without spaces.

    So that letter is left out after a pair, and the end may be any beginning of a token: of a pair,
    or of a letter with further marks.
    """
    if tokens[-1].kind == LAST:
        prefix = True
        if len(tokens) > 1 and tokens[-2].kind == PAIR:
            tokens = tokens[:-1]
    return Form(tuple(token.text for token in tokens), prefix)


def _with_forms(units: Sequence[Unit]) -> Iterator[Unit]:
    """Yield units with further forms of their words: by stem, joined, and divided."""
    joined = _joined(units)
    divided = {unit.word: _divided(unit.word) for unit in units if unit.word}
    stems = {unit.word: stem(unit.word) for unit in units if unit.word}
    candidates = {*joined.values()} | {
        part for parts in divided.values() for two in parts for part in two
    }
    by_stem: dict[str, list[str]] = {}
    known: set[str] = set()
    for word, word_stem in words_like(stems.values(), candidates) if stems else ():
        by_stem.setdefault(word_stem, []).append(word)
        known.add(word)
    for number, unit in enumerate(units):
        if not unit.word:
            yield unit
            continue
        more = [Form((word,)) for word in by_stem.get(stems[unit.word], ())]
        for pair in ((number - 1, number), (number, number + 1)):
            # Not as a prefix: whether the word is known would then change what is found in other
            # texts, and the word may stand only in a hidden one.
            if joined.get(pair) in known:
                more.append(Form((joined[pair],)))
        more += [Form(two) for two in divided[unit.word] if known.issuperset(two)]
        more.sort(key=lambda form: (sum(map(len, form.tokens)), form))
        forms = dict.fromkeys([*unit.forms, *more])
        yield replace(unit, forms=tuple(forms)[:MAX_FORMS])


def _joined(units: Sequence[Unit]) -> dict[tuple[int, int], str]:
    """Return neighbouring words as one word, by their numbers."""
    return {
        (number, number + 1): first.word + second.word
        for number, (first, second) in enumerate(pairwise(units))
        if first.word and second.word and not first.excluded and not second.excluded
    }


def _divided(word: str) -> list[tuple[str, str]]:
    """Return every way to divide a word in two."""
    if len(word) > MAX_SPLIT:
        return []
    return [(word[:place], word[place:]) for place in range(1, len(word))]


def _spans(form: Form, tokens: list[Token]) -> Iterator[tuple[int, int]]:
    size = len(form.tokens)
    *first, last = form.tokens
    for start in range(len(tokens) - size + 1):
        end = tokens[start + size - 1]
        if (end.text.startswith(last) if form.prefix else end.text == last) and all(
            token.text == wanted
            for token, wanted in zip(tokens[start:], first, strict=False)
        ):  # fmt: skip
            yield tokens[start].start, end.end


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return sorted spans without overlaps."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
