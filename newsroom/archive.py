"""The filters of the archive and their choices. An original and its translations count as one."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Case, Count, F, Q, UUIDField, Value, When
from django.db.models.functions import ExtractYear, TruncMonth
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries import countries

from newsroom.facets import Counted, Filter
from newsroom.facets import Filters as BaseFilters
from people.models import Person
from releases import languages, search
from releases.models import Mention, Release, ReleaseQuerySet, Topic, text_of

MAX_PEOPLE = 12
MAX_TOPICS = 50
QUOTATIONS, PEOPLE = "quotations", "people"
RESULTS = (QUOTATIONS, PEOPLE)  # other kinds of results than releases
BY_DAY = "day"
MONTH = re.compile("(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")


def _by_country(releases: ReleaseQuerySet, code: str, on: date) -> ReleaseQuerySet:
    return releases.filter(countries__contains=code) if code in countries else releases.none()


def _by_person(releases: ReleaseQuerySet, slug: str, on: date) -> ReleaseQuerySet:
    mentions = Mention.objects.filter(person__in=Person.objects.with_page().filter(slug=slug))
    return releases.filter(pk__in=mentions.values("release"))


def _by_year(releases: ReleaseQuerySet, text: str, on: date) -> ReleaseQuerySet:
    # The start and end of the year must be valid in every time zone; those of 9999 are not.
    is_year = re.fullmatch("(19|20|21)[0-9]{2}", text)
    return releases.filter(publish_at__year=int(text)) if is_year else releases.none()


def _by_month(releases: ReleaseQuerySet, text: str, on: date) -> ReleaseQuerySet:
    if not MONTH.fullmatch(text):
        return releases.none()
    year, month = int(text[:4]), int(text[5:])
    return releases.filter(publish_at__year=year, publish_at__month=month)


def _by_day(lookup: str, releases: ReleaseQuerySet, text: str, on: date) -> ReleaseQuerySet:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return releases.none()
    return releases.filter(**{f"publish_at__date__{lookup}": day})


def _kinds(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    return kind_choices(dict(_counted(releases, "kind", translated)))


def kind_choices(counts: Mapping[str, int]) -> Counted:
    """Return the choices of a facet: values, labels and counts. So do the functions like it."""
    return [
        (value, str(label), counts[value])
        for value, label in Release.Kind.choices
        if value in counts
    ]


def _topics(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    most_used = (
        Topic.objects.filter(releases__in=releases)
        .annotate(count=_number(translated, "releases"))
        .order_by("-count", "name")
        .values_list("slug", "name", "count")[:MAX_TOPICS]
    )
    return sorted(most_used, key=lambda row: row[1])


def _countries(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    # The column lists several countries. Only texts whose languages list different ones have to be
    # compared in Python.
    marked = releases.annotate(text=Value(None, output_field=UUIDField()))
    if translated:
        same = Q(countries=F("translation_of__countries"))
        differing = releases.filter(~same, translation_of__isnull=False).values("translation_of")
        differs = When(of_text__in=differing, then=F("of_text"))
        marked = releases.alias(of_text=text_of()).annotate(text=Case(differs))
    rows = marked.values_list("countries", "text").annotate(count=_number(translated))
    counts: Counter[str] = Counter()
    counted: set[tuple[str, UUID]] = set()
    for codes, text, number in rows:
        for code in filter(None, str(codes).split(",")):
            if text is None:
                counts[code] += number
            elif (code, text) not in counted:
                counted.add((code, text))
                counts[code] += 1
    return country_choices(counts)


def country_choices(counts: Mapping[str, int]) -> Counted:
    named = [(code, countries.name(code) or code, count) for code, count in counts.items()]
    return sorted(named, key=lambda row: row[1])


def _people(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    return (
        Person.objects.with_page()
        .filter(mentions__release__in=releases)
        .annotate(count=_number(translated, "mentions__release"))
        .order_by("-count", "sort_name", "pk")
        .values_list("slug", "display_name", "count")[:MAX_PEOPLE]
    )


def _years(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    counts = _counted(releases.annotate(year=ExtractYear("publish_at")), "year", translated)
    return year_choices(dict(counts))


def year_choices(counts: Mapping[int, int]) -> Counted:
    return [(str(year), str(year), counts[year]) for year in sorted(counts, reverse=True)]


def _months(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    counts = _counted(releases.annotate(month=TruncMonth("publish_at")), "month", translated)
    return month_choices(dict(counts))


def month_choices(counts: Mapping[date, int]) -> Counted:
    """Return the choices for months, each given as one of its days."""
    return [
        (f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT"), counts[month])
        for month in sorted(counts, reverse=True)
    ]


def _languages(releases: ReleaseQuerySet, on: date, *, translated: bool = True) -> Counted:
    return language_choices(dict(_counted(releases, "language", translated)))


def language_choices(counts: Mapping[str, int]) -> Counted:
    return [(tag, languages.native_name(tag), counts[tag]) for tag in sorted(counts)]


def _counted(releases: ReleaseQuerySet, field: str, translated: bool) -> list[tuple[Any, int]]:
    counts = releases.values_list(field).annotate(count=_number(translated))
    return list(counts.values_list(F(field), "count"))


def _number(translated: bool, release: str = "") -> Count:
    """Return the number of texts; see `text_of`. Without translations, each release is one."""
    if translated:
        return Count(text_of(release), distinct=True)
    return Count(release or "pk")


@dataclass(frozen=True, slots=True)
class Filters(BaseFilters[ReleaseQuerySet]):
    """The filters in a URL of the archive.

    `q` is the text of a search: see `found_by`. `show` and `sort` are for its results page: which
    kind of results (RESULTS, "" means releases), and in which order ("day", or "" for relevance).
    """

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
        Filter("month", _by_month, _("Month"), _months, inside="year"),
        Filter(
            "language",
            lambda releases, tag, on: releases.filter(language=tag),
            _("Language"),
            _languages,
        ),
        Filter("from_", partial(_by_day, "gte")),
        Filter("to", partial(_by_day, "lte")),
    )

    q: str = ""
    kind: str = ""
    topic: str = ""
    country: str = ""
    person: str = ""
    language: str = ""
    year: str = ""
    month: str = ""
    from_: str = ""
    to: str = ""
    show: str = ""
    sort: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read the search and the filters. The case of country codes and language tags is ignored.

        A month without a year chooses its year too, so that the page offers its other months.
        """
        filters = super(Filters, cls).from_query(query)
        year = filters.year or (filters.month[:4] if MONTH.fullmatch(filters.month) else "")
        return replace(
            filters,
            country=filters.country.upper(),
            language=_tag(filters.language),
            year=year,
            show=filters.show if filters.q and filters.show in RESULTS else "",
            sort=filters.sort if filters.q and filters.sort == BY_DAY else "",
        )

    def only_search(self, q: str = "") -> str:
        """Return the query of the URL without the filters, for the link that clears them.

        With `q`, it is for another search.
        """
        return Filters(q=q or self.q, show=self.show, sort=self.sort).query()

    def showing(self, show: str) -> str:
        """Return the query of the URL for another kind of results."""
        return replace(self, show=show).query()

    def sorted_by(self, sort: str) -> str:
        """Return the query of the URL for another order."""
        return replace(self, sort=sort).query()

    def feed_query(self) -> str:
        """Return the query of the feed of these releases."""
        return replace(self, show="", sort="").query()

    def found_by(self, releases: ReleaseQuerySet, at: datetime) -> ReleaseQuerySet:
        """Return those of some releases that the search finds; all of them without a search.

        Releases have to be public at that time. At most search.MAX_HITS are found, the newest.
        """
        if not self.q:
            return releases
        hits = search.releases(search.parse(self.q), at, within=releases)
        return releases.filter(pk__in=hits.pks)

    def _with(self, name: str, value: str) -> "Filters":
        changed = super(Filters, self)._with(name, value)
        return replace(changed, month="") if name == "year" else changed


def _tag(text: str) -> str:
    """Return a language tag in the form in which releases store it (RFC 5646, 2.1.1)."""
    try:
        return languages.canonical(text) if text else ""
    except languages.LanguageTagError:
        return text
