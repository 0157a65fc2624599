"""What an editor is told of an import: what was understood, guessed, found, and is missing."""

from collections.abc import Iterator
from textwrap import indent, wrap

from releases.document import Document, Quotation
from releases.importing.understood import PersonSuggestion, Poster, Understood
from releases.language_words import language_words

_WIDTH = 96
_LABEL = 12


def report(understood: Understood) -> str:
    """Return the report of an import as plain text, for a terminal and the admin alike."""
    parts = [
        f"{understood.filename} ({understood.format}, {understood.encoding})",
        "\n".join(_understood(understood)),
        *_guessed(understood),
        *_people(understood),
        *_list(
            "Called a prisoner of conscience, offered and not recorded",
            tuple(f"{one.name}: “{one.sentence}”" for one in understood.designations),
        ),
        *_list("Missing", understood.missing),
        *_list("Please note", understood.notes),
        "\n".join(_accounting(understood)),
    ]
    return "\n\n".join(parts) + "\n"


def _understood(understood: Understood) -> Iterator[str]:
    kind = understood.kind.replace("_", " ")
    kicker = f", from the kicker “{understood.kicker}”" if understood.kicker else ", assumed"
    yield _row("kind", f"{kind}{kicker}")
    yield _row("title", understood.title or "none found")
    if understood.standfirst:
        yield _row("standfirst", understood.standfirst)
    if understood.dateline_place:
        yield _row("place", understood.dateline_place)
    yield _row("language", language_words(understood.language_guess))
    if lifted := understood.pull_quote:
        yield _row("pull quote", f"“{lifted.text}” – {lifted.speaker or 'speaker not found'}")
    for poster in understood.posters:
        yield _row("picture", _picture(poster))
    document = Document(understood.body_html)
    quoted = sum(len(quotation.paragraphs) for quotation in document.quotations)
    blocks = [
        _count(understood.body_html.count("<h"), "heading"),
        _count(len(document.quotations), "quotation"),
        _count(understood.body_html.count("<p>") - quoted, "further paragraph"),
    ]
    yield _row("text", ", ".join(block for block in blocks if not block.startswith("0")))
    for quotation in document.quotations:
        yield _row("quotation", _quoted(quotation))


def _quoted(quotation: Quotation) -> str:
    who = ", ".join(filter(None, [quotation.name, quotation.title]))
    whose = f" by {who}" if who else ", speaker not found"
    start = " ".join(quotation.text.split()[:8])
    return f"{_count(len(quotation.paragraphs), 'paragraph')}{whose}: {start} …"


def _picture(poster: Poster) -> str:
    credit = f"“{poster.credit_guess}”, guessed from its name" if poster.credit_guess else "unknown"
    times = (
        f" ({poster.occurrences} times in the file, kept once)" if poster.occurrences > 1 else ""
    )
    return f"{poster.name}{times}; credit {credit}"


def _guessed(understood: Understood) -> Iterator[str]:
    rows = []
    if guess := understood.date_guess:
        reasons = "; ".join(guess.reasons)
        rows.append(_row("date", f"{guess.date.day} {guess.date:%B %Y}, because {reasons}"))
    if understood.relative_dates:
        dates = ", ".join(f"“{date}”" for date in understood.relative_dates)
        rows.append(_row("in the text", f"{dates} are read from the day of the release"))
    if rows:
        heading = "Guessed, and set nowhere" if understood.date_guess else "No date found"
        yield "\n".join([heading, *rows])


def _people(understood: Understood) -> Iterator[str]:
    if understood.people:
        rows = [_row("", _person(person)) for person in understood.people]
        yield "\n".join(["People found, suggested and not created", *rows])


def _person(person: PersonSuggestion) -> str:
    words = person.title or person.descriptor
    also = f", also “{'”, “'.join(person.also)}”" if person.also else ""
    said = ", is quoted" if person.speaker else ""
    return f"{person.name}{f' – {words}' if words else ''}{also}{said} ({person.count}×)"


def _accounting(understood: Understood) -> Iterator[str]:
    accounting = understood.accounting
    left = sum(len(words.split()) for words in accounting.left_out)
    verdict = f"{left} were left out" if left else "all accounted for"
    yield f"Words: {accounting.total} in the file, {verdict}"
    yield _row("", ", ".join(f"{part} {words}" for part, words in accounting.parts))
    for words in accounting.left_out:
        yield _row("left out", f"“{words}”")


def _list(heading: str, sentences: tuple[str, ...]) -> Iterator[str]:
    if sentences:
        yield "\n".join([heading, *(_row("", sentence) for sentence in sentences)])


def _row(label: str, words: str) -> str:
    """Return words, wrapped, beside their label; without one, a point of a list."""
    if not label:
        return indent("\n".join(wrap(words, _WIDTH - 4)), "    ").replace("    ", "  - ", 1)
    lines = wrap(words, _WIDTH - _LABEL - 2) or [""]
    first, *rest = lines
    return "\n".join([f"  {label:<{_LABEL}}{first}", *(" " * (_LABEL + 2) + line for line in rest)])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
