"""The results page of a search: releases, quotations and people, each under a tab.

Everything on it is public at one moment. Which rows are found, and in which order, is decided by
`releases.search`. Their texts are those that their own pages print.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from newsroom.archive import BY_DAY, PEOPLE, QUOTATIONS, Filters
from newsroom.facets import Facet
from newsroom.found_facets import facets_of
from newsroom.listing import Texts
from newsroom.page import attribution_of, name_withheld
from newsroom.paging import page_of
from newsroom.prisoners import current_cases
from people.models import Case, Person, PersonName
from releases import search
from releases.document import Attribution, Document
from releases.models import Candidate, Quote, Release, one_of_text
from releases.search import Hit, Hits
from releases.search.matching import RANK, STANDFIRST, TITLE

RELEASES = ""  # the kind of results that the URL does not name
AT_THE_TOP = (RANK[TITLE], RANK[STANDFIRST])  # the words are in the title or the standfirst

# The kinds of results to which the filters apply.
SEARCHES = {QUOTATIONS: search.quotations, RELEASES: search.releases}

Pieces = list[tuple[str, bool]]  # a text in pieces, and whether the search finds each


@dataclass(frozen=True, slots=True)
class Choice:
    """A link to another view of the same search, such as a tab. `count` may end with “+”."""

    label: str
    query: str
    chosen: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class FoundRelease:
    """A release, its title, and the part of its text that says most about the search."""

    release: Release
    title: Pieces
    text: Pieces
    translations: list[Release]


@dataclass(frozen=True, slots=True)
class FoundQuotation:
    """A quotation as the page of its release prints it."""

    quote: Quote
    attribution: Attribution
    paragraphs: list[Pieces]
    translations: list[Release]


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person with a public page, all printed names, and the newest case."""

    person: Person
    name: Pieces
    other_names: list[tuple[PersonName, Pieces]]
    case: Case | None


def results(request: HttpRequest, filters: Filters, texts: Texts) -> dict[str, Any]:
    """Return the context of the results page. Raises Http404 if there is no such page."""
    search_page = SearchPage(filters, texts)
    page = page_of(request, list(search_page.shown.rows))
    return {
        "filters": filters,
        "query": search_page.query,
        "page": page,
        "results": search_page.read(page),
        "tabs": search_page.tabs(),
        "orders": search_page.orders(),
        "facets": search_page.facets(),
        "correction": search_page.correction,
        "is_found": search_page.is_found,
        "is_capped": search_page.shown.capped,
        "max_hits": number_format(search.MAX_HITS, force_grouping=True),
        "today": search_page.today,
    }


