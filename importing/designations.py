"""Finds people that a text calls prisoners of conscience. An editor confirms each."""

import re
from collections.abc import Iterable, Sequence

from importing.phrases import Phrases
from importing.rules import Rule
from importing.understood import DesignationSuggestion, PersonSuggestion

_PHRASE = re.compile(r"\bprisoner(?P<many>s?)[ \-]of[ \-]conscience\b", re.IGNORECASE)
# A full stop after an initial or “Dr” does not end a sentence.
_END = re.compile(r"(?<=\w\w\w)[.!?][”’\"»)]*(?=\s|$)|\n")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_MAX_BETWEEN = 8  # words between the phrase and a name, or between two names
_MAX_SENTENCE = 1_000  # characters on either side


def _rule(words: str, example: str, other: str) -> Rule:
    """Return a rule that matches a text that contains one of the words."""
    wanted = frozenset(words.split())
    return Rule(
        words.split()[0],
        lambda text: not wanted.isdisjoint(_words(text)),
        yes=(example,),
        no=(other,),
    )


# Words before the phrase, at most two words away, that rule out a designation.
NOT_BEFORE = (
    _rule("former ex once", "We met the former prisoner of conscience Ana Brask.",
          "We met the prisoner of conscience Ana Brask."),
    _rule("not no never nor", "She is not a prisoner of conscience, Ana Brask wrote.",
          "She is a prisoner of conscience."),
    _rule("alleged supposed so-called", "The so-called prisoner of conscience Ana Brask.",
          "The prisoner of conscience Ana Brask."),
)  # fmt: skip
# Words between the phrase and a name that end the list of names.
ENDS_LIST = (
    _rule("said says told tells added adds wrote writes urged urges asked asks",
          "Free all prisoners of conscience, said Ana Brask.",
          "Free all prisoners of conscience: Ana Brask."),
    _rule("by from against to according", "A letter for prisoners of conscience by Ana Brask.",
          "Prisoners of conscience such as Ana Brask."),
    _rule("who whose that which where", "Prisoners of conscience that Ana Brask visited are ill.",
          "Prisoners of conscience such as Ana Brask."),
    _rule("when while after before because if until",
          "Free the prisoners of conscience when Ana Brask visits.",
          "Free the prisoners of conscience Ana Brask and others."),
    _rule("but unlike without except", "All prisoners of conscience but Ana Brask are listed.",
          "All prisoners of conscience, Ana Brask and others."),
    _rule("must should will may can has have had is are was were",
          "Prisoners of conscience must be freed, and Ana Brask knows it.",
          "Prisoners of conscience: Ana Brask."),
)  # fmt: skip
# Words directly after a name: a person who speaks or acts is not in the list.
NOT_AFTER = (
    _rule("said says told tells added adds wrote writes urged urges asked asks",
          "Free the prisoners of conscience, Ana Brask said.",
          "Free the prisoners of conscience Ana Brask and others."),
    Rule("’s", re.compile("['’]s(?!\\w)").search,
         ("There are prisoners of conscience in Ana Brask’s country.",),
         ("There are prisoners of conscience in the country.",)),
)  # fmt: skip


def designations(
    paragraphs: Iterable[str], people: Sequence[PersonSuggestion]
) -> tuple[DesignationSuggestion, ...]:
    """Return the people named after the phrase “prisoner(s) of conscience”, with the sentence.

    Each person is returned once, in the order of the text.
    """
    forms = {form: person.name for person in people for form in (person.name, *person.also)}
    if not forms:
        return ()
    names = Phrases()
    for form in forms:
        names.add(form, 0)
    found: dict[str, DesignationSuggestion] = {}
    for text in paragraphs:
        for phrase in _PHRASE.finditer(text):
            start, end = _sentence(text, phrase)
            before = _words(text[start : phrase.start()])[-2:]
            if _breaks(NOT_BEFORE, " ".join(before)):
                continue
            sentence = " ".join(text[start:end].split())
            for form in _named(text[phrase.end() : end], names, many=bool(phrase["many"])):
                name = forms[form]
                found.setdefault(name, DesignationSuggestion(name, sentence))
    return tuple(found.values())


def _named(tail: str, names: Phrases, many: bool) -> Iterable[str]:
    """Yield the names after the phrase, up to the end of their list."""
    at = 0
    longest = {start: end for _, start, end in sorted(names.find(tail))}
    for start, end in longest.items():
        if start < at:
            continue
        between = _words(tail[at:start])
        if len(between) > _MAX_BETWEEN or _breaks(ENDS_LIST, tail[at:start]):
            return
        behind = tail[end : end + 40]
        word = _WORD.search(behind)
        if _breaks(NOT_AFTER, behind[: word.end()] if word else behind):
            return
        yield tail[start:end]
        at = end
        if not many:
            return


def _sentence(text: str, phrase: re.Match[str]) -> tuple[int, int]:
    start = max(phrase.start() - _MAX_SENTENCE, 0)
    for end in _END.finditer(text, start, phrase.start()):
        start = end.end()
    last = min(len(text), phrase.end() + _MAX_SENTENCE)
    found = _END.search(text, phrase.end(), last)
    return start, found.end() if found else last


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _breaks(rules: Iterable[Rule], text: str) -> bool:
    return any(rule.matches(text) for rule in rules)
