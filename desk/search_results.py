"""What a search at the desk shows: for each kind of rows, how many match, and the best of them.

A user sees only kinds that the role may view, and only rows that exist for this user at that time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from desk.name_suggestions import detail_of
from people.models import Case, Person
from releases import search
from releases.models import Quote, Release
from releases.moments import local_time
from releases.rules.desk_visibility import files_visible_to
from releases.search.index import PREFETCHED

FIRST = 10  # results of each kind on the page of all kinds
PAGE_SIZE = 25  # on a page of one kind
TITLE_CHARACTERS = 400
TEXT_CHARACTERS = 240

Pieces = Sequence[tuple[str, bool]]  # plain text, and whether the query finds it


@dataclass(frozen=True, slots=True)
class Result:
    """A row that was found: the address of its page, and texts with marked words.

    `state` is that of its release, and `status` says it in words, with the time. `release` sets the
    language of the texts.
    """

    url: str
    title: Pieces
    text: Pieces = ()
    details: Sequence[str] = ()
    release: Release | None = None
    state: Release.State | None = None
    status: str = ""
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The results of one kind. `total` is the number of hits in words, such as “1,000+”."""

    kind: str
    label: str | Promise
    all_label: str | Promise
    total: str
    is_capped: bool
    page: Page[search.Hit]
    results: list[Result]


class Search(NamedTuple):
    """A query, the user who sent it, and the time."""

    query: search.Query
    user: User
    at: datetime

    def marked(self, text: str, length: int = TEXT_CHARACTERS) -> Pieces:
        return search.snippet(self.query, text, length=length)

    def best_of(self, texts: list[str], title: str) -> Pieces:
        """Return a part of the text that says most about the query, or of the first text."""
        others = [text for text in texts if text.strip() != title]
        best = max(others, key=lambda text: len(self.query.marks(text)), default="")
        return self.marked(best)


def kinds_for(user: Any) -> list[str]:
    """Return the kinds of rows that a user may search. A visitor may search none."""
    return [kind for kind, one in KINDS.items() if user.has_perm(one.permission)]


def results_for(
    query: search.Query, user: User, at: datetime, kinds: Sequence[str], page: Any = None
) -> list[Section]:
    """Return a section for each of these kinds with hits.

    Without `page`, a section has the first results. `page` is the number of a page, as typed.
    """
    found = search.at_desk(query, user, at, kinds)
    asked = Search(query, user, at)
    sections = []
    for kind in kinds:
        if hits := found[kind].rows:
            shown = Paginator(hits, FIRST if page is None else PAGE_SIZE).get_page(page)
            sections.append(
                Section(
                    kind, KINDS[kind].label, KINDS[kind].all_label, _total(found[kind]),
                    found[kind].capped, shown, list(KINDS[kind].read(list(shown), asked)),
                )
            )  # fmt: skip
    return sections


def _total(hits: search.Hits) -> str:
    number = number_format(len(hits.rows), force_grouping=True)
    return f"{number}+" if hits.capped else number


# --- The rows of each kind. Each is read again through what the user may see ----------------------


def _releases(hits: list[search.Hit], asked: Search) -> Iterator[Result]:
    releases = _visible_releases(hits, asked, PREFETCHED[Release])
    for release in _in_order(releases, hits):
        yield _of_release(
            release, asked,
            title=asked.marked(str(release), TITLE_CHARACTERS),
            text=asked.best_of(search.texts_at_desk(release), release.title),
        )  # fmt: skip


def _quotations(hits: list[search.Hit], asked: Search) -> Iterator[Result]:
    releases = _visible_releases(hits, asked)
    quotes = {
        (quote.release_id, quote.position): quote
        for quote in Quote.objects.filter(release__in=releases)
    }
    speakers = {quote.speaker_id for quote in quotes.values()}
    known = set(
        Person.objects.visible_to(asked.user).filter(pk__in=speakers).values_list("pk", flat=True)
    )
    for hit in hits:
        if quote := quotes.get((hit.pk, hit.position)):
            attribution = []
            if quote.speaker_id in known:
                attribution = [quote.attribution_name, quote.attribution_title]
            release = releases[hit.pk]
            yield _of_release(
                release, asked,
                title=asked.marked(quote.text),
                details=[*filter(None, [", ".join(filter(None, attribution)), str(release)])],
            )  # fmt: skip