class SearchPage:
    """What a search finds for a reader at a moment. An original and its translations are one."""

    def __init__(self, filters: Filters, texts: Texts) -> None:
        self.filters, self.texts, self.at = filters, texts, texts.at
        self.today = timezone.localdate(self.at)
        self.query = search.parse(filters.q)
        self.public = Release.objects.public(self.at).order_by()
        self.people = search.people(self.query, self.at)
        # What matches without the filters: each facet counts what the other filters leave of it.
        self.everything = {show: find(self.query, self.at) for show, find in SEARCHES.items()}
        narrowed = {show: self._narrowed(show) for show in SEARCHES}
        self.originals = self._originals([*self.everything.values(), *narrowed.values()])
        self.found = {
            show: Hits(tuple(self._one_per_text(hits.rows)), hits.capped)
            for show, hits in narrowed.items()
        } | {PEOPLE: self.people}

    @property
    def is_found(self) -> bool:
        """Whether there are results of any kind."""
        return any(hits.rows for hits in self.found.values())

    @property
    def shown(self) -> Hits:
        """The hits of the chosen kind in the chosen order."""
        hits = self.found[self.filters.show]
        is_by_day = self.filters.sort == BY_DAY and self.filters.show != PEOPLE
        return hits.order_by_day() if is_by_day else hits

    @cached_property
    def correction(self) -> Choice | None:
        """The link to the search that was probably meant, if nothing is found at all."""
        if self.people.rows or any(hits.rows for hits in self.everything.values()):
            return None
        text = search.correction(self.query, self.at)
        return Choice(text, self.filters.only_search(text), chosen=False) if text else None

    def tabs(self) -> list[Choice]:
        """Return the kinds of results, each with the number of what is public."""
        labels = {QUOTATIONS: _("Quotations"), RELEASES: _("Releases"), PEOPLE: _("People")}
        return [
            Choice(
                label,
                self.filters.showing(show),
                show == self.filters.show,
                _number_of(self.found[show]),
            )
            for show, label in labels.items()
        ]

    def orders(self) -> list[Choice]:
        """Return the orders of releases and quotations. People are listed by name."""
        if self.filters.show == PEOPLE:
            return []
        labels = {"": _("Relevance"), BY_DAY: _("Day")}
        return [
            Choice(label, self.filters.sorted_by(sort), sort == self.filters.sort)
            for sort, label in labels.items()
        ]

    def facets(self) -> list[Facet]:
        """Return the filters of releases and quotations, with the numbers of those."""

        def listed(hits: Sequence[Hit]) -> int:
            return len(self._one_per_text(hits))

        hits = self.everything.get(self.filters.show, Hits()).rows
        if not hits:
            return []
        return facets_of(self.filters, hits, self.public, self.today, listed)

    def read(self, hits: Iterable[Hit]) -> "list[FoundRelease | FoundQuotation | FoundPerson]":
        """Return what the page prints of some hits of the chosen kind, in their order."""
        read: Any = {QUOTATIONS: self._quotations, RELEASES: self._releases, PEOPLE: self._people}
        return list(read[self.filters.show](list(hits)))

    def _releases(self, hits: list[Hit]) -> list[FoundRelease]:
        rows = self.public.in_bulk([hit.pk for hit in hits])
        others = self.texts.others(rows.values())
        return [
            FoundRelease(
                rows[hit.pk],
                self._marked(rows[hit.pk].title),
                self._part_of(rows[hit.pk], hit.place),
                others[hit.pk],
            )
            for hit in hits
            if hit.pk in rows
        ]

    def _part_of(self, release: Release, place: int) -> Pieces:
        """Return the part of the text that has the most words of the query.

        The standfirst is enough if it has them, or the title: it takes time to read a whole text.
        """
        standfirst = search.snippet(self.query, release.standfirst)
        is_marked = any(marked for _text, marked in standfirst)
        at_the_top = is_marked or self.query.marks(release.title)
        if standfirst and place in AT_THE_TOP and at_the_top:
            return standfirst
        notes = Document(release.notes_to_editors)
        text = "\n".join([release.standfirst, release.document.text, notes.text])
        return search.snippet(self.query, text)

    def _quotations(self, hits: list[Hit]) -> list[FoundQuotation]:
        releases = self.public.filter(pk__in={hit.pk for hit in hits})
        quotes = (
            Quote.objects.filter(
                release__in=releases.values("pk"), position__in={hit.position for hit in hits}
            )
            .select_related("speaker", "release")
            .defer("release__body", "release__notes_to_editors")
        )
        rows = {(quote.release_id, quote.position): quote for quote in quotes}
        found = [
            rows[hit.pk, hit.position] for hit in hits if (hit.pk, hit.position) in rows
        ]  # fmt: skip
        others = self.texts.others(quote.release for quote in found)
        return [
            FoundQuotation(
                quote,
                attribution_of(quote, self.today) or name_withheld(),
                [self._marked(paragraph) for paragraph in quote.paragraphs],
                others[quote.release_id],
            )
            for quote in found
        ]

    def _people(self, hits: list[Hit]) -> list[FoundPerson]:
        with_page = Person.objects.with_page(self.today).select_related("portrait")
        people = with_page.prefetch_related("names", "roles").in_bulk([hit.pk for hit in hits])
        cases = {
            case.person_id: case
            for case in current_cases(self.today).filter(person__in=list(people))
        }
        return [
            FoundPerson(
                people[hit.pk],
                self._marked(people[hit.pk].display_name),
                [
                    (name, self._marked(name.text))
                    for name in people[hit.pk].names.all()
                    if name.printed
                ],
                cases.get(hit.pk),
            )
            for hit in hits
            if hit.pk in people
        ]

    def _marked(self, text: str) -> Pieces:
        return search.snippet(self.query, text, length=len(text))

    def _narrowed(self, show: str) -> Hits:
        """Return the hits of a kind that match the filters."""
        hits = self.everything[show]
        if not self.filters:
            return hits
        if hits.capped:  # the filters may match others than the newest
            within = self.filters.apply(self.public, self.today)
            return SEARCHES[show](self.query, self.at, within)
        return Hits(tuple(hit for hit in hits.rows if hit.pk in self._matching))

    @cached_property
    def _matching(self) -> set[UUID]:
        """The releases among all hits that match the filters."""
        keys = {hit.pk for hits in self.everything.values() for hit in hits.rows}
        found = self.filters.apply(self.public.filter(pk__in=keys), self.today)
        return set(found.values_list("pk", flat=True))

    def _originals(self, found: list[Hits]) -> dict[UUID, UUID]:
        """Return the originals of the releases that are translations."""
        keys = {hit.pk for hits in found for hit in hits.rows}
        if not keys or not self.texts.translated:
            return {}
        translations = self.public.filter(pk__in=keys, translation_of__isnull=False)
        pairs = translations.values_list("pk", "translation_of")
        return {pk: original for pk, original in pairs if original}

    def _one_per_text(self, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Return hits without those in other languages than the one that suits the reader.

        It is chosen among the languages of a text that have hits.
        """
        if not self.originals:
            return hits
        languages: dict[UUID, dict[UUID, Candidate]] = defaultdict(dict)
        for hit in hits:
            if hit.day:  # as every public release has
                original = self.originals.get(hit.pk)
                this = Candidate(hit.language, original, hit.day)
                languages[original or hit.pk][hit.pk] = this
        chosen = {one_of_text(each, self.texts.preferred) for each in languages.values()}
        return [hit for hit in hits if hit.pk in chosen]


def _number_of(hits: Hits) -> str:
    """Return the number of hits. It ends with “+” if there are more than were ranked."""
    number = number_format(len(hits.rows), force_grouping=True)
    return _("%(number)s+") % {"number": number} if hits.capped else number
