"""Pictures to which a file refers, and the credit in the name of each."""

import re
from urllib.parse import unquote, urlsplit

from importing.blocks import (
    Block,
    plain,
)
from importing.understood import Poster
from importing.vocabulary import PICTURE_AGENCIES
from storing.texts import UNWANTED

# At the end of a picture's name. Only these are searched for a credit.
_MAX_CREDIT_CHARACTERS = 300
_VIA = re.compile(r"((?:[A-Z][\w.’'-]*\s){0,3}?)via\s+(\S.*)$")


def is_address(source: str) -> bool:
    try:
        urlsplit(source)
    except ValueError:
        return False
    return not source.startswith("data:")


def poster_of(block: Block, occurrences: int) -> Poster:
    source = block.source
    if source.startswith("data:"):
        return Poster("", "", source.partition(",")[0][:60], occurrences)
    path = urlsplit(source).path if is_address(source) else source
    # “%00” and similar codes are control characters.
    path = UNWANTED.sub("", unquote(path))
    name = plain(path.rstrip("/").rpartition("/")[2]) or plain(path) or source
    credit = picture_credit(name) or picture_credit(block.alt)
    return Poster(name, credit, source, occurrences)


def picture_credit(name: str) -> str:
    """Return the credit in the name of a picture, such as “AFP via Getty Images”, or ""."""
    text = re.sub(r"\.\w{2,5}$", "", name[-_MAX_CREDIT_CHARACTERS:]).replace("_", " ")
    text = re.sub(
        r"\s+", " ", re.sub(r"(?<=[^\W\d_])-(?=[A-Za-z])", " ", text) if " " not in text else text
    )
    if stated := re.search(
        r"(?:©|\(c\)|(?:photo|photograph|picture|image)(?: credit)?(?: by|:)"
        r"|\bcredits?:?|\bcourtesy of)\s*(\S.{1,80})$",
        text,
        re.I,
    ):
        return stated[1].strip(" .)]")
    agency = _agency_at_end(text)
    if via := _VIA.search(text):
        before = (
            _agency_at_end(text[: via.start(2)].removesuffix("via ").rstrip()) or via[1].strip()
        )
        return " via ".join(filter(None, (before, via[2].strip())))
    if slash := re.search(r"((?:[A-Z][\w.’'-]*\s){0,2}[A-Z][\w.’'-]*)\s?/\s?(.+)$", text):
        return f"{slash[1]}/{slash[2]}" if agency and slash[2] in agency else agency
    return agency


_AGENCIES = sorted(PICTURE_AGENCIES, key=len, reverse=True)


def _agency_at_end(text: str) -> str:
    text = text.rstrip(" )]")
    for agency in _AGENCIES:
        if text.casefold().endswith(agency.casefold()) and not text[: -len(agency)][-1:].isalnum():
            found = text[-len(agency) :]
            return (
                agency
                if (found.islower() and not agency.isupper()) or found == agency
                else (agency if len(agency) > 3 else "")
            )
    return ""
