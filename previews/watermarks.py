"""The watermark in the text for readers before the embargo ends, and the search for it in leaks.

The watermark is the reference of a link in invisible characters: variation selectors after a
combining grapheme joiner. The joiner prevents the selectors from changing the shape of the
character before it. Each long paragraph contains the watermark once, after a punctuation mark, so
that it does not break a name, word or URL. It survives copying but not retyping, so the reference
is also printed. No ORM. See docs/decisions/0014.
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
from django.utils.translation import gettext as _
from lxml.etree import _Element as Element

from assets import sandbox, search
from assets.messages import BadFileError

# Crockford's base 32. It has no I, L, O and U, which are easily misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
JOINER = "\u034f"
SELECTORS = "".join(map(chr, range(0xFE00, 0xFE10)))
CODE_ALPHABET = JOINER + SELECTORS
CODE_CHARACTERS = 5 * LENGTH // 4  # eight letters of five bits each; a selector has four bits
WATERMARK_CHARACTERS = 1 + CODE_CHARACTERS

# A paragraph gets a watermark if it has at least this length. In scripts without spaces, letters
# are counted: 128 letters of Chinese are about as much text as 60 words of English.
MIN_WORDS = 40
MIN_LETTERS = 128
MAX_SHARE = 0.08  # the largest share of a paragraph, and so of any text, that is watermark
MIN_CHARACTERS = 127  # in a shorter paragraph, the watermark would exceed MAX_SHARE
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]"
)
PARAGRAPHS = ("p", "li")
BLOCKS = ("p", "li", "ul", "ol", "div", "section", "figure", "table", "blockquote", "h2", "h3")
# Captions, tables, and elements beside the text, such as labels and addresses.
UNMARKED_TAGS = ("figcaption", "table", "aside", "nav", "footer", "form")
UNMARKED_CLASSES = {"media", "related"}

# The code in copies from older versions: two bits per character, with a checksum of 16 bits.
_OLD_CODE_ALPHABET = "\u2061\u2062\u2063\u2064"
_OLD_CODE_CHARACTERS = (5 * LENGTH + 16) // 2
_OLD_RUN = f"[{_OLD_CODE_ALPHABET}]{{{_OLD_CODE_CHARACTERS}}}"
_RUN = f"{JOINER}[{SELECTORS}]{{{CODE_CHARACTERS}}}(?![{SELECTORS}])"
# The pattern starts with the hyphen. Hyphens are rare, so the search is twenty times as fast.
_PRINTED = rf"-(?<=\b([{ALPHABET}]{{4}})-)([{ALPHABET}]{{4}})\b"
_PATTERNS = [_RUN, _OLD_RUN, _PRINTED]

# Limits for searching a leaked file.
MAX_BYTES = 50_000_000  # of a file, and of the unpacked content of an archive
LIMITS = sandbox.Limits(megapixels=0, seconds=5, megabytes=200)


class UnreadableFileError(ValueError):
    """A file that can't be searched for a watermark. The message explains what to do."""


def new_reference() -> str:
    """Return a new reference: 40 random bits as eight letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def invisible_code(reference: str) -> str:
    """Return a reference as invisible characters."""
    number = 0
    for letter in reference:
        number = number * 32 + ALPHABET.index(letter)
    return JOINER + "".join(
        SELECTORS[(number >> 4 * n) & 15] for n in reversed(range(CODE_CHARACTERS))
    )


def is_long(paragraph: str) -> bool:
    """Return whether a paragraph is long enough for a watermark.

    It needs MIN_WORDS words, MIN_LETTERS letters of a script without spaces, or a mixture, and
    MIN_CHARACTERS characters.
    """
    if len(paragraph) < MIN_CHARACTERS:
        return False
    letters = len(_WITHOUT_SPACES.findall(paragraph))
    spaced = _WITHOUT_SPACES.sub(" ", paragraph).split()
    words = sum(any(char.isalnum() for char in word) for word in spaced)
    return words + letters * MIN_WORDS / MIN_LETTERS >= MIN_WORDS


def with_watermark(text: str, reference: str, paragraphs: Iterable[str]) -> str:
    """Return a text with the watermark in its long paragraphs.

    `paragraphs` are the paragraphs that may get one, in the order of the text.
    """
    done, rest = [], text
    for paragraph in filter(is_long, paragraphs):
        before, found, after = rest.partition(paragraph)
        if found:
            done += [before, _marked(paragraph, invisible_code(reference))]
            rest = after
    return "".join([*done, rest])


def html_with_watermark(html: str, reference: str) -> SafeString:
    """Return HTML with the watermark in its long paragraphs and in no other text."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    for block in list(root.iter(*PARAGRAPHS)):
        if not any(map(_is_unmarked, block.iterancestors())):
            _add_watermark(block, invisible_code(reference))
    inner = [lxml.html.tostring(node, encoding="unicode") for node in root]
    return mark_safe((root.text or "") + "".join(inner))


def references_in_text(text: str) -> set[str]:
    """Return all references in a pasted text, both invisible and printed."""
    return _read(search.found_in(text, _PATTERNS))


def references_in(file: IO[bytes]) -> set[str]:
    """Return all references in a leaked file, both invisible and printed.

    `assets.search` lists the supported kinds of files. A separate process opens the file. The
    caller must check which references belong to links. Raises UnreadableFileError.
    """
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        message = _("The file is larger than %(megabytes)s MB. Paste a part of its text instead.")
        raise UnreadableFileError(message % {"megabytes": MAX_BYTES // 1_000_000})
    file.seek(0)
    try:
        return _read(sandbox.search(file, LIMITS, _PATTERNS, max_bytes=MAX_BYTES))
    except BadFileError as problem:
        raise UnreadableFileError(str(problem)) from None


# --- Inside ------------------------------------------------------------------------------------


def _is_unmarked(node: Element) -> bool:
    return node.tag in UNMARKED_TAGS or not UNMARKED_CLASSES.isdisjoint(
        node.get("class", "").split()
    )


def _add_watermark(block: Element, code: str) -> None:
    """Insert the code into the text of a block, outside of links and names."""
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
            setattr(node, where, own[:place] + code + own[place:])
            return
    while len(slots) > 1 and slots[-1][0].tag == "br" and not (slots[-1][0].tail or "").strip():
        slots.pop()  # after a final line break, the code would be on a line of its own
    node, where = slots[-1]
    own = getattr(node, where) or ""
    end = len(own.rstrip())
    setattr(node, where, own[:end] + code + own[end:])


def _marked(paragraph: str, code: str) -> str:
    place = _place(paragraph) or len(paragraph)
    return paragraph[:place] + code + paragraph[place:]


def _place(text: str) -> int:
    """Return the end of the last word that ends with punctuation and is not a URL or e-mail.

    Return 0 if there is none.
    """
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
            for selector in run[1:]:
                number = number * 16 + SELECTORS.index(selector)
            references.add(_reference(number))
        elif run[0] in _OLD_CODE_ALPHABET:
            references |= _read_old(run)
        else:
            references.add(run)
    return references


def _read_old(run: str) -> set[str]:
    number = 0
    for character in run:
        number = number * 4 + _OLD_CODE_ALPHABET.index(character)
    reference = _reference(number >> 16)
    check = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:2], "big")
    return {reference} if number & 0xFFFF == check else set()


def _reference(number: int) -> str:
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(LENGTH)))
