"""The filters beside the results of a search. Their choices are counted from the hits.

The databases are not asked to search again for each filter. Each count is the number of results
behind its link, unless more was found than is ranked.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from newsroom.archive import (
    MAX_PEOPLE,
    MAX_TOPICS,
    Filters,
    country_choices,
    kind_choices,
    language_choices,
    month_choices,
    year_choices,
)
from newsroom.facets import Counted, Facet, Filter
from people.models import Person
from releases.models import Mention, ReleaseQuerySet, Topic
from releases.search import Hit

Counts = dict[Any, int]
Values = Callable[[Hit], Iterable[Hashable]]


def facets_of(
    filters: Filters,
    hits: Sequence[Hit],
    public: ReleaseQuerySet,
    on: date,
    listed: Callable[[Sequence[Hit]], int],
) -> list[Facet]:
    """Return the facets of some hits that no filter has narrowed yet.

    `listed` returns how many results the page lists for some hits. `public`: the public releases.
    """
    releases = public.filter(pk__in={hit.pk for hit in hits}) if filters else public
    values = _values(hits, on)
    left: dict[str, set[UUID]] = {}  # by the filters, which releases they leave

    def counted(each: Filter[ReleaseQuerySet]) -> Counted:
        others = filters.without(each.name)
        matching = hits
        if others:
            query = others.query()
            if query not in left:
                left[query] = set(others.apply(releases, on).values_list("pk", flat=True))
            matching = [hit for hit in hits if hit.pk in left[query]]
        having: dict[Hashable, list[Hit]] = defaultdict(list)
        for hit in matching:
            for value in values[each.name](hit):
                having[value].append(hit)
        return CHOICES[each.name]({value: listed(some) for value, some in having.items()})

    return list(filters.facets_with(counted))


def _values(hits: Iterable[Hit], on: date) -> dict[str, Values]:
    """Return for each filter the function that returns the values of a hit."""
    releases = {hit.pk for hit in hits}
    days = {hit.pk: timezone.localdate(hit.day) for hit in hits if hit.day}
    about = Topic.releases.through.objects.filter(release__in=releases)
    topics = defaultdict(list)
    for release, *topic in about.values_list("release", "topic__slug", "topic__name"):
        topics[release].append(tuple(topic))
    naming = Mention.objects.filter(release__in=releases, person__in=Person.objects.with_page(on))
    rows = naming.values_list(
        "release", "person__sort_name", "person", "person__slug", "person__display_name"
    )
    people = defaultdict(set)
    for release, *person in rows.order_by():
        people[release].add(tuple(person))
    return {
        "kind": lambda hit: [hit.kind],
        "topic": lambda hit: topics[hit.pk],
        "country": lambda hit: filter(None, hit.countries.split(",")),
        "person": lambda hit: people[hit.pk],
        "year": lambda hit: [days[hit.pk].year],
        "month": lambda hit: [days[hit.pk].replace(day=1)],
        "language": lambda hit: [hit.language],
    }


def _topic_choices(counts: Counts) -> Counted:
    most_used = Counter(counts).most_common()
    most_used.sort(key=lambda row: (-row[1], row[0][1]))
    kept = [(slug, name, count) for (slug, name), count in most_used[:MAX_TOPICS]]
    return sorted(kept, key=lambda row: row[1])


def _person_choices(counts: Counts) -> Counted:
    ranked = sorted(counts.items(), key=lambda row: (-row[1], row[0][:2]))
    return [(slug, name, count) for (_sort, _pk, slug, name), count in ranked[:MAX_PEOPLE]]


CHOICES: dict[str, Callable[[Counts], Counted]] = {
    "kind": kind_choices,
    "topic": _topic_choices,
    "country": country_choices,
    "person": _person_choices,
    "year": year_choices,
    "month": month_choices,
    "language": language_choices,
}
