"""Recognises quotations: whole paragraphs in quotation marks, and sentences inside paragraphs.

A quotation is at least a sentence. Terms and titles of works in quotation marks do not count.
`speakers.py` finds the speakers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from importing.blocks import BREAK, Block
from importing.name_words import is_role
from importing.rules import Rule
from importing.vocabulary import SPEECH_VERBS, SPEECH_VERBS_BESIDE_A_QUOTE

OPENING, CLOSING = "“„«‟", "”»"
_VERBS = "|".join(sorted(SPEECH_VERBS | SPEECH_VERBS_BESIDE_A_QUOTE))
_ATTRIBUTED_INSIDE = re.compile(rf"[,.?!][”\"]?\s(?:{_VERBS})\s(?:[A-Z]\w*\.?\s)?[A-Z]")
PULL_QUOTE = re.compile(
    r"[‘“\"'«„](?P<text>.+)[’”\"'»“]\s*(?:[-–—]+|\|)\s*(?P<speaker>[^“”\"‘\n]{2,100})"
)
WHOLLY_QUOTED = re.compile(r"[‘“\"'«„](?P<text>.+)[’”\"'»“]")
CREDIT = re.compile(r"(?:[-–—]+|―)\s*(?P<speaker>[^\W\d_].{1,150})", re.S)

_MIN_WORDS = 3  # fewer words in quotation marks are a term
_MIN_SENTENCE_WORDS = 12  # no term has more words
_MIN_TITLE_SHARE = 0.6  # of the long words; with more capitalised words it is the title of a work
_MARK = re.compile('[“”„«»‟"]')
_TERM = re.compile(r'"[^".?!]{1,60}"(?!\w)')  # “so-called "honor" killings”
_SINGLE_OPENS = re.compile(r"(?<![\w.,?!])[‘'](?=[^\W\d_a-z])")
_SINGLE_CLOSES = re.compile(r"(?<=[.,?!…])[’'](?=\s|$)")
_TITLE_WORD = re.compile(r"[^\W\d_]+")


@dataclass(slots=True)
class Stretch:
    """Text in quotation marks, by positions in its paragraph."""

    start: int  # after the opening mark
    end: int
    closed: bool
    after: int  # where the text after it begins


def looks_like_credit(text: str) -> bool:
    """Return whether words name the speaker of a quotation: “Felix Jakens, Head of Campaigns”."""
    parts = text.strip().split(",")[0].split()
    if not 0 < len(parts) <= 8 or len(text.split()) > 25 or text.rstrip().endswith(("?", "!", ":")):
        return False
    return parts[0][0].isupper() and (len(parts) < 2 or parts[-1][0].isupper() or is_role(parts[0]))


def count_quoted_paragraphs(blocks: list[Block], place: int) -> int:
    """Return the number of paragraphs, from an index on, that form one quotation, or 0.

    Either each paragraph opens with “ and only the last one closes, or only the first one opens.
    """
    shape = shape_of(blocks[place].text) if blocks[place].kind == "paragraph" else ""
    if shape == "whole":
        return 1
    if shape != "open":
        return 0
    count = 1
    for number in range(place + 1, len(blocks)):
        block = blocks[number]
        if block.kind != "paragraph":
            break
        shape = shape_of(block.text)
        if shape in ("open", "whole"):
            count += 1
            if shape == "whole":
                break
        elif shape == "plain" and (more := _closes_later(blocks, place + count)):
            return count + more
        else:
            break
    return count


def _closes_later(blocks: list[Block], place: int) -> int:
    """Return the number of paragraphs until an open quotation closes, or 0."""
    for count, block in enumerate(blocks[place : place + 10], start=1):
        shape = shape_of(block.text) if block.kind == "paragraph" else ""
        if shape == "closing":
            return count
        if shape != "plain":
            return 0
    return 0


def shape_of(text: str) -> str:
    """Return how a paragraph is quoted.

    “whole”: quoted from end to end. “open”: opens and does not close. “closing”: closes what an
    earlier paragraph opened. “mixed”: has words outside the marks. “plain”: anything else.
    """
    if not text:
        return "plain"
    opens = text[0] in OPENING + '"'
    if text[0] in "‘'" and len(text) > 1 and not text[1].isspace():
        return _single_shape(text)
    depth = 0
    for match in re.finditer(r"[“”„«»‟\"]", text):
        at, mark = match.start(), match[0]
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if mark == '"':
            opening = (
                (not before or before in " \xa0([—–-‘'“" or before == BREAK)
                and not after.isspace()
                and after != ""
            )
        elif mark == "“":
            # In German and Polish, “ closes a quotation that „ opened.
            opening = not (text[0] == "„" and before and not before.isspace())
        else:
            opening = mark in OPENING
        depth += 1 if opening else -1
        if depth < 0 or (depth == 0 and opens):
            rest = text[at + 1 :].strip(" .,!?;\xa0)")
            if depth == 0:
                return "mixed" if rest or _ATTRIBUTED_INSIDE.search(text) else "whole"
            return "closing" if not rest and not opens else "mixed"
    if not opens:
        return "plain"
    return "mixed" if _ATTRIBUTED_INSIDE.search(text) else "open"


def _single_shape(text: str) -> str:
    """Return the shape of a paragraph in single marks. ’ may also be an apostrophe."""
    end = text.rstrip(" .,")
    if text[0] == "'" and not end.endswith("'"):
        return "plain"
    if re.search(r"[.,?!…][’'](?=\s)", text[:-2]) or _ATTRIBUTED_INSIDE.search(text):
        return "mixed"
    if end.endswith(("’", "'")) and len(text.split()) > 7:
        return "whole"
    return "plain"


def stretches_of(text: str) -> list[Stretch]:
    """Return the quotations in a paragraph that are a sentence or more."""
    found = _in_double_marks(text) if _MARK.search(text) else _in_single_marks(text)
    return [stretch for stretch in found if _is_speech(text, stretch)]


def _in_single_marks(text: str) -> list[Stretch]:
    """Return the text in single marks. ’ inside a sentence is an apostrophe."""
    found: list[Stretch] = []
    at = 0
    while opening := _SINGLE_OPENS.search(text, at):
        closing = _SINGLE_CLOSES.search(text, opening.end())
        end = closing.start() if closing else len(text)
        at = closing.end() if closing else len(text)
        found.append(Stretch(opening.end(), end, bool(closing), at))
    return found


def _in_double_marks(text: str) -> list[Stretch]:
    found: list[Stretch] = []
    opened, depth = -1, 0
    for match in _MARK.finditer(text):
        at = match.start()
        if _opens(text, at, opened):
            if opened < 0:
                opened, depth = at, 1
            elif match[0] == '"' and not _TERM.match(text, at):
                opened, depth = at, 1  # the previous quotation never closed
            else:
                depth += 1
        elif opened >= 0:
            depth -= 1
            if not depth:
                found.append(Stretch(opened + 1, at, True, at + 1))
                opened = -1
    if opened >= 0:
        found.append(Stretch(opened + 1, len(text), False, len(text)))
    return found


def _opens(text: str, at: int, opened: int) -> bool:
    """Return whether a mark opens a quotation. Some languages swap opening and closing marks."""
    mark, before, after = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if mark == '"':
        return (not before or before.isspace() or before in "([—–-‘'“") and bool(after.strip())
    if mark == "“":
        return not (opened >= 0 and text[opened] == "„")
    if mark == "»":  # »so« in German
        return opened < 0 and bool(after.strip()) and not before.strip()
    if mark == "«":
        return not (opened >= 0 and text[opened] == "»")
    return mark in "„‟"


def _is_speech(text: str, stretch: Stretch) -> bool:
    """Return whether text in quotation marks is a sentence, not a term or the title of a work."""
    words = text[stretch.start : stretch.end].strip()
    count = len(words.split())
    if count < _MIN_WORDS or not (words[0].isupper() or words[0] in "[….'‘(0123456789"):
        return False
    ends = words[-1] in ".,?!…—–-:;'’" or text[stretch.after : stretch.after + 1] in tuple(",.?!")
    long = [word for word in _TITLE_WORD.findall(words[:300]) if len(word) > 3]
    capitals = sum(word[0].isupper() for word in long)
    is_title = capitals > max(1, _MIN_TITLE_SHARE * len(long))
    return not is_title and (ends or not stretch.closed or count > _MIN_SENTENCE_WORDS)


def _has(shape: str) -> Callable[[str], object]:
    return lambda text: shape_of(text) == shape


QUOTED = (
    Rule(
        "whole",
        _has("whole"),
        yes=("“We will not be silent.”", "« Nous ne céderons pas »", "„Wir schweigen nicht.“",
             "\"We will not be silent.\"", "‘We will not be silent, not now and not ever.’"),
        no=("“We will not be silent,” said Ana Brask.", "Ana Brask said: “We will not be silent.”",
            "“Silent” is what they call it", "‘Wild West’-style policing",
            "We will not be silent."),
    ),
    Rule(
        "open",
        _has("open"),
        yes=("“We will not be silent.", "“They took ‘all’ of us."),
        no=("“We will not be silent.”", "We will not be silent.”",
            "“We know,” said Ana Brask. “All"),
    ),
    Rule(
        "closing",
        _has("closing"),
        yes=("We will not be silent.”",),
        no=("“We will not be silent.”", "“We will not be silent.", "The “silent” ones"),
    ),
    Rule(
        "mixed",
        _has("mixed"),
        yes=("“We will not be silent,” said Ana Brask.", "“Silent” is what they call it"),
        no=("“We will not be silent.”", "We will not be silent."),
    ),
)  # fmt: skip
CREDITS = (
    Rule(
        "speaker of a quotation",
        looks_like_credit,
        yes=("Felix Jakens, Head of Campaigns", "Ana Brask", "Ana de la Brask, lawyer"),
        no=("and so it ended", "Who knows?", "Ana Brask said the following:", ""),
    ),
)  # fmt: skip
