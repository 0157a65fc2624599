"""The archive: what the filters of an address mean, and which further ones make sense."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F
from django.db.models.functions import ExtractYear
from django_countries import countries

from people.models import Person
from releases import languages
from releases.models import Mention, Release, ReleaseQuerySet, Topic

MOST_PEOPLE = 12
MOST_TOPICS = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor asked to see; an empty text asks for everything.

    A value that names nothing public simply matches nothing: the answer for a hidden person is
    the one for a person who never was.
    """

    kind: str = ""
    topic: str = ""
    country: str = ""
    person: str = ""
    language: str = ""
    year: str = ""
    from_: str = ""
    to: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read the filters from an address, where `from_` is `from`."""
        names = [field.name for field in fields(cls)]
        asked = cls(**{name: query.get(name.rstrip("_"), "").strip() for name in names})
        return replace(asked, country=asked.country.upper(), language=_tag(asked.language))

    def __bool__(self) -> bool:
        return self != Filters()

    def query(self) -> str:
        """Return the filters as the query of an address, "" where there are none."""
        pairs = [(field.name.rstrip("_"), getattr(self, field.name)) for field in fields(self)]
        return urlencode([(name, value) for name, value in pairs if value])

    def apply(self, releases: ReleaseQuerySet) -> ReleaseQuerySet:
        """Narrow a set of releases."""
        if self.kind:
            releases = releases.filter(kind=self.kind)
        if self.topic:
            releases = releases.filter(topics__slug=self.topic)
        if self.country:
            known = self.country in countries
            releases = (
                releases.filter(countries__contains=self.country) if known else releases.none()
            )
        if self.person:
            named = Mention.objects.filter(
                person__in=Person.objects.with_page().filter(slug=self.person)
            )
            releases = releases.filter(pk__in=named.values("release"))
        if self.language:
            releases = releases.filter(language=self.language)
        if self.year:
            year = _year(self.year)
            releases = releases.filter(publish_at__year=year) if year else releases.none()
        for lookup, value in (("gte", self.from_), ("lte", self.to)):
            if value:
                day = _day(value)
                releases = (
                    releases.filter(**{f"publish_at__date__{lookup}": day})
                    if day
                    else releases.none()
                )
        return releases


@dataclass(frozen=True, slots=True)
class Choice:
    """One link among the filters: its words, how many it finds, where it leads."""

    label: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the archive, with the choices that would find something."""

    name: str
    choices: list[Choice]


def facet_of(filters: Any, label: str, name: str, found: list[tuple[str, str, int]]) -> Facet:
    """Return one way to narrow, from what it would find: values, words for them, counts.

    The link of the chosen one lifts it.
    """
    chosen = getattr(filters, name)
    choices = [
        Choice(
            words,
            count,
            replace(filters, **{name: "" if value == chosen else value}).query(),
            value == chosen,
        )
        for value, words, count in found
    ]
    return Facet(label, choices)


def facets(filters: Filters, at: datetime) -> Iterator[Facet]:
    """Yield the filters that a visitor can set or lift from here, each with its counts.

    A fixed number of queries, whatever the archive holds.
    """

    def others(name: str) -> ReleaseQuerySet:
        return replace(filters, **{name: ""}).apply(Release.objects.public(at)).order_by()

    facet = partial(facet_of, filters)
    kinds = dict(_counted(others("kind"), "kind"))
    yield facet(
        "Kind",
        "kind",
        [
            (value, str(label), kinds[value])
            for value, label in Release.Kind.choices
            if value in kinds
        ],
    )
    topics = (
        Topic.objects.filter(releases__in=others("topic"))
        .annotate(count=Count("releases"))
        .order_by("-count", "name")
        .values_list("slug", "name", "count")[:MOST_TOPICS]
    )
    yield facet("Topic", "topic", sorted(topics, key=lambda row: row[1]))
    yield facet("Country or territory", "country", _countries(others("country")))
    people = (
        Person.objects.with_page()
        .filter(mentions__release__in=others("person"))
        .annotate(count=Count("mentions"))
        .order_by("-count", "sort_name", "pk")
        .values_list("slug", "display_name", "count")[:MOST_PEOPLE]
    )
    yield facet("Person", "person", list(people))
    years = others("year").annotate(year=ExtractYear("publish_at"))
    yield facet(
        "Year",
        "year",
        [
            (str(year), str(year), count)
            for year, count in sorted(_counted(years, "year"), reverse=True)
        ],
    )
    tongues = sorted(_counted(others("language"), "language"))
    yield facet(
        "Language",
        "language",
        [(tag, languages.native_name(tag), count) for tag, count in tongues],
    )


def _counted(releases: ReleaseQuerySet, field: str) -> list[tuple[str, int]]:
    return list(
        releases.values_list(field).annotate(count=Count("pk")).values_list(F(field), "count")
    )


def _countries(releases: ReleaseQuerySet) -> list[tuple[str, str, int]]:
    counts: Counter[str] = Counter()
    for codes, number in releases.values_list("countries").annotate(count=Count("pk")):
        for code in filter(None, str(codes).split(",")):
            counts[code] += number
    named = [(code, countries.name(code) or code, count) for code, count in counts.items()]
    return sorted(named, key=lambda row: row[1])


def _tag(text: str) -> str:
    """Return a language tag as releases have it; their case means nothing (RFC 5646, 2.1.1)."""
    try:
        return languages.canonical(text) if text else ""
    except languages.LanguageTagError:
        return text


def _year(text: str) -> int | None:
    # Its first and last second must exist in every zone; those of 9999 do not.
    return int(text) if re.fullmatch("(19|20|21)[0-9]{2}", text) else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
