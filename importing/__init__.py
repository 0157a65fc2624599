"""Reads the bytes of a file and returns them as an `Understood` release. Nothing is stored here.

Steps: decoding → formats (text, Markdown, HTML: blocks) → release parts (kicker, title,
quotations …) → names, dates, languages. The result accounts for every word of the file. Remarks
are `Note`s; their texts are in `desk/imports/messages.py`. `quotations.py` defines what counts as
a quotation.
"""

import hashlib
from collections.abc import Iterator
from pathlib import PurePath

from importing.accounting import Ledger
from importing.blocks import Block, Source, size
from importing.dates import Evidence, guess_date, relative_dates
from importing.decoding import MAX_BYTES, decode
from importing.designations import designations
from importing.formats import (
    FORMATS,
    guess_format,
    refuse_other_formats,
    refuse_too_many_lines,
    split_into_blocks,
)
from importing.heads import ERROR_PAGES
from importing.languages import guess_language
from importing.name_candidates import Passage
from importing.names import MAX_TEXT_FOR_NAMES, People
from importing.notes import Note, Value
from importing.release_parts import Element, ReleaseParts, parse_release
from importing.rules import matching
from importing.speakers import Part, speeches
from importing.understood import (
    Accounting,
    DateGuess,
    DesignationSuggestion,
    NotAReleaseError,
    PersonSuggestion,
    Poster,
    PullQuote,
    Speech,
    Understood,
    refusal,
)
from releases.document import MAX_TEXT

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Accounting",
    "DateGuess",
    "DesignationSuggestion",
    "NotAReleaseError",
    "PersonSuggestion",
    "Poster",
    "PullQuote",
    "Speech",
    "Understood",
    "understand",
]

# A text with fewer words has no sentence to publish.
_MIN_WORDS = 8
# Error pages of servers have fewer words. A longer text with such a title may be a release.
_MAX_ERROR_WORDS = 60
# The desk looks up each person and asks the editor about all of them on one page.
_MAX_PEOPLE = 200


def understand(data: bytes, filename: str, format: str | None = None) -> Understood:
    """Parse a file into a release. Raises NotAReleaseError; its note is the reason."""
    filename = PurePath(filename.replace("\\", "/")).name[:200] or "file"
    if format is not None and format not in FORMATS:
        raise NotAReleaseError(Note("unknown_format", {"format": format, "formats": FORMATS}))
    decoded = decode(data, filename)
    refuse_other_formats(decoded.text, filename)
    format = format or guess_format(decoded.text, filename)
    refuse_too_many_lines(decoded.text, format, filename)
    if format == "text":
        _refuse_too_long(len(decoded.text), filename)
    source = split_into_blocks(decoded.text, format, filename, data)
    _refuse_too_long(sum(len(run.text) for b in source.blocks for run in b.runs), filename)
    release = parse_release(source)
    _refuse_too_long(len(release.body_html), filename)
    _refuse_without_text(release, filename)
    people, found_speeches = _people(release)
    stated = source.fields.get("language")
    language_guess = guess_language(
        stated.value if stated else "", filename, f"{release.title}\n{release.body_text}"
    )
    date_guess, date_notes = guess_date(
        Evidence(
            stated=tuple(release.dates),
            lead=release.lead,
            pictures=tuple(poster.source for poster in release.posters),
            filename=filename,
        )
    )
    notes = [*decoded.notes, *source.notes, *release.notes, *date_notes]
    if len(people) > _MAX_PEOPLE:
        notes.append(Note("too_many_people", {"most": _MAX_PEOPLE}))
        people = people[:_MAX_PEOPLE]
    if language_guess.tag.partition("-")[0] in _WITHOUT_NAMES:
        notes.append(Note("people_not_looked_for"))
    if len(release.body_text) > MAX_TEXT_FOR_NAMES:
        notes.append(Note("people_looked_for_in_part", {"characters": MAX_TEXT_FOR_NAMES}))
    return Understood(
        filename=filename,
        format=source.format,
        encoding=decoded.encoding,
        kind=release.kind,
        kicker=release.kicker,
        title=release.title,
        title_from=release.title_from,
        offered_title=release.offered_title,
        standfirst=release.standfirst,
        pull_quote=release.pull_quote,
        body_html=release.body_html,
        dateline_place=release.dateline_place,
        language_guess=language_guess,
        posters=release.posters,
        date_guess=date_guess,
        people=people,
        designations=designations(_paragraphs(release), people),
        speeches=found_speeches,
        relative_dates=relative_dates([release.title, release.body_text[:MAX_TEXT_FOR_NAMES]]),
        notes=tuple(dict.fromkeys(notes)),
        missing=_missing(release),
        accounting=_account(source, release),
        source_texts=tuple((claim.part, claim.text) for claim in release.claims if claim.text),
        digest=_digest(release),
    )


