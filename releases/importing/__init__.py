"""Reading a release from a file: bytes in, what was understood out; nothing is stored here.

decoding → formats (text, Markdown, HTML: blocks) → anatomy (kicker, title, quotations …)
→ names, dates, languages → report. Every word of the file is accounted for on the way.
"""

import hashlib
from collections.abc import Iterator
from pathlib import PurePath

from releases.body import MAX_TEXT
from releases.importing.accounting import Ledger
from releases.importing.anatomy import Anatomy, Element, dissect
from releases.importing.blocks import Source, size
from releases.importing.dates import Evidence, guess_date, relative_dates
from releases.importing.decoding import MAX_BYTES, decode
from releases.importing.designations import designations
from releases.importing.formats import (
    FORMATS,
    guess_format,
    refuse_other_formats,
    refuse_too_many_lines,
    take_apart,
)
from releases.importing.languages import language_of
from releases.importing.names import MOST_TEXT, Passage, People
from releases.importing.report import report
from releases.importing.speakers import Part, speeches
from releases.importing.understood import (
    Accounting,
    DateGuess,
    DesignationSuggestion,
    NotARelease,
    PersonSuggestion,
    Poster,
    PullQuote,
    Speech,
    Understood,
)

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Accounting",
    "DateGuess",
    "DesignationSuggestion",
    "NotARelease",
    "PersonSuggestion",
    "Poster",
    "PullQuote",
    "Speech",
    "Understood",
    "report",
    "understand",
]

# Below this there is no sentence to publish.
_FEWEST_WORDS = 8
# Each of them is looked up, and asked about on a page of the desk.
_MOST_PEOPLE = 200


def understand(data: bytes, filename: str, format: str | None = None) -> Understood:
    """Return what a file says as a release; raises NotARelease with a reason for the editor."""
    filename = PurePath(filename.replace("\\", "/")).name[:200] or "the file"
    if format is not None and format not in FORMATS:
        raise NotARelease(f"“{format}” is no format that is read. Choose {', '.join(FORMATS)}.")
    decoded = decode(data, filename)
    refuse_other_formats(decoded.text, filename)
    format = format or guess_format(decoded.text, filename)
    refuse_too_many_lines(decoded.text, filename)
    if format == "text":
        _refuse_too_long(len(decoded.text), filename)
    source = take_apart(decoded.text, format, filename)
    _refuse_too_long(sum(len(run.text) for b in source.blocks for run in b.runs), filename)
    anatomy = dissect(source)
    _refuse_too_long(len(anatomy.body_html), filename)
    _refuse_what_says_nothing(anatomy, filename)
    people, said = _people(anatomy)
    stated = source.fields.get("language")
    language = language_of(stated.value if stated else "", filename, anatomy.body_text)
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
        notes.append(f"Only the first {_MOST_PEOPLE} people are offered. Name the others yourself.")
        people = people[:_MOST_PEOPLE]
    if language and language.partition("-")[0] in _UNREAD_NAMES:
        notes.append("People are not looked for in this script. Name them yourself.")
    if len(anatomy.body_text) > MOST_TEXT:
        notes.append(f"People were looked for in the first {MOST_TEXT} characters alone.")
    return Understood(
        filename=filename,
        format=source.format,
        encoding=decoded.encoding,
        kind=anatomy.kind,
        kicker=anatomy.kicker,
        title=anatomy.title,
        standfirst=anatomy.standfirst,
        pull_quote=anatomy.pull_quote,
        body_html=anatomy.body_html,
        dateline_place=anatomy.dateline_place,
        language=language,
        posters=anatomy.posters,
        date_guess=guess,
        people=people,
        designations=designations(_paragraphs(anatomy), people),
        speeches=said,
        relative_dates=relative_dates([anatomy.title, anatomy.body_text[:MOST_TEXT]]),
        notes=tuple(dict.fromkeys(notes)),
        missing=_missing(anatomy),
        accounting=_account(source, anatomy),
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
    if size(text) < _FEWEST_WORDS or not anatomy.body:
        raise NotARelease(
            f"“{filename}” has no release in it: hardly a sentence of text was found. "
            "Import the file with the words of the release."
        )
    if letters < 0.4 * sum(not char.isspace() for char in text):
        raise NotARelease(
            f"“{filename}” has no release in it: it is mostly numbers and signs. "
            "Import the file with the words of the release."
        )


def _refuse_too_long(length: int, filename: str) -> None:
    if length > MAX_TEXT:
        raise NotARelease(
            f"“{filename}” is too long: it has {length:,} characters of text, and a release has at "
            f"most {MAX_TEXT:,}. Import the text of one release alone, or shorten it."
        )


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
            parts.append(Part(len(passages), number, element.credit, heading=not running))
            passages.append(Passage(block.spoken, running))
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


def _paragraphs(anatomy: Anatomy) -> Iterator[str]:
    """Yield the running text, up to where people were looked for."""
    length = 0
    for element in anatomy.body:
        for block in element.blocks:
            length += len(block.spoken)
            if length <= MOST_TEXT and element.kind != "heading":
                yield block.spoken


def _missing(anatomy: Anatomy) -> tuple[str, ...]:
    missing = [] if anatomy.title else ["title"]
    for poster in anatomy.posters:
        missing.append(f"the file of the picture “{poster.name}”")
        if poster.source not in anatomy.described:
            missing.append(f"the alt text of the picture “{poster.name}”")
        if not poster.credit_guess:
            missing.append(f"the credit of the picture “{poster.name}”")
    return tuple(missing)


def _account(source: Source, anatomy: Anatomy) -> Accounting:
    ledger = Ledger(source.text)
    for part, spans in anatomy.claims:
        ledger.claim(part, spans)
    ledger.claim("front matter", source.front_matter)
    ledger.claim("markup", source.markup)
    return ledger.close()


def _digest(anatomy: Anatomy) -> str:
    words = f"{anatomy.title} {anatomy.body_text}".casefold().split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
