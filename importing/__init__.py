"""Reading a release from a file: bytes in, what was understood out; nothing is stored here.

decoding → formats (text, Markdown, HTML: blocks) → anatomy (kicker, title, quotations …)
→ names, dates, languages. Every word of the file is accounted for on the way; what there is to
say of it is a `Note`, and `desk/imports/messages.py` has the sentences.
"""

import hashlib
from collections.abc import Iterator
from pathlib import PurePath

from importing.accounting import Ledger
from importing.anatomy import Anatomy, Element, dissect
from importing.blocks import Block, Source, size
from importing.dates import Evidence, guess_date, relative_dates
from importing.decoding import MAX_BYTES, decode
from importing.designations import designations
from importing.formats import (
    FORMATS,
    guess_format,
    refuse_other_formats,
    refuse_too_many_lines,
    take_apart,
)
from importing.heads import ERROR_PAGES, matching
from importing.languages import guess_language
from importing.names import MOST_TEXT, Passage, People
from importing.notes import Note, Value
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
    refused,
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

# Below this there is no sentence to publish.
_FEWEST_WORDS = 8
# What a server says instead of a page is shorter than this, in words.
_LONGEST_ERROR = 60
# Each of them is looked up, and asked about on a page of the desk.
_MOST_PEOPLE = 200


def understand(data: bytes, filename: str, format: str | None = None) -> Understood:
    """Return what a file says as a release. Raises NotAReleaseError with a reason."""
    filename = PurePath(filename.replace("\\", "/")).name[:200] or "file"
    if format is not None and format not in FORMATS:
        raise NotAReleaseError(Note("unknown_format", {"format": format, "formats": FORMATS}))
    decoded = decode(data, filename)
    refuse_other_formats(decoded.text, filename)
    format = format or guess_format(decoded.text, filename)
    refuse_too_many_lines(decoded.text, format, filename)
    if format == "text":
        _refuse_too_long(len(decoded.text), filename)
    source = take_apart(decoded.text, format, filename, data)
    _refuse_too_long(sum(len(run.text) for b in source.blocks for run in b.runs), filename)
    anatomy = dissect(source)
    _refuse_too_long(len(anatomy.body_html), filename)
    _refuse_what_says_nothing(anatomy, filename)
    people, said = _people(anatomy)
    stated = source.fields.get("language")
    language_guess = guess_language(
        stated.value if stated else "", filename, f"{anatomy.title}\n{anatomy.body_text}"
    )
    guess, date_notes = guess_date(
        Evidence(
            stated=tuple(anatomy.dates),
            lead=anatomy.lead,
            pictures=tuple(poster.source for poster in anatomy.posters),
            filename=filename,
        )
    )
    notes = [*decoded.notes, *source.notes, *anatomy.notes, *date_notes]
    if len(people) > _MOST_PEOPLE:
        notes.append(Note("too_many_people", {"most": _MOST_PEOPLE}))
        people = people[:_MOST_PEOPLE]
    if language_guess.tag.partition("-")[0] in _UNREAD_NAMES:
        notes.append(Note("people_not_looked_for"))
    if len(anatomy.body_text) > MOST_TEXT:
        notes.append(Note("people_looked_for_in_part", {"characters": MOST_TEXT}))
    return Understood(
        filename=filename,
        format=source.format,
        encoding=decoded.encoding,
        kind=anatomy.kind,
        kicker=anatomy.kicker,
        title=anatomy.title,
        title_from=anatomy.title_from,
        offered_title=anatomy.offered_title,
        standfirst=anatomy.standfirst,
        pull_quote=anatomy.pull_quote,
        body_html=anatomy.body_html,
        dateline_place=anatomy.dateline_place,
        language_guess=language_guess,
        posters=anatomy.posters,
        date_guess=guess,
        people=people,
        designations=designations(_paragraphs(anatomy), people),
        speeches=said,
        relative_dates=relative_dates([anatomy.title, anatomy.body_text[:MOST_TEXT]]),
        notes=tuple(dict.fromkeys(notes)),
        missing=_missing(anatomy),
        accounting=_account(source, anatomy),
        said=tuple((claim.part, claim.text) for claim in anatomy.claims if claim.text),
        digest=_digest(anatomy),
    )


# Scripts without capitals: there names do not show.
_UNREAD_NAMES = frozenset(
    [
        "am",
        "ar",
        "bo",
        "ckb",
        "fa",
        "he",
        "hi",
        "hy",
        "ja",
        "ka",
        "km",
        "ko",
        "lo",
        "my",
        "ps",
        "th",
        "ug",
        "ur",
        "zh",
    ]
)


