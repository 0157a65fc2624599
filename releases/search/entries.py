"""What the index says of each row: its tokens by place, and the rows that an entry stands for.

An entry contains only what its row says. What belongs to another row is a reference: a token that
stands for a person, an attribution, a topic or a file. A search finds out which of these rows match
and are visible now, and also asks for their references. So an entry stays as it is when a consent
or a licence ends, or when a name changes.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.db import models
from django.db.models import Model

from assets.models import MediaAsset
from people.models import Case, Person
from releases.document import Document
from releases.models import GAP, Quote, Release, SearchEntry, Topic
from releases.rules.public_texts import INTERNAL, REASON_NOT_TEXT, TABLES, table_of, texts_of
from releases.search.tokens import TOKENISER, WORD, tokenise

Kind = SearchEntry.Kind
# Limits of a tsvector on PostgreSQL. SQLite has none, but the results have to be the same.
MAX_TOKENS = 16_000
MAX_OCCURRENCES = 250  # of one token
MAX_BYTES = 900_000  # of the distinct tokens and their positions
REFERENCE = "\ue000"  # begins a reference; it is not a letter, so nobody can type one

# What a reference stands for. A month and a year are those of `publish_at` (UTC).
PEOPLE, ATTRIBUTIONS, TOPICS, FILES, MONTH, YEAR = "p", "a", "t", "f", "m", "y"


@dataclass
class Entry:
    """An entry in memory: the row that it describes, and its texts and references by place.

    `text` has the texts that stand in no other place.
    """

    kind: SearchEntry.Kind
    key: str
    row: dict[str, Any]
    title: list[str] = field(default_factory=list)
    quotation: list[str] = field(default_factory=list)
    standfirst: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    # References: those that count as the title, as the quotation, and as the text.
    named: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A digest of its texts and references. While it stays the same, so do its tokens."""
        parts = (
            self.title, self.quotation, self.standfirst, self.text, self.named,
            self.speakers, self.shown,
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def to_store(self, tokens: "Tokens") -> tuple[SearchEntry, set[str]]:
        """Return its row of the index, and its words."""
        # The text of a release contains its quotations.
        own = self.quotation if self.kind == Kind.QUOTATION else []
        everything = [*self.title, *own, *self.standfirst, *self.text]
        references = dict.fromkeys([*self.named, *self.speakers, *self.shown])
        words: set[str] = set()
        places = {
            "title": _laid_out(self.title, tokens, self.named),
            "quotation": _laid_out(self.quotation, tokens, self.speakers),
            "standfirst": _laid_out(self.standfirst, tokens),
            "everything": _laid_out(everything, tokens, references, words),
        }
        stored = SearchEntry(
            kind=self.kind, key=self.key, digest=self.digest, tokeniser=TOKENISER,
            **self.row, **places,
        )  # fmt: skip
        return stored, words


class Tokens(dict[str, list[tuple[str, str]]]):
    """The tokens of paragraphs and their kinds. Each paragraph is divided once."""

    def __missing__(self, paragraph: str) -> list[tuple[str, str]]:
        self[paragraph] = found = [(token.text, token.kind) for token in tokenise(paragraph)]
        return found


def _laid_out(
    texts: Iterable[str],
    tokens: Tokens,
    references: Iterable[str] = (),
    words: set[str] | None = None,
) -> list[str]:
    """Return the tokens of texts within the limits, with gaps between the paragraphs.

    The words of the texts are added to `words`.
    """
    found: list[str] = []
    counts: Counter[str] = Counter()
    size = 0
    paragraphs = chain.from_iterable(text.split("\n") for text in texts)
    for part in chain(([(each, "")] for each in references), map(tokens.__getitem__, paragraphs)):
        for token, kind in part:
            counts[token] += 1
            size += 2 if counts[token] > 1 else 6 + len(token.encode())
            if len(found) >= MAX_TOKENS or size > MAX_BYTES:
                return found
            found.append(token if counts[token] <= MAX_OCCURRENCES else GAP)
            if words is not None and kind == WORD:
                words.add(token)
        if found and found[-1] != GAP:
            found.append(GAP)
    return found


# --- The entries of rows -------------------------------------------------------------------------


def entries_of(row: Model) -> list[Entry]:
    """Return every entry that describes a row. Releases may share those of attributions."""
    match row:
        case Release():
            quotes = list(row.quotes.all())
            own = [_quotation(row, quote) for quote in quotes]
            return [_release(row, quotes), *own, *map(_attribution, quotes)]
        case Person():
            return [_person(row), _record(row)]
        case Topic():
            name = [row.name]
            return [Entry(Kind.TOPIC, str(row.pk), {"topic_id": row.pk}, title=name)]
        case MediaAsset():
            # No page prints the original name of a file. It may name a person or a place.
            found = texts_of(row).items()
            texts = [text for field, text in found if field.field != "original_name"]
            return [Entry(Kind.FILE, row.pk.hex, {"asset_id": row.pk}, text=texts)]
        case Case():
            return [_case(row)]
    raise TypeError(f"The search has no entry for {row._meta.label}.")


def texts_at_desk(row: Model) -> list[str]:
    """Return the plain texts of a row that a search at the desk reads, without title and names.

    It reads related rows: prefetch those of `releases.search.index.PREFETCHED`.
    """
    entry = entries_of(row)[0]
    return [text for text in (*entry.standfirst, *entry.text) if text]


def reference(kind: str, key: object) -> str:
    """Return the token that stands for a row: a kind such as PEOPLE, and its key."""
    return f"{REFERENCE}{kind}{key}"


def _release(release: Release, quotes: list[Quote]) -> Entry:
    document = Document(release.body)
    # The body is parsed once, because that takes most of the time of a save.
    texts = {
        text.field: document.text_for_names if text.field == "body" else text.of(release)
        for text in TABLES[table_of(release)]
        if text.printed
    }
    entry = Entry(Kind.RELEASE, release.pk.hex, {"release_id": release.pk})
    entry.title = [texts.pop("title", "")]
    entry.standfirst = [texts.pop("standfirst", "")]
    entry.text = [texts.pop("body", ""), *texts.values()]
    entry.text += [correction.text for correction in release.corrections.all()]
    entry.quotation = [quotation.text for quotation in document.quotations]
    for quotation in document.quotations:
        if quotation.speaker is None:  # nobody's record decides about this name
            entry.text.append(f"{quotation.name}\n{quotation.title}")
    named = {reference(PEOPLE, mention.person_id.hex) for mention in release.mentions.all()}
    topics = sorted(topic.pk for topic in release.topics.all())
    files = {*document.pictures, *release.attached_ids, release.poster_id} - {None}
    entry.named = sorted(named) + [reference(TOPICS, topic) for topic in topics]
    entry.speakers = sorted({each for quote in quotes for each in _speaker_of(quote)})
    entry.shown = sorted(reference(FILES, file.hex) for file in files if file)
    entry.shown += _times(release)
    return entry


def _quotation(release: Release, quote: Quote) -> Entry:
    return Entry(
        Kind.QUOTATION,
        f"{release.pk.hex}:{quote.position}",
        {"release_id": release.pk, "position": quote.position, "person_id": quote.speaker_id},
        quotation=[quote.text],
        named=[reference(PEOPLE, quote.speaker_id.hex)],
        shown=_times(release),
        speakers=_speaker_of(quote),
    )


def _attribution(quote: Quote) -> Entry:
    """Return the name and title that are printed below a quotation."""
    return Entry(
        Kind.ATTRIBUTION,
        attribution_key(quote),
        {"person_id": quote.speaker_id},
        title=[quote.attribution_name],
        text=[quote.attribution_title],
    )


def _times(release: Release) -> list[str]:
    """Return the references for the month and year of a release.

    With them a search for frequent words reads only new releases. They say nothing of visibility.
    """
    if release.publish_at is None:
        return []
    at = release.publish_at.astimezone(UTC)
    return [reference(YEAR, at.year), reference(MONTH, f"{at:%Y%m}")]


def since(start: datetime, end: datetime) -> list[str]:
    """Return references of which one is in every entry from the month of `start` to `end`."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    months = range(start.month, 13)
    found = [reference(MONTH, f"{start.year}{month:02}") for month in months]
    return found + [reference(YEAR, year) for year in range(start.year + 1, end.year + 1)]


def _speaker_of(quote: Quote) -> list[str]:
    """Return the references for the speaker of a quotation, and for the printed name and title."""
    person = reference(PEOPLE, quote.speaker_id.hex)
    return [person, reference(ATTRIBUTIONS, attribution_key(quote))]


def attribution_key(quote: Quote) -> str:
    """Return the key of the entry for the attribution of a quotation."""
    printed = f"{quote.attribution_name}\n{quote.attribution_title}".encode()
    return f"{quote.speaker_id.hex}{hashlib.sha256(printed).hexdigest()[:16]}"


def _person(person: Person) -> Entry:
    """Return the name of a person and the names that are printed.

    A title that somebody will have only next month, or the unit of a role, is on no page. So titles
    are found where they are printed: in the attributions of quotations.
    """
    entry = Entry(Kind.PERSON, person.pk.hex, {"person_id": person.pk})
    entry.title = [person.display_name]
    for name in person.names.all():
        entry.title += texts_of(name).values()  # "printed" decides
    return entry


def _record(person: Person) -> Entry:
    """Return what the desk knows of a person: every recorded name, and the titles."""
    entry = Entry(Kind.RECORD, person.pk.hex, {"person_id": person.pk})
    entry.title = [person.display_name, *(name.text for name in person.names.all())]
    for role in person.roles.all():
        entry.standfirst += texts_of(role).values()
    return entry


def _case(case: Case) -> Entry:
    """Return every text of a case and its parts, also internal ones."""
    entry = Entry(Kind.CASE, str(case.pk), {"case_id": case.pk, "person_id": case.person_id})
    entry.text = list(_typed_texts(case))
    for part in ("statuses", "designations", "charges", "sentences", "events"):
        for row in getattr(case, part).all():
            entry.text += _typed_texts(row)
    return entry


def _typed_texts(row: Model) -> Iterator[str]:
    for column in row._meta.concrete_fields:
        is_text = isinstance(column, models.CharField | models.TextField)
        if is_text and INTERNAL.get((table_of(row), column.name)) != REASON_NOT_TEXT:
            yield str(getattr(row, column.attname) or "")
