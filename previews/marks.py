"""The marks on what a reader sees before the lift: words that warn, and one that tells whose copy.

The trace is a link's reference in characters that nobody sees: variation selectors behind a
combining grapheme joiner, which keeps them from choosing another shape for the character in front.
It stands once in each long paragraph, behind a punctuation mark, so that it breaks no name, word
or address. It survives copying; retyping it does not, which is why the reference is printed as
well. No ORM: text in, text out. See docs/decisions/0014.
"""

import hashlib
import io
import re
import secrets
import unicodedata
from collections.abc import Iterable
from itertools import takewhile
from typing import IO

import lxml.html
from django.utils.safestring import SafeString, mark_safe
from lxml.etree import _Element as Element

from assets import sandbox, search
from assets.messages import BadFileError

# Crockford's base 32: no I, L, O or U to be misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
JOINER = "\u034f"
SELECTORS = "".join(map(chr, range(0xFE00, 0xFE10)))
UNSEEN = JOINER + SELECTORS
SIGNS = 5 * LENGTH // 4  # eight letters of five bits each; a selector holds four
MARK = 1 + SIGNS  # characters

# A paragraph is marked from so many words on. Where no spaces part them, so many letters count as
# that: Chinese says about as much with 128 letters as English with 60 words.
WORDS = 40
LETTERS = 128
SHARE = 0.08  # of a marked paragraph, and so of any text, may be the mark
CHARACTERS = 127  # the shortest of which MARK is no larger share
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]"
)
PARAGRAPHS = ("p", "li")
BLOCKS = ("p", "li", "ul", "ol", "div", "section", "figure", "table", "blockquote", "h2", "h3")
# Captions, tables, and what stands beside the text: labels and addresses.
SPARED = ("figcaption", "table", "aside", "nav", "footer", "form")
SPARED_CLASSES = {"media", "related"}

# Marks of copies that were given out earlier: two bits a sign, with a check of 16.
_OLD_UNSEEN = "\u2061\u2062\u2063\u2064"
_OLD_SIGNS = (5 * LENGTH + 16) // 2
_OLD_RUN = f"[{_OLD_UNSEEN}]{{{_OLD_SIGNS}}}"
_RUN = f"{JOINER}[{SELECTORS}]{{{SIGNS}}}(?![{SELECTORS}])"
# Begins with the hyphen, which is rare: that makes the search twenty times as fast.
_PRINTED = rf"-(?<=\b([{ALPHABET}]{{4}})-)([{ALPHABET}]{{4}})\b"
_PATTERNS = [_RUN, _OLD_RUN, _PRINTED]

# What searching a leaked file may take.
LARGEST = 50_000_000  # bytes of a file, and of what an archive unpacks to
LIMITS = sandbox.Limits(megapixels=0, seconds=5, megabytes=200)


class Unreadable(ValueError):
    """A file in which no mark can be looked for; its words say what to do."""


def new_reference() -> str:
    """Return 40 random bits as eight letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def unseen(reference: str) -> str:
    """Return a reference as a run of characters that nobody sees."""
    number = 0
    for letter in reference:
        number = number * 32 + ALPHABET.index(letter)
    return JOINER + "".join(SELECTORS[(number >> 4 * n) & 15] for n in reversed(range(SIGNS)))


def is_long(paragraph: str) -> bool:
    """Return whether a paragraph is long enough for a mark: 40 words, or 128 letters."""
    if len(paragraph) < CHARACTERS:
        return False
    letters = len(_WITHOUT_SPACES.findall(paragraph))
    spaced = _WITHOUT_SPACES.sub(" ", paragraph).split()
    words = sum(any(char.isalnum() for char in word) for word in spaced)
    return words + letters * WORDS / LETTERS >= WORDS


def woven(text: str, reference: str, paragraphs: Iterable[str]) -> str:
    """Return a text with the mark in each of its long paragraphs, which are named in order."""
    done, rest = [], text
    for paragraph in filter(is_long, paragraphs):
        before, found, after = rest.partition(paragraph)
        if found:
            done += [before, _marked(paragraph, unseen(reference))]
            rest = after
    return "".join([*done, rest])


def woven_html(html: str, reference: str) -> SafeString:
    """Return HTML with the mark in each long paragraph, and in nothing else."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    for block in list(root.iter(*PARAGRAPHS)):
        if not any(map(_is_spared, block.iterancestors())):
            _weave(block, unseen(reference))
    inner = [lxml.html.tostring(node, encoding="unicode") for node in root]
    return mark_safe((root.text or "") + "".join(inner))


