"""Recognises roles, titles and descriptions around a name, and words that can be a name."""

import re
from collections.abc import Iterator

from importing.vocabulary import (
    ABBREVIATIONS,
    CONNECTORS,
    DEMONYMS,
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
    SUFFIXES,
    SURNAMES_TOO,
    TITLE_BEGINNINGS,
    WEEKDAYS,
)

_UPPER = "".join(c for c in map(chr, range(0x41, 0x2000)) if c.isupper() and c not in "^]\\-")
_LETTER = r"[^\W\d_]"
CAPITALISED_WORD = re.compile(
    rf"(?<!\w)(?:(?:[{_UPPER}]\.)+"
    rf"|(?:(?:al|el|ul|as|ash|ad|an|ar|bin|ibn)[-‑’'])?[{_UPPER}]{_LETTER}*+(?:[-‑’']{_LETTER}++)*+)"
)
POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$")
BRACKETS_PATTERN = r"(?:\s\([^()\n]{1,40}\))?"
TITLE_PATTERN = r"[^“”\"‘;:()\n]{2,160}?"
_APPOSITION = re.compile(
    rf"{BRACKETS_PATTERN},\s(?P<title>(?:[^“”\",;:.()\n]|(?<=[A-Z])\.)+)(?P<end>\.?)"
)
_ENDS_AS_ROLE = re.compile(r"\w{3}(?<!kv)(?<!qv)(?<!qu)ist$")  # not Lindqvist
_NEVER_IN_NAMES = frozenset(
    ["the", "and", "of", "for", "in", "on", "at", "by", "with", "from", "or", "as", "a", "to"]
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


def is_role(word: str) -> bool:
    """Return whether a word is a role: a post, a profession, a form of address."""
    word = POSSESSIVE.sub("", lowered(word)).strip("().-–—“\"'‘[")
    return _singular_role(word) or is_plural_role(word)


def _singular_role(word: str) -> bool:
    return (
        word in ROLES
        or any(part in ROLES for part in word.split("-")[:1] + word.split("-")[-1:])
        or bool(_ENDS_AS_ROLE.search(word) and word not in DEMONYMS)
    )


def is_plural_role(word: str) -> bool:
    word = lowered(word).strip(".")
    if word in _PLURAL_TITLES:
        return True
    if word.endswith("men"):
        return word[:-2] + "an" in ROLES
    if word.endswith("ies"):
        return word[:-3] + "y" in ROLES
    return word.endswith("s") and word not in ROLES and _singular_role(word[:-1])


def lowered(word: str) -> str:
    return word.casefold().replace("’", "'").rstrip(".")


def is_common(word: str) -> bool:
    """Return whether a word is more likely a place, a month or an institution than a name."""
    if is_initial(word):
        return False
    word = lowered(word)
    return (
        word in INSTITUTION_WORDS
        or word in PLACES
        or word in DEMONYMS
        or (word in MONTHS and word not in MONTHS_OR_NAMES)
        or word in WEEKDAYS
        or word in FUNCTION_WORDS
    )


def is_initial(word: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]\.", word))


def _is_acronym(word: str) -> bool:
    letters = word.replace(".", "")
    return len(letters) > 1 and letters.isupper() and (len(letters) < 6 or "." in word)


def capitalised_runs(text: str) -> Iterator[list[tuple[int, int]]]:
    """Yield runs of adjacent capitalised words."""
    run: list[tuple[int, int]] = []
    for match in CAPITALISED_WORD.finditer(text):
        start, end = match.span()
        if text[end : end + 1] == "." and lowered(match[0]) in ABBREVIATIONS:
            end += 1
        if run:
            between = text[run[-1][1] : start]
            ended = POSSESSIVE.search(text[run[-1][0] : run[-1][1]])
            suffix = between == ", " and lowered(text[start:end]) in SUFFIXES
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


def start_without_places(words: list[str], first: int) -> int:
    """Return the index where a name can begin: after places and institutions."""
    common = [place for place in range(first, len(words) - 2) if is_common(words[place])]
    if common:
        first = common[-1] + 1
    while first < len(words):
        if lengths := [n for n in (3, 2) if lowered(" ".join(words[first : first + n])) in PLACES]:
            first += lengths[0]
        elif is_common(words[first]) or _is_acronym(words[first]):
            first += 1
        else:
            break
    return first


def is_doubtful_name(words: list[str], addressed: bool) -> bool | None:
    """Return whether a name is doubtful (it ends in a common noun), or None for no name."""
    full = [word for word in words if not re.fullmatch(r"(?:[^\W\d_]\.)+", word)]
    if not 0 < len(words) <= 5 or len(full) < min(len(words), 2) or len(words[0]) < 2:
        return None
    if any(word.isupper() and not is_initial(word) and not addressed for word in words):
        return None
    if any(map(is_common, words[:-1])) or all(map(is_role, words)):
        return None
    if lowered(" ".join(words[-2:])) in PLACES or (is_role(words[0]) and len(words) == 1):
        return None
    if is_common(words[-1]):
        believable = lowered(words[-1]) in SURNAMES_TOO or lowered(words[-1]) in MONTHS
        return True if believable and len(words) > 1 else None
    if is_role(words[-1]) and any(lowered(word) in TITLE_BEGINNINGS for word in words):
        return None
    return is_role(words[-1])


def description_before(text: str, start: int) -> tuple[str, int]:
    """Return the description directly before a name, and where it begins.

    “China's Foreign Minister Wang Yi”, “Secretary of State Colin Powell”, “President of China,
    Hu Jintao”: the role is the last word, or its scope (“of China”) is between it and the name.
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
        if not is_role(words[role]) or lowered(scope[-1]) not in _TIES:
            return "", start
    last = role + 1
    while last < len(words) and _describes(words[last], words[last - 1]):
        last += 1
    while last and lowered(words[last - 1]) in _NOT_A_DESCRIPTION:
        last -= 1
    phrase = [word.rstrip(",") for word in reversed(words[:last])]
    if all(lowered(word) in HONORIFICS or lowered(word) in _PLURAL_TITLES for word in phrase):
        phrase = []
    return " ".join(phrase), near[last - 1][1] if last else start


def _words_before(text: str, end: int) -> Iterator[tuple[str, int]]:
    """Yield the words before a place, nearest first, up to the start of the clause."""
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
    """Return whether a word can be between a role and a name: “of the Senate Committee”."""
    return not is_role(word) and (
        word[0].isupper() or word[0] == "(" or lowered(word) in CONNECTORS
    )


def _describes(word: str, next_word: str) -> bool:
    """Return whether a word describes a role: “human rights lawyer”, not “met the lawyer”."""
    lower = lowered(word)
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
    return lowered(word) in ABBREVIATIONS or bool(re.fullmatch(r"\W?(?:[^\W\d_]\.)+", word))


def role_in(descriptor: str) -> str:
    return next((word for word in reversed(descriptor.split()) if is_role(word)), "")


def apposition_after(after: str) -> str:
    """Return the role that follows a name between commas: “…, a blind activist who …”."""
    match = _APPOSITION.match(after)
    if not match or (match["end"] and _is_abbreviated(match["title"].split()[-1] + ".")):
        return ""
    title = re.split(
        r"\s(?:who|whose|whom|which|that|where|when|while|said|says|que|qui|quien)\b",
        match["title"],
    )[0]
    words = title.split()
    if not words or len(words) > 16 or not is_title(title):
        return ""
    for place, word in enumerate(words):
        if is_role(word) and not (place == 0 and lowered(word) in HONORIFICS):
            rest = words[place + 1 : place + 2]
            if rest and (is_role(rest[0]) or lowered(rest[0]) in TITLE_BEGINNINGS):
                continue
            # The role belongs to the name that follows it.
            if (
                rest
                and rest[0][0].isupper()
                and not is_common(rest[0])
                and not _is_acronym(rest[0])
            ):
                return ""
            return title.strip() if re.search(r"\b[A-Z]\.[A-Z]\.$", title) else title.strip(" .")
    return ""


def is_title(title: str) -> bool:
    words = title.split()
    if not words or len(words) > 20:
        return False
    first = lowered(words[0])
    if first in ("a", "an", "the", "our", "its", "former", "one"):
        return any(map(is_role, words[:8]))
    return first not in FUNCTION_WORDS and (
        words[0][0].isupper() or is_role(words[0]) or is_role(words[-1])
    )


def is_printed_title(words: str) -> bool:
    """Return whether a description is capitalised like a title."""
    return not is_plural_role(role_in(words)) and all(
        word[0].isupper() or lowered(word) in CONNECTORS or not word[0].isalpha()
        for word in words.split()
    )
