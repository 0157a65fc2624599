"""The filters of the archive and their choices."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import ClassVar

from django.db.models import Count, F
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries import countries

from newsroom.facets import Counted, Filter
from newsroom.facets import Filters as BaseFilters
from people.models import Person
from releases import languages
from releases.models import Mention, Release, ReleaseQuerySet, Topic

MAX_PEOPLE = 12
MAX_TOPICS = 50


def _by_country(releases: ReleaseQuerySet, code: str, on: date) -> ReleaseQuerySet:
    return releases.filter(countries__contains=code) if code in countries else releases.none()


def _by_person(releases: ReleaseQuerySet, slug: str, on: date) -> ReleaseQuerySet:
    mentions = Mention.objects.filter(person__in=Person.objects.with_page().filter(slug=slug))
    return releases.filter(pk__in=mentions.values("release"))


def _by_year(releases: ReleaseQuerySet, text: str, on: date) -> ReleaseQuerySet:
    # The start and end of the year must be valid in every time zone; those of 9999 are not.
    is_year = re.fullmatch("(19|20|21)[0-9]{2}", text)
    return releases.filter(publish_at__year=int(text)) if is_year else releases.none()


def _by_day(lookup: str, releases: ReleaseQuerySet, text: str, on: date) -> ReleaseQuerySet:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return releases.none()
    return releases.filter(**{f"publish_at__date__{lookup}": day})


def _kinds(releases: ReleaseQuerySet, on: date) -> Counted:
    kinds = dict(_counted(releases, "kind"))
    return [
        (value, str(label), kinds[value]) for value, label in Release.Kind.choices if value in kinds
    ]


def _topics(releases: ReleaseQuerySet, on: date) -> Counted:
    most_used = (
        Topic.objects.filter(releases__in=releases)
        .annotate(count=Count("releases"))
        .order_by("-count", "name")
        .values_list("slug", "name", "count")[:MAX_TOPICS]
    )
    return sorted(most_used, key=lambda row: row[1])


def _countries(releases: ReleaseQuerySet, on: date) -> Counted:
    counts: Counter[str] = Counter()
    for codes, number in releases.values_list("countries").annotate(count=Count("pk")):
        for code in filter(None, str(codes).split(",")):
            counts[code] += number
    named = [(code, countries.name(code) or code, count) for code, count in counts.items()]
    return sorted(named, key=lambda row: row[1])


def _people(releases: ReleaseQuerySet, on: date) -> Counted:
    return (
        Person.objects.with_page()
        .filter(mentions__release__in=releases)
        .annotate(count=Count("mentions"))
        .order_by("-count", "sort_name", "pk")
        .values_list("slug", "display_name", "count")[:MAX_PEOPLE]
    )


def _years(releases: ReleaseQuerySet, on: date) -> Counted:
    counts = _counted(releases.annotate(year=ExtractYear("publish_at")), "year")
    return [(str(year), str(year), count) for year, count in sorted(counts, reverse=True)]


def _languages(releases: ReleaseQuerySet, on: date) -> Counted:
    counts = sorted(_counted(releases, "language"))
    return [(tag, languages.native_name(tag), count) for tag, count in counts]


def _counted(releases: ReleaseQuerySet, field: str) -> list[tuple[str, int]]:
    return list(
        releases.values_list(field).annotate(count=Count("pk")).values_list(F(field), "count")
    )


@dataclass(frozen=True, slots=True)
class Filters(BaseFilters[ReleaseQuerySet]):
    """The filters in a URL of the archive."""

    TABLE: ClassVar[tuple[Filter[ReleaseQuerySet], ...]] = (
        Filter(
            "kind",
            lambda releases, kind, on: releases.filter(kind=kind),
            pgettext_lazy("kind of release", "Type"),
            _kinds,
        ),
        Filter(
            "topic",
            lambda releases, slug, on: releases.filter(topics__slug=slug),
            _("Topic"),
            _topics,
        ),
        Filter("country", _by_country, _("Country or territory"), _countries),
        Filter("person", _by_person, _("Person"), _people),
        Filter("year", _by_year, _("Year"), _years),
        Filter(
            "language",
            lambda releases, tag, on: releases.filter(language=tag),
            _("Language"),
            _languages,
        ),
        Filter("from_", partial(_by_day, "gte")),
        Filter("to", partial(_by_day, "lte")),
    )

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
        """Read the filters. The case of country codes and language tags is ignored."""
        filters = super(Filters, cls).from_query(query)
        return replace(filters, country=filters.country.upper(), language=_tag(filters.language))


def _tag(text: str) -> str:
    """Return a language tag in the form in which releases store it (RFC 5646, 2.1.1)."""
    try:
        return languages.canonical(text) if text else ""
    except languages.LanguageTagError:
        return text