def _people(hits: list[search.Hit], asked: Search) -> Iterator[Result]:
    people = Person.objects.visible_to(asked.user).prefetch_related("roles", "cases", "names")
    for person in _in_order(people.in_bulk([hit.pk for hit in hits]), hits):
        names = [name.text for name in person.names.all()]
        titles = [str(role) for role in person.roles.all()]
        other = asked.best_of([*names, *titles], person.display_name)
        yield Result(
            reverse("admin:people_person_change", args=[person.pk]),
            title=asked.marked(person.display_name, TITLE_CHARACTERS),
            text=other if any(is_marked for _text, is_marked in other) else (),
            details=[*filter(None, [person.get_level_display(), detail_of(person)])],
        )


def _cases(hits: list[search.Hit], asked: Search) -> Iterator[Result]:
    visible = Case.objects.filter(person__in=Person.objects.visible_to(asked.user))
    cases = visible.select_related("person").prefetch_related(*PREFETCHED[Case])
    for case in _in_order(cases.in_bulk([hit.pk for hit in hits]), hits):
        name = case.person.display_name
        yield Result(
            reverse("admin:people_case_change", args=[case.pk]),
            title=asked.marked(name, TITLE_CHARACTERS),
            text=asked.best_of(search.texts_at_desk(case), name),
            details=[str(case)],
        )


def _files(hits: list[search.Hit], asked: Search) -> Iterator[Result]:
    visible = files_visible_to(asked.user, asked.at)
    for asset in _in_order(visible.in_bulk([hit.pk for hit in hits]), hits):
        name = asset.caption or str(asset)
        details = [asset.get_kind_display(), asset.credit_line or _("No credit")]
        if asset.is_withdrawn():
            details.append(_("withdrawn"))
        elif asset.licence_has_ended(asked.at):
            details.append(_("licence has ended"))
        yield Result(
            reverse("admin:assets_mediaasset_change", args=[asset.pk]),
            title=asked.marked(name, TITLE_CHARACTERS),
            text=asked.best_of(search.texts_at_desk(asset), name.strip()),
            details=details,
        )


def _visible_releases(
    hits: list[search.Hit], asked: Search, prefetched: Sequence[str] = ()
) -> dict[Any, Release]:
    visible = Release.objects.visible_to(asked.user, asked.at).with_mark_for(asked.user)
    rows: QuerySet[Release] = visible.prefetch_related(*prefetched)
    return rows.in_bulk([hit.pk for hit in hits])


def _of_release(release: Any, asked: Search, **texts: Any) -> Result:
    return Result(
        reverse("admin:releases_release_change", args=[release.pk]),
        release=release, state=release.state(asked.at), status=_status(release, asked.at),
        is_marked=release.is_marked, **texts,
    )  # fmt: skip


def _status(release: Release, at: datetime) -> str:
    """Return the state of a release in words, with its time if it has one."""
    state = release.state(at)
    if release.publish_at is None:
        return str(state.label)
    time = local_time(release.publish_at)
    if release.day_only:
        time = date_format(timezone.localtime(release.publish_at), "DATE_FORMAT")
    if state == Release.State.SCHEDULED:
        return _("Scheduled for %(time)s") % {"time": time}
    if state == Release.State.PUBLISHED:
        return _("Published %(time)s") % {"time": time}
    return str(state.label)


def _in_order(rows: dict[Any, Any], hits: list[search.Hit]) -> Iterator[Any]:
    """Yield rows in the order of their hits."""
    return (rows[hit.pk] for hit in hits if hit.pk in rows)


class Kind(NamedTuple):
    """A kind of rows that the desk searches, and how its results are read."""

    label: str | Promise
    all_label: str | Promise
    permission: str
    read: Callable[[list[search.Hit], Search], Iterator[Result]]


KINDS = {
    "releases": Kind(
        gettext_lazy("Releases"), gettext_lazy("Show all releases"),
        "releases.view_release", _releases,
    ),
    "quotations": Kind(
        gettext_lazy("Quotations"), gettext_lazy("Show all quotations"),
        "releases.view_release", _quotations,
    ),
    "people": Kind(
        gettext_lazy("People"), gettext_lazy("Show all people"), "people.view_person", _people
    ),
    "cases": Kind(
        gettext_lazy("Cases"), gettext_lazy("Show all cases"), "people.view_case", _cases
    ),
    "files": Kind(
        gettext_lazy("Pictures and documents"), gettext_lazy("Show all pictures and documents"),
        "assets.view_mediaasset", _files,
    ),
}  # fmt: skip
