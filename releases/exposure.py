"""Where a release names or shows somebody who may not be named.

What is found stands in the way of approval, until the name is taken out or somebody entitled
lets it through with a reason. When a person is lowered, the same looks through what is out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from django.db.models import Q

from assets.models import MediaAsset
from people.matching import fold, is_without_spaces, key, names_in
from people.models import Person
from releases.body import Document
from releases.models import Release

WORDS_OF_A_PICTURE = {
    "alt_text": "the alternative text",
    "caption": "the caption",
    "credit_line": "the credit line",
    "creator": "the creator",
    "copyright_notice": "the copyright notice",
    "usage_terms": "the usage terms",
    "place": "the place",
    "original_name": "the file name",
}
# Where the database looks for a name, before the words themselves are read.
LOOKED_THROUGH = (
    "title", "standfirst", "body", "notes_to_editors", "pull_quote", "dateline_place",
    "poster__caption", "poster__alt_text", "poster__credit_line",
    "illustrations__asset__caption", "illustrations__asset__alt_text",
    "illustrations__asset__credit_line",
)  # fmt: skip
LONGEST = 200  # characters of a sentence that are shown
_SENTENCE_ENDS = re.compile(r"(?<=[.!?。！？؟।།])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Exposure:
    """A protected name where it stands: its recorded spelling, the place, the sentence."""

    name: str
    place: str
    sentence: str

    def __str__(self) -> str:
        return (
            f"“{self.name}” in {self.place} is a protected name: “{self.sentence}” Take it out, or "
            "ask a publisher to let it through with a reason."
        )


def exposures(release: Release) -> list[Exposure]:
    """Return every protected name in the words of a release and of its pictures.

    Takes the release as it stands in memory. What was let through is left out.
    """
    let_through = set(map(key, release.clearances.values_list("name", flat=True)))
    spellings = {
        name for name in Person.objects.protected().spellings() if key(name) not in let_through
    }
    document = release.document
    return list(_found(words_of(release, document, pictures_of(release, document)), spellings))


def reasons(release: Release) -> list[str]:
    """Return a sentence for each person in a release who may be named nowhere: marked, shown in a
    picture, or named in words.

    Nothing in them says more of a record than what stands in the release.
    """
    return [*_marked(release), *_shown(release), *map(str, exposures(release))]


def named_in(words: str, place: str) -> list[str]:
    """Return a sentence for each protected name in words that are to be public."""
    return list(map(str, _found({place: words}, Person.objects.protected().spellings())))


def names_that_can_pass(release: Release) -> list[str]:
    """Return the protected names that somebody entitled could let through."""
    return sorted({exposure.name for exposure in exposures(release)})


def releases_that_name(person: Person) -> list[tuple[Release, list[Exposure]]]:
    """Return the approved releases that print a person's name, with the places, newest first.

    Found by their marks, and by the longest word of each spelling: where an accent in it is
    written differently and nothing is marked, the database does not see it.
    """
    spellings = set(person.spellings())
    words = {_looked_for(form) for name in spellings for form in (name, fold(name) or name)}
    likely = Q(mentions__person=person)
    for field, word in product(LOOKED_THROUGH, words):
        likely |= Q(**{f"{field}__icontains": word})
    named = []
    for release in Release.objects.settled().filter(likely).distinct().select_related("poster"):
        document = release.document
        places = words_of(release, document, pictures_of(release, document))
        marked = {name for pk, name in document.mentions if pk == person.pk}
        printed = release.quotes.filter(speaker=person).values_list("attribution_name", flat=True)
        places["an attribution"] = "\n".join(printed)
        surfaces = marked | set(printed)
        if found := list(_found(places, spellings | surfaces)):
            named.append((release, found))
    return named


def pictures_of(release: Release, document: Document) -> list[MediaAsset]:
    """Return everything a release shows or offers: poster, pictures of the text, attached."""
    shown = {*document.pictures, *release.attached_ids, release.poster_id} - {None}
    return list(MediaAsset.objects.in_bulk(shown).values())


def words_of(
    release: Release, document: Document, pictures: Iterable[MediaAsset]
) -> dict[str, str]:
    """Return all words that go out with a release, by the place where they stand."""
    words = {
        "the title": release.title,
        "the standfirst": release.standfirst,
        "the place": release.dateline_place,
        "the pull quote": release.pull_quote,
        "the text": document.text,
        "the notes to editors": Document(release.notes_to_editors).text,
        "an attribution": "\n".join(f"{q.name} {q.title}" for q in document.quotations),
        "the address": release.slug.replace("-", " "),
    }
    for picture in pictures:
        for field, place in WORDS_OF_A_PICTURE.items():
            words[f"{place} of “{picture}”"] = getattr(picture, field)
    if not release._state.adding:
        words["the topics"] = "\n".join(topic.name for topic in release.topics.all())
        words["the contacts"] = "\n".join(contact.name for contact in release.contacts.all())
    return words


def _found(words: Mapping[str, str], spellings: set[str]) -> Iterator[Exposure]:
    for place, text in words.items():
        if "file name" in place:
            text = re.sub(r"[_.\-]+", " ", text)
        for name in sorted(names_in(text, spellings)):
            yield Exposure(name, place, _sentence(text, name))


def _looked_for(name: str) -> str:
    """Return what of a name the database is asked for: its longest word, or how it begins where
    no spaces part the words, since anything may stand between them.
    """
    word = max(name.split() or [name], key=len)
    return word[:2] if is_without_spaces(word[0]) else word


def _sentence(text: str, name: str) -> str:
    """Return the sentence in which a name first stands, cut where it is long."""
    sentences = _SENTENCE_ENDS.split(text)
    sentence = next((each for each in sentences if names_in(each, [name])), text).strip()
    return sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST]}…"


def _marked(release: Release) -> Iterator[str]:
    document = release.document
    surfaces = dict(reversed(document.mentions))
    speakers = {quote.speaker: quote.text for quote in document.quotations if quote.speaker}
    protected = Person.objects.protected().filter(pk__in={*surfaces, *speakers})
    for pk in protected.values_list("pk", flat=True):
        if pk in surfaces:
            yield (
                f"“{surfaces[pk]}” is marked as somebody who may not be named. Take the name out, "
                "or ask whoever keeps the record."
            )
        else:
            start = " ".join(speakers[pk].split()[:8])
            yield (
                f"The quotation “{start} …” is by somebody who may not be named. Take it out, or "
                "ask whoever keeps the record."
            )


def _shown(release: Release) -> Iterator[str]:
    ids = [picture.pk for picture in pictures_of(release, release.document)]
    for picture in MediaAsset.objects.filter(pk__in=ids):
        if picture.is_withheld():
            yield (
                f"The picture “{picture}” shows somebody who may not be named or shown. Take "
                "another."
            )