# No names are found in these languages: most of their scripts have no capital letters.
_WITHOUT_NAMES = frozenset(
    [
        "am", "ar", "bo", "ckb", "fa", "he", "hi", "hy", "ja", "ka", "km", "ko", "lo",
        "my", "ps", "th", "ug", "ur", "zh",
    ]
)  # fmt: skip


def _refuse_without_text(release: ReleaseParts, filename: str) -> None:
    text = f"{release.title} {release.standfirst} {release.body_text}"
    letters = sum(char.isalpha() for char in text)
    if size(text) < _MAX_ERROR_WORDS and any(
        matching(ERROR_PAGES, line) for line in (release.title, release.lead)
    ):
        raise refusal(Note("error_page", {"words": release.title or release.lead}), filename)
    if size(text) < _MIN_WORDS or not release.body:
        raise refusal(Note("hardly_a_sentence"), filename)
    if letters < 0.4 * sum(not char.isspace() for char in text):
        raise refusal(Note("mostly_numbers"), filename)


def _refuse_too_long(length: int, filename: str) -> None:
    if length > MAX_TEXT:
        raise refusal(Note("too_long", {"characters": length, "most": MAX_TEXT}), filename)


def _people(
    release: ReleaseParts,
) -> tuple[tuple[PersonSuggestion, ...], tuple[Speech, ...]]:
    """Find people and speakers, and set the speaker of each quotation where it is certain."""
    pull_quote = release.pull_quote
    passages = [Passage(release.title, running=False)]
    passages.append(Passage(pull_quote.text if pull_quote else "", running=False))
    passages.append(Passage(pull_quote.speaker if pull_quote else "", running=False))
    parts: list[Part] = []
    quotations: list[Element] = []
    for element in release.body:
        number = len(quotations) if element.kind == "quotation" else None
        if number is not None:
            quotations.append(element)
        running = element.kind != "heading"
        for block in element.blocks:
            is_separate = not running or block.kind == "table"
            parts.append(Part(len(passages), number, element.credit, is_separate))
            passages += [Passage(text, running) for text in _texts_of(block)]
        if element.credit:
            passages.append(Passage(", ".join(filter(None, element.credit)), running=False))
    speakers = [pull_quote.speaker.partition(",")[0]] if pull_quote else []
    speakers += [element.credit[0] for element in quotations if element.credit]
    people = People(passages, speakers)
    found_speeches = speeches(people, parts)
    by_number: dict[int, list[Speech]] = {}
    for speech in found_speeches:
        if speech.quotation is not None:
            by_number.setdefault(speech.quotation, []).append(speech)
    for number, group in by_number.items():
        if len({speech.speaker for speech in group}) == 1 and all(s.certain for s in group):
            fullest = max(group, key=lambda speech: len(speech.title))
            quotations[number].name, quotations[number].title = fullest.speaker, fullest.title
    for element in quotations:
        if element.credit:
            element.name, element.title = element.credit
    certain = {speech.speaker for speech in found_speeches if speech.certain}
    return people.suggestions(certain), found_speeches


def _texts_of(block: Block) -> Iterator[str]:
    """Yield the text of a block, then its footnotes. For a table: the caption, then each cell."""
    if block.kind == "table":
        yield block.caption
        for row in block.rows:
            for cell in row:
                for inner in cell.blocks:
                    yield from _texts_of(inner)
    else:
        yield block.text_with_gaps
        yield from block.notes


def _paragraphs(release: ReleaseParts) -> Iterator[str]:
    """Yield the texts outside headings, up to the length that is searched for people."""
    length = 0
    for element in release.body:
        for text in (text for block in element.blocks for text in _texts_of(block)):
            length += len(text)
            if length <= MAX_TEXT_FOR_NAMES and element.kind != "heading":
                yield text


def _missing(release: ReleaseParts) -> tuple[Note, ...]:
    missing = [] if release.title else [Note("no_title")]
    for poster in release.posters:
        picture: dict[str, Value] = {"picture": poster.name or Note("picture_inside")}
        missing.append(Note("no_picture_file", picture))
        if poster.source not in release.described:
            missing.append(Note("no_picture_alt_text", picture))
        if not poster.credit_guess:
            missing.append(Note("no_picture_credit", picture))
    return tuple(missing)


def _account(source: Source, release: ReleaseParts) -> Accounting:
    ledger = Ledger(source.text)
    for claim in release.claims:
        ledger.claim(claim.part, claim.spans)
    ledger.claim("front matter", source.front_matter)
    ledger.claim("markup", source.markup)
    return ledger.close()


def _digest(release: ReleaseParts) -> str:
    words = f"{release.title} {release.body_text}".casefold().split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