def references_in_text(text: str) -> set[str]:
    """Return every reference in a pasted text: unseen, or printed."""
    return _read(search.found_in(text, _PATTERNS))


def references_in(file: IO[bytes]) -> set[str]:
    """Return every reference in a leaked file: unseen in its text, or printed on it.

    `assets.search` says which files; a process of its own opens it. A reference may not be one of
    ours: the caller looks it up. Raises Unreadable.
    """
    if file.seek(0, io.SEEK_END) > LARGEST:
        raise Unreadable(
            f"The file is larger than {LARGEST // 1_000_000} MB. Paste a part of its text instead."
        )
    file.seek(0)
    try:
        return _read(sandbox.search(file, LIMITS, _PATTERNS, max_bytes=LARGEST))
    except BadFileError as problem:
        raise Unreadable(str(problem)) from None


# --- Inside ------------------------------------------------------------------------------------


def _is_spared(node: Element) -> bool:
    return node.tag in SPARED or not SPARED_CLASSES.isdisjoint(node.get("class", "").split())


def _weave(block: Element, mark: str) -> None:
    """Put the mark into the words that stand in a block itself: not into its links and names."""
    inline = list(takewhile(lambda child: child.tag not in BLOCKS, block))
    words = (block.text or "") + "".join(
        "".join(map(str, child.itertext())) + (child.tail or "") for child in inline
    )
    if not is_long(words.strip()):
        return
    slots = [(block, "text"), *((child, "tail") for child in inline)]
    for node, where in reversed(slots):
        own = getattr(node, where) or ""
        if place := _place(own):
            setattr(node, where, own[:place] + mark + own[place:])
            return
    while len(slots) > 1 and slots[-1][0].tag == "br" and not (slots[-1][0].tail or "").strip():
        slots.pop()  # behind it, the mark would be a line of its own
    node, where = slots[-1]
    own = getattr(node, where) or ""
    end = len(own.rstrip())
    setattr(node, where, own[:end] + mark + own[end:])


def _marked(paragraph: str, mark: str) -> str:
    place = _place(paragraph) or len(paragraph)
    return paragraph[:place] + mark + paragraph[place:]


def _place(text: str) -> int:
    """Return where the last word ends that ends with punctuation; 0 where none does."""
    for word in reversed(list(re.finditer(r"\S+", text))):
        is_address = "://" in word[0] or "@" in word[0] or word[0].startswith("www.")
        if not is_address and unicodedata.category(word[0][-1]).startswith("P"):
            return word.end()
    return 0


def _read(found: Iterable[str]) -> set[str]:
    references: set[str] = set()
    for run in found:
        if run.startswith(JOINER):
            number = 0
            for sign in run[1:]:
                number = number * 16 + SELECTORS.index(sign)
            references.add(_reference(number))
        elif run[0] in _OLD_UNSEEN:
            references |= _read_old(run)
        else:
            references.add(run)
    return references


def _read_old(run: str) -> set[str]:
    number = 0
    for sign in run:
        number = number * 4 + _OLD_UNSEEN.index(sign)
    reference = _reference(number >> 16)
    check = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:2], "big")
    return {reference} if number & 0xFFFF == check else set()


def _reference(number: int) -> str:
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(LENGTH)))
