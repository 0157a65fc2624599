"""Comparison of an imported draft with the words of its file."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from importing import Understood
from importing.accounting import Difference, difference, spelled
from releases.document import Document
from releases.models import Release

# The field in which each part of a file is stored.
_FIELDS = {
    "title": "title",
    "dateline": "dateline_place",
    "standfirst": "standfirst",
    "pull quote": "pull_quote",
    "lead": "body",
    "paragraphs": "body",
    "headings": "body",
    "quotations": "body",
    "lists": "body",
    "tables": "body",
}
# This part is stored in the attributes of its quotation.
_CREDIT = "speaker credit"


def compare(
    understood: Understood, draft: Release, known: Mapping[str, UUID] | None = None
) -> Difference:
    """Return the words of the file that the draft does not have or has too often.

    `known` has the keys of people by the names that the file uses for them.
    """
    document = Document(draft.body)
    stored = {field: getattr(draft, field) for field in _FIELDS.values()}
    stored["body"] = document.text
    source: dict[str, list[str]] = {field: [] for field in stored}
    names = {person: name for name, person in (known or {}).items()}
    speakers: Counter[str] = Counter()
    for quotation in document.quotations:
        name = names.get(quotation.speaker, "") if quotation.speaker else quotation.name
        speakers[" ".join(spelled(f"{name} {quotation.title}"))] += 1
    credits: list[str] = []
    for part, text in understood.source_texts:
        if field := _FIELDS.get(part):
            source[field].append(text)
        elif part == _CREDIT:
            credit = " ".join(spelled(text))
            credits += [] if speakers[credit] else [text]
            speakers[credit] -= 1
    if difference(" ".join(source["title"]), stored["title"]):
        # A title that was cut is also in the body, and so is a first sentence offered as the title.
        source["body"] = [*source.pop("title"), *source["body"]]
        del stored["title"]
    pieces = [text for field in stored for text in source[field]]
    return difference("\n".join([*pieces, *credits]), "\n".join(stored.values()))


def left_out(understood: Understood) -> list[tuple[str, str]]:
    """Return the texts that are left out of the draft on purpose, as pairs of part and text."""
    kept = {*_FIELDS, _CREDIT}
    return [(part, text) for part, text in understood.source_texts if part not in kept]