def _refuse_what_says_nothing(anatomy: Anatomy, filename: str) -> None:
    text = f"{anatomy.title} {anatomy.standfirst} {anatomy.body_text}"
    letters = sum(char.isalpha() for char in text)
    if size(text) < _LONGEST_ERROR and any(
        matching(ERROR_PAGES, line) for line in (anatomy.title, anatomy.lead)
    ):
        raise refused(Note("error_page", {"words": anatomy.title or anatomy.lead}), filename)
    if size(text) < _FEWEST_WORDS or not anatomy.body:
        raise refused(Note("hardly_a_sentence"), filename)
    if letters < 0.4 * sum(not char.isspace() for char in text):
        raise refused(Note("mostly_numbers"), filename)


def _refuse_too_long(length: int, filename: str) -> None:
    if length > MAX_TEXT:
        raise refused(Note("too_long", {"characters": length, "most": MAX_TEXT}), filename)


def _people(
    anatomy: Anatomy,
) -> tuple[tuple[PersonSuggestion, ...], tuple[Speech, ...]]:
    """Find the people and who speaks, and set the speakers that are certain."""
    lifted = anatomy.pull_quote
    passages = [Passage(anatomy.title, running=False)]
    passages.append(Passage(lifted.text if lifted else "", running=False))
    passages.append(Passage(lifted.speaker if lifted else "", running=False))
    parts: list[Part] = []
    quotations: list[Element] = []
    for element in anatomy.body:
        number = len(quotations) if element.kind == "quotation" else None
        if number is not None:
            quotations.append(element)
        running = element.kind != "heading"
        for block in element.blocks:
            apart = not running or block.kind == "table"
            parts.append(Part(len(passages), number, element.credit, apart))
            passages += [Passage(text, running) for text in _spoken(block)]
        if element.credit:
            passages.append(Passage(", ".join(filter(None, element.credit)), running=False))
    speakers = [lifted.speaker.partition(",")[0]] if lifted else []
    speakers += [element.credit[0] for element in quotations if element.credit]
    people = People(passages, speakers)
    said = speeches(people, parts)
    by_number: dict[int, list[Speech]] = {}
    for one in said:
        if one.quotation is not None:
            by_number.setdefault(one.quotation, []).append(one)
    for number, spoken in by_number.items():
        if len({one.speaker for one in spoken}) == 1 and all(one.certain for one in spoken):
            fullest = max(spoken, key=lambda one: len(one.title))
            quotations[number].name, quotations[number].title = fullest.speaker, fullest.title
    for element in quotations:
        if element.credit:
            element.name, element.title = element.credit
    return people.suggestions({one.speaker for one in said if one.certain}), said


def _spoken(block: Block) -> Iterator[str]:
    """Yield the text of a block, each cell of a table alone, and then its footnotes."""
    if block.kind == "table":
        yield block.caption
        for row in block.rows:
            for cell in row:
                for inner in cell.blocks:
                    yield from _spoken(inner)
    else:
        yield block.spoken
        yield from block.notes


def _paragraphs(anatomy: Anatomy) -> Iterator[str]:
    """Yield the running text, up to where people were looked for."""
    length = 0
    for element in anatomy.body:
        for text in (text for block in element.blocks for text in _spoken(block)):
            length += len(text)
            if length <= MOST_TEXT and element.kind != "heading":
                yield text


def _missing(anatomy: Anatomy) -> tuple[Note, ...]:
    missing = [] if anatomy.title else [Note("no_title")]
    for poster in anatomy.posters:
        picture: dict[str, Value] = {"picture": poster.name or Note("picture_inside")}
        missing.append(Note("no_picture_file", picture))
        if poster.source not in anatomy.described:
            missing.append(Note("no_picture_alt_text", picture))
        if not poster.credit_guess:
            missing.append(Note("no_picture_credit", picture))
    return tuple(missing)


def _account(source: Source, anatomy: Anatomy) -> Accounting:
    ledger = Ledger(source.text)
    for claim in anatomy.claims:
        ledger.claim(claim.part, claim.spans)
    ledger.claim("front matter", source.front_matter)
    ledger.claim("markup", source.markup)
    return ledger.close()


def _digest(anatomy: Anatomy) -> str:
    words = f"{anatomy.title} {anatomy.body_text}".casefold().split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
