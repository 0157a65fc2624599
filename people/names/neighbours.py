"""The text around a name: initials, titles, the end of a sentence."""

import re

from people.names.entries import Entry
from people.names.forms import TITLES, Form
from people.names.normalise import Word

MAX_INITIALS = 4
MAX_BETWEEN = 40  # characters between two parts of one name
MIN_ACROSS_COMMA = 3  # letters of a name in a script without spaces that a comma may separate
_SENTENCE_END = re.compile(r"[.!?。！？؟।](?:[\"”’»)\]]*)\s")
_LIST_OR_END = re.compile(r"[;!?；。！？]")
_COMMA = re.compile("[,，、]")
_WORD_BEHIND = re.compile(r"[ \u00a0-]([^\W\d_]+)")


def form_of(entry: Entry, initials: str, crosses: bool, used: list[Word]) -> Form:
    """Return the form of a name in a text, from its entry and the text around its parts."""
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


def _is_ordinary(word: Word, entry: Entry) -> bool:
    """Return whether a lower-case word only looks like the joined parts of a name."""
    return not word.is_capital and word.before[-1:] not in ("#", "@") and entry.full


def _agree(one: str, other: str) -> bool:
    """Return whether the longer text contains the letters of the shorter one in their order."""
    shorter, longer = sorted((one, other), key=len)
    rest = iter(longer)
    return all(letter in rest for letter in shorter)


def initials_before(tokens: list[Word], place: int) -> str:
    """Return the initials with a full stop directly before a word: “J. Robert”."""
    found = ""
    while place and len(found) < MAX_INITIALS:
        word = tokens[place - 1]
        if not (word.is_initial and word.is_capital and tokens[place].before.startswith(".")):
            break
        if len(tokens[place].before) > 2:
            break
        found = word.letter + found
        place -= 1
    return found


def initials_after(tokens: list[Word], place: int) -> str:
    """Return the capital initials directly after a word: “Smith, John R.”."""
    found = ""
    while place + 1 < len(tokens) and len(found) < MAX_INITIALS:
        word = tokens[place + 1]
        after = tokens[place + 2] if place + 2 < len(tokens) else None
        if not (word.is_initial and word.is_capital and word.before in (" ", ".", ". ")):
            break
        if after is not None and not after.before.startswith((".", ",", ";", ")")):
            break
        found += word.letter
        place += 1
    return found


def leading_initials(tokens: list[Word], place: int) -> tuple[str, int]:
    """Return the initials before a last name and where they begin: “J. R. Smith”."""
    found, start = "", place
    while start and len(found) < MAX_INITIALS:
        word = tokens[start - 1]
        if not (word.is_capital and tokens[start].before in (" ", ".", ". ", "-", "\u00a0")):
            break
        if word.is_initial:
            found = word.letter + found
        elif not found and _are_initials(word) and tokens[start].before in (" ", "\u00a0"):
            return word.key, start - 1
        else:
            break
        start -= 1
    if start and found:  # “John R. Smith”: the first name is before the initial
        before, gap = tokens[start - 1], tokens[start].before
        if before.is_capital and len(before.key) > 1 and gap in (" ", "\u00a0", "-"):
            return "", place
    return found, start


def trailing_initials(tokens: list[Word], place: int) -> tuple[str, int]:
    """Return the initials after a last name and where they end: “Smith, J. R.”."""
    found, end = "", place
    while end + 1 < len(tokens) and len(found) < MAX_INITIALS:
        word = tokens[end + 1]
        first = word.before in (", ", ",", " ") if end == place else word.before in (" ", ".", ". ")
        if not (first and word.is_capital and word.is_initial):
            break
        after = tokens[end + 2] if end + 2 < len(tokens) else None
        if after is not None and not after.before.startswith((".", ",", ";", ")")):
            break
        found += word.letter
        end += 1
    return found, end


def _are_initials(word: Word) -> bool:
    return 2 <= len(word.key) <= 3 and word.end - word.start == len(word.key) and word.is_capital


def ends_sentence(word: Word, following: Word) -> bool:
    """Return whether a sentence, or an item of a list, ends between two words."""
    if re.search("[;!?。！？؟।…]", following.before):
        return True
    ends = _SENTENCE_END.match(following.before) is not None
    return ends and len(word.key) > 3 and word.key not in TITLES


def fits(entry: Entry, surface: str, length: int) -> bool:
    """Return whether a name in a script without spaces may be written as `surface`."""
    if length < MIN_ACROSS_COMMA and _COMMA.search(surface):
        return False
    return not entry.needs_gap or re.search(r"[^\w]", surface) is not None


def is_before_title(word: Word, following: Word) -> bool:
    return word.key == "the" and following.key in TITLES


def is_close(word: Word) -> bool:
    """Return whether a word can be in one part of a name with the word before it."""
    return re.fullmatch(r"[\s’'‐-―·-]{1,3}", word.before) is not None


def continues_run(word: Word) -> bool:
    return (
        word.unspaced and len(word.before) <= MAX_BETWEEN and not _LIST_OR_END.search(word.before)
    )


def is_inside_a_name(text: str, start: int, end: int) -> bool:
    """Return whether a name is part of a longer name, because a word next to it has a capital."""
    behind = _WORD_BEHIND.match(text, end)
    if behind and behind[1][0].isupper() and not (text[end - 1] == "." and len(behind[1]) > 8):
        return True
    before = re.search(r"([^\W\d_]+)\.?[ \u00a0-]$", text[max(start - 40, 0) : start])
    if not before or not before[1][0].isupper():
        return False
    place = max(start - 40, 0) + before.start()
    opens_sentence = not place or re.search(r"[.!?。\n]\s*$", text[max(place - 40, 0) : place])
    return before[1].casefold() not in TITLES and not opens_sentence
