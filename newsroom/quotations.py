"""The public quotations of people: those of a text in one language only."""

from collections import defaultdict
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Concat

from newsroom.listing import Texts
from people.models import Person
from people.names.patterns import pattern
from releases.models import Candidate, Quote, Release, one_of_text

QUOTE_FIELDS = (
    "position", "text", "attribution_name", "attribution_title", "speaker",
    "release__slug", "release__title", "release__language", "release__publish_at",
    "release__translation_of",
)  # fmt: skip


def quotations(texts: Texts) -> "QuerySet[Quote]":
    """Return the public quotations, those of a text from the one language that suits a reader.

    It is chosen among the languages that quote the same person.
    """
    public = Release.objects.public(texts.at)
    if not texts.translated:
        return Quote.objects.filter(release__in=public)
    # From the inner query outwards: another language, this release, and its quotation.
    speaker = OuterRef(OuterRef(OuterRef("speaker")))
    quoting = public.filter(Exists(Quote.objects.filter(release=OuterRef("pk"), speaker=speaker)))
    chosen = public.filter(pk=OuterRef("release")).one_per_text(texts.preferred, among=quoting)
    return Quote.objects.filter(Exists(chosen))


def quotations_with(term: str, speaker: Person, texts: Texts) -> list[int]:
    """Return the keys of a person's public quotations that contain a term, in their order.

    If several languages of a text contain it, such as a name, only one of them is returned.
    """
    public = Release.objects.public(texts.at)
    quotes = Quote.objects.filter(speaker=speaker, release__in=public)
    searched = Concat("text", Value("\n"), "release__title", output_field=TextField())
    found = quotes.alias(searched=searched).filter(searched__regex=pattern(term))
    found = found.order_by("release", "position")
    # The search reads every text, so it is run only once.
    if not texts.translated:
        return list(found.values_list("pk", flat=True))
    of_release = (f"release__{name}" for name in Candidate._fields)
    rows = list(found.values_list("pk", "release", *of_release))
    languages_of: dict[UUID, dict[UUID, Candidate]] = defaultdict(dict)
    for _pk, release, *candidate in rows:
        this = Candidate(*candidate)
        languages_of[this.translation_of or release][release] = this
    chosen = {one_of_text(each, texts.preferred) for each in languages_of.values()}
    return [pk for pk, release, *_candidate in rows if release in chosen]


def in_order(quotes: "QuerySet[Quote]") -> "QuerySet[Quote]":
    """Return quotations with what a page prints, those of the newest release first."""
    shown = quotes.select_related("release").only(*QUOTE_FIELDS)
    return shown.order_by("release", "position")
