"""The public quotations of people: those of a text in one language only."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.core.paginator import Page
from django.db.models import OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from newsroom.counts import CountUpTo
from newsroom.listing import Texts
from newsroom.paging import page_of
from people.models import Person
from people.names.patterns import pattern
from releases.models import Candidate, Quote, Release, one_of_text

QUOTE_FIELDS = (
    "position", "text", "attribution_name", "attribution_title", "speaker",
    "release__slug", "release__title", "release__language", "release__publish_at",
    "release__translation_of",
)  # fmt: skip


def quotations_page(
    request: HttpRequest, speaker: Person, texts: Texts, term: str = ""
) -> "tuple[Page[Quote], int]":
    """Return the page of a person's quotations that a URL selects, and the number of all.

    With a term, the page has only those that contain it. Raises Http404 if there is no such page.
    """
    quotes = _public(texts).filter(speaker=speaker)
    if not term and not texts.translated:
        page = page_of(request, _in_order(quotes))
        return page, page.paginator.count
    keys = _keys(_containing(quotes, term) if term else quotes, texts)
    page = page_of(request, keys)
    page.object_list = _in_order(Quote.objects.filter(pk__in=page.object_list))
    if not term:
        return page, len(keys)
    total = len(_chosen(quotes, texts)) if texts.translated else quotes.count()
    # More can be found than counted: in another language, the same text may quote more.
    return page, max(total, len(keys))


def count_quotations(people: Iterable[Person], texts: Texts) -> dict[int, int]:
    """Return the number of public quotations of each person, by the person's key.

    Numbers above `counts.MAX_COUNTED` need not be exact.
    """
    speakers = [person.pk for person in people]
    if texts.translated:
        quotes = _public(texts).filter(speaker__in=speakers)
        return Counter(speaker for _pk, speaker in _chosen(quotes, texts) if speaker)
    counted = CountUpTo(_public(texts).filter(speaker=OuterRef("pk")))
    return dict(Person.objects.filter(pk__in=speakers).order_by().values_list("pk", counted))


def _public(texts: Texts) -> "QuerySet[Quote]":
    return Quote.objects.filter(release__in=Release.objects.public(texts.at))


def _containing(quotes: "QuerySet[Quote]", term: str) -> "QuerySet[Quote]":
    searched = Concat("text", Value("\n"), "release__title", output_field=TextField())
    return quotes.alias(searched=searched).filter(searched__regex=pattern(term))


def _in_order(quotes: "QuerySet[Quote]") -> "QuerySet[Quote]":
    """Return quotations with what a page prints, those of the newest release first."""
    shown = quotes.select_related("release").only(*QUOTE_FIELDS)
    return shown.order_by("release", "position")


def _keys(quotes: "QuerySet[Quote]", texts: Texts) -> list[int]:
    if texts.translated:
        return [pk for pk, _speaker in _chosen(quotes, texts)]
    return list(quotes.order_by("release", "position").values_list("pk", flat=True))


def _chosen(quotes: "QuerySet[Quote]", texts: Texts) -> list[tuple[int, int | None]]:
    """Return the keys of some quotations and of their speakers: of each text in one language.

    It is chosen among the languages in which the text quotes the same person. Python chooses: in
    the database, the time would grow with the square of a person's quotations.
    """
    of_release = (f"release__{name}" for name in Candidate._fields)
    ordered = quotes.order_by("release", "position")
    rows = list(ordered.values_list("pk", "speaker", "release", *of_release))
    languages: dict[tuple[int | None, UUID], dict[UUID, Candidate]] = defaultdict(dict)
    for _pk, speaker, release, *fields in rows:
        candidate = Candidate(*fields)
        languages[speaker, candidate.translation_of or release][release] = candidate
    chosen = {
        (speaker, one_of_text(candidates, texts.preferred))
        for (speaker, _text), candidates in languages.items()
    }
    return [
        (pk, speaker) for pk, speaker, release, *_fields in rows if (speaker, release) in chosen
    ]
