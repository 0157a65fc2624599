# Above 450 lines because the addresses, the reading and the attribution of names share their types.
"""Finds protected names in everything that the public site prints.

Pages are requested in this process, without signing in. No server needs to run. Every public route
is in `COVERED`, or in `EXCUSED` with the reason why it is not read.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import IO, Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http.request import validate_host
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.models import MediaAsset
from leakcheck import printed_texts
from leakcheck.printed_texts import PdfReaderMissingError, UnreadableFileError, readings
from newsroom.feeds import MAX_FEED_ENTRIES
from newsroom.formats import FEED_FORMATS, RELEASE_FORMATS
from newsroom.paging import PAGE_SIZE
from newsroom.prisoners import current_cases
from newsroom.views import SITEMAP_SIZE
from people.models import Case, Consent, LevelChange, Person
from people.names import letters
from people.names.shared import people_index
from releases.models import Contact, Correction, Event, NameCheckFind, NameException, Release, Topic
from releases.rules.protected_names import printing
from releases.rules.public_texts import (
    TABLES,
    is_printed,
    model_of,
    person_of,
    printed_by,
    printed_with,
    releases_printing,
    row_of,
    row_or_none,
    table_of,
    texts_of,
)
from releases.rules.visibility import public_assets
from releases.workflow.restricting import notify_of_names

BATCH = 200  # rows that are read at once
MAX_REMEMBERED = 50_000  # texts whose names are cached: many texts are on every page
IN_MEMORY = 16_000_000  # bytes of an archive; a larger one is written to disk
SITE_TEXTS = ("SITE_NOTICE", "NEWSROOM_NAME", "NEWSROOM_EMAIL", "NEWSROOM_PHONE")

Kind = NameCheckFind.Kind
# The labels of the places that the readers of texts name. Other places are printed as they are.
PLACES: dict[str, str | Promise] = {
    "text": gettext_lazy("text"),
    "comment": gettext_lazy("comment"),
    "structured data": gettext_lazy("structured data"),
    "script": gettext_lazy("script"),
    "style": gettext_lazy("style sheet"),
    "cell": gettext_lazy("cell of a table"),
    "metadata": gettext_lazy("metadata"),
    "properties": gettext_lazy("properties"),
}
_ATTRIBUTE = "attribute "


class CheckError(Exception):
    """The check could not run. The message gives the reason and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """A public address, and the record that it belongs to, if any.

    `without_names` is the address with IDs in place of slugs, for reports that print no names.
    """

    path: str
    without_names: str
    kind: Kind
    source: Model | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A protected name that the site prints: the person, the address, the place in the answer."""

    person: UUID
    surface: str
    address: Address
    kind: Kind
    place: str
    table: str = ""
    row: str = ""
    accepted: bool = False
    warned: bool = False


@dataclass(slots=True)
class Report:
    """What was read, and what was found in it."""

    requests: int = 0
    files: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    unread_pages: list[str] = field(default_factory=list)
    unread_files: list[str] = field(default_factory=list)
    unread_pdfs: int = 0

    def open(self) -> list[Found]:
        """Return the names that must be removed or accepted."""
        return [find for find in self.found if not find.accepted and not find.warned]

    def warned(self) -> list[Found]:
        return [find for find in self.found if find.warned and not find.accepted]

    def accepted(self) -> list[Found]:
        return [find for find in self.found if find.accepted]


# --- The public addresses ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """The records whose addresses are read. `whole` is set if these are all public records."""

    at: datetime
    releases: QuerySet[Release]
    people: QuerySet[Person]
    assets: QuerySet[MediaAsset]
    topics: QuerySet[Topic]
    listed: int
    whole: bool

    def count(self) -> int:
        """Return the approximate number of addresses."""
        forms = 5 * self.releases.count()
        return forms + self.people.count() + self.assets.count() + 4 * self.topics.count() + 14


Addresses = Callable[[Scope], Iterator[Address]]


def _each(rows: QuerySet[Any]) -> Iterator[Any]:
    """Yield rows, loaded in batches. Rows that are deleted during the run are skipped."""
    pks = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        yield from rows.model._default_manager.in_bulk(pks[start : start + BATCH]).values()


def _fixed(name: str, kind: Kind) -> Addresses:
    def addresses(scope: Scope) -> Iterator[Address]:
        yield Address(reverse(name), reverse(name), kind)

    return addresses


def _by_topic(name: str, kind: Kind) -> Addresses:
    def addresses(scope: Scope) -> Iterator[Address]:
        yield from _fixed(name, kind)(scope)
        for topic in _each(scope.topics):
            path = f"{reverse(name)}?{urlencode({'topic': topic.slug})}"
            yield Address(path, f"{reverse(name)}?topic={topic.pk}", kind)

    return addresses


def _next_pages(first: Address, rows: int, size: int) -> Iterator[Address]:
    """Yield the pages of a list after the first one."""
    for number in range(2, (rows + size - 1) // size + 1):
        page = f"?page={number}"
        yield replace(first, path=first.path + page, without_names=first.without_names + page)


def _all_releases(name: str, kind: Kind) -> Addresses:
    """Return the addresses of a list of releases: its pages, and the first one for each topic."""

    def addresses(scope: Scope) -> Iterator[Address]:
        yield from _by_topic(name, kind)(scope)
        yield from _next_pages(Address(reverse(name), reverse(name), kind), scope.listed, PAGE_SIZE)

    return addresses


def _feed(name: str) -> Addresses:
    def addresses(scope: Scope) -> Iterator[Address]:
        shown = replace(scope, listed=min(scope.listed, MAX_FEED_ENTRIES))
        yield from _all_releases(name, Kind.FEED)(shown)

    return addresses


def _paged(name: str, kind: Kind, rows: Callable[[datetime], int], size: int) -> Addresses:
    def addresses(scope: Scope) -> Iterator[Address]:
        for first in _fixed(name, kind)(scope):
            yield first
            yield from _next_pages(first, rows(scope.at), size)

    return addresses


def _people(scope: Scope) -> Iterator[Address]:
    public = Release.objects.public(scope.at)
    for person in _each(scope.people):
        first = _of_person(person)
        yield first
        quotations = person.quotes.filter(release__in=public).count()
        yield from _next_pages(first, quotations, PAGE_SIZE)


def _spokespeople(at: datetime) -> int:
    today = timezone.localdate(at)
    return Person.objects.with_page(today).spokespeople(today).count()


def _of_releases(name: str, kind: Kind) -> Addresses:
    def addresses(scope: Scope) -> Iterator[Address]:
        for release in _each(scope.releases):
            yield _of_release(name, kind, release, release.slug)

    return addresses


def _of_release(name: str, kind: Kind, release: Release, slug: str) -> Address:
    paths = reverse(name, args=[slug]), reverse(name, args=[str(release.pk)])
    return Address(*paths, kind, release)


def _of_person(person: Person) -> Address:
    paths = person.get_absolute_url(), reverse("person", args=[str(person.pk)])
    return Address(*paths, Kind.PAGE, person)


def _of_asset(asset: MediaAsset) -> Address:
    path = asset.public_url(*asset.download_rendition)
    return Address(path, path, Kind.METADATA if asset.is_picture else Kind.DOCUMENT, asset)


# How a format is read, if not as an export.
KIND_OF_FORMAT = {
    "release_text": Kind.TEXT,
    "release_card": Kind.CARD,
    "release_zip": Kind.ARCHIVE,
}
FORMS = {
    "release": Kind.PAGE,
    **{each.name: KIND_OF_FORMAT.get(each.name, Kind.EXPORT) for each in RELEASE_FORMATS},
}
COVERED: dict[str, Addresses] = {
    "newsroom": _fixed("newsroom", Kind.PAGE),
    "archive": _all_releases("archive", Kind.PAGE),
    **{each.name: _feed(each.name) for each in FEED_FORMATS},
    **{name: _of_releases(name, kind) for name, kind in FORMS.items()},
    "people": _paged("people", Kind.PAGE, _spokespeople, PAGE_SIZE),
    "person": _people,
    "prisoners": _paged(
        "prisoners", Kind.PAGE, lambda at: current_cases(timezone.localdate(at)).count(), PAGE_SIZE
    ),
    "prisoners_csv": _fixed("prisoners_csv", Kind.EXPORT),
    "rendition": lambda scope: map(_of_asset, _each(scope.assets)),
    "sitemap": _fixed("sitemap", Kind.ADDRESSES),
    "sitemap_pages": _fixed("sitemap_pages", Kind.ADDRESSES),
    "sitemap_people": _paged(
        "sitemap_people",
        Kind.ADDRESSES,
        lambda at: Person.objects.with_page(timezone.localdate(at)).count(),
        SITEMAP_SIZE,
    ),
    "sitemap_releases": _paged(
        "sitemap_releases",
        Kind.ADDRESSES,
        lambda at: Release.objects.public(at).count(),
        SITEMAP_SIZE,
    ),
    "robots": _fixed("robots", Kind.ADDRESSES),
}
EXCUSED = {
    "preview": "not public: a preview link is for one reader",
    "preview_text": "not public: a preview link is for one reader",
    "preview_picture": "not public: a preview link is for one reader",
    "suggest": "prints titles, topics and names of people that the pages above print",
    "healthz": "prints a fixed text",
    "readyz": "prints the state of the servers, and no text of the newsroom",
}


def whole_site(at: datetime) -> Scope:
    """Return everything that is public at a moment."""
    return Scope(
        at=at,
        releases=_printed_releases(at),
        people=Person.objects.with_page(timezone.localdate(at)),
        assets=public_assets(at),
        topics=Topic.objects.filter(releases__in=_printed_releases(at).values("pk")).distinct(),
        listed=Release.objects.public(at).count(),
        whole=True,
    )


def _printed_releases(at: datetime) -> QuerySet[Release]:
    public = Q(pk__in=Release.objects.public(at).values("pk"))
    return Release.objects.filter(public | Q(pk__in=Release.objects.tombstones(at).values("pk")))


# --- The site ------------------------------------------------------------------------------------


class Site:
    """The site in this process, as a stranger sees it: no session, no cookies."""

    def __init__(self) -> None:
        self._client = Client(raise_request_exception=False)
        self._host = host()

    def send(self, path: str, method: str = "GET") -> Any:
        request = self._client.head if method == "HEAD" else self._client.get
        answer: Any = request(path, secure=True, headers={"host": self._host})
        if method == "HEAD" and answer.streaming:
            list(answer.streaming_content)  # it is empty; reading it closes the file
        return answer


def host() -> str:
    """Return the host name of the site. Raises CheckError if it has none."""
    allowed = settings.ALLOWED_HOSTS
    names = [urlsplit(settings.SITE_URL).netloc, *(name.lstrip(".") for name in allowed)]
    names += ["localhost"] if settings.DEBUG or "*" in allowed else []
    for name in filter(None, names):
        if name != "*" and validate_host(name.partition(":")[0], allowed or ["localhost"]):
            return name
    raise CheckError(
        _("The site has no host name. Set ALLOWED_HOSTS, and SITE_URL to one of them.")
    )


@contextmanager
def _content(answer: Any) -> Iterator[IO[bytes]]:
    """Open the content of an answer, on disk if it is large. Raises UnreadableFileError."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            for piece in answer.streaming_content if answer.streaming else [answer.content]:
                file.write(piece)
        except Exception as problem:  # any exception of the site, which runs in this process
            raise UnreadableFileError(_("the response is incomplete; see the log")) from problem
        file.seek(0)
        yield file


# --- The check -----------------------------------------------------------------------------------

Piece = tuple[Kind, str, str]  # kind, place and text


class NameCheck:
    """One run over the public site, or over what changed since a moment."""

    def __init__(
        self,
        at: datetime,
        since: datetime | None = None,
        progress: Callable[[str, int, int], object] = lambda what, done, total: None,
    ) -> None:
        self.at, self.since, self.progress = at, since, progress
        self.report = Report()
        self.site = Site()
        self.index = people_index()
        people = Person.objects.protected(timezone.localdate(at)).values_list("pk", flat=True)
        self.protected = set(people)
        self.allowed: dict[tuple[str, str], set[str]] = {}
        for exception in NameException.objects.standing():
            key = (exception.table, str(exception.release_id or exception.row))
            self.allowed.setdefault(key, set()).add(letters(exception.name))
        self._allowed_in_lists: set[str] | None = None
        self._known: dict[str, tuple[tuple[UUID, str, bool], ...]] = {}
        self._site_texts: list[str] = []
        self._read: list[str] = []

    def run(self) -> Report:
        """Read everything, store what was found for the desk, and return the report."""
        self._check_front_page()
        self._look_at_settings()
        since = Changes(self, self.since) if self.since else None
        scope = since.scope() if since else whole_site(self.at)
        total = scope.count()
        for addresses in COVERED.values():
            for address in addresses(scope):
                self._look_at(address)
                self.progress(
                    _("addresses read"), self.report.requests, max(total, self.report.requests)
                )
        self._store(since)
        return self.report

    def matches(self, text: str) -> tuple[tuple[UUID, str, bool], ...]:
        """Return the protected names in a text: person, spelling, and whether it is certain."""
        known = self._known.get(text)
        if known is None:
            found: dict[tuple[UUID, str], tuple[str, bool]] = {}
            for reading in readings(text):
                for match in self.index.matches(reading):
                    if match.person in self.protected:
                        key = (match.person, letters(match.surface))
                        surface, blocks = found.get(key, (match.surface, False))
                        found[key] = surface, blocks or match.blocks
            known = tuple((person, *what) for (person, _), what in found.items())
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[text] = known
        return known

    def printable(self, address: Address) -> str:
        """Return an address without a protected name in it."""
        return address.without_names if self.matches(address.path) else address.path

    # --- Reading -------------------------------------------------------------------------------

    def _check_front_page(self) -> None:
        status = self.site.send(reverse("newsroom")).status_code
        if status != 200:
            raise CheckError(
                _(
                    "The front page has status %(status)d, so the site can’t be read. See its log, "
                    "and ALLOWED_HOSTS and SITE_URL."
                )
                % {"status": status}
            )

    def _look_at_settings(self) -> None:
        """Find the names in settings that every page prints, and report them once."""
        front = Address(reverse("newsroom"), reverse("newsroom"), Kind.NOTICE)
        for name in SITE_TEXTS:
            text = " ".join(getattr(settings, name).split())
            if found := self.matches(text):
                self._site_texts.append(text)
            for person, surface, blocks in found:
                self.report.found.append(
                    Found(person, surface, front, Kind.NOTICE, name, warned=not blocks)
                )

    def _look_at(self, address: Address) -> None:
        asset = address.source if isinstance(address.source, MediaAsset) else None
        answer = self.site.send(address.path, "HEAD" if asset else "GET")
        self.report.requests += 1
        self._read.append(address.path)
        if answer.status_code >= 400 and answer.status_code not in (404, 410):
            self._cannot_read(address, _("status %(status)d") % {"status": answer.status_code})
        elif answer.status_code != 404:  # it is no longer public
            found: dict[tuple[UUID, str, Kind, str], Found] = {}
            try:
                self._collect(address, _texts_in_headers(answer), found)
                self._collect(
                    address, _texts_in_asset(asset) if asset else _texts_in(answer, address), found
                )
            except PdfReaderMissingError:
                self.report.unread_pdfs += 1
            except (UnreadableFileError, OSError, ValueError) as problem:
                if asset:
                    self.report.unread_files.append(f"{address.path}: {problem}")
                else:
                    self._cannot_read(address, str(problem))
            if asset:
                self.report.files[asset.get_kind_display()] += 1
            self.report.found += self._attributed(address, found.values())

    def _cannot_read(self, address: Address, why: str) -> None:
        self.report.unread_pages.append(f"{self.printable(address)}: {why}")

    def _collect(
        self,
        address: Address,
        pieces: Iterable[Piece],
        found: dict[tuple[UUID, str, Kind, str], Found],
    ) -> None:
        for kind, place, text in pieces:
            for site_text in self._site_texts:
                text = text.replace(site_text, " ")
            for person, surface, blocks in self.matches(text):
                label = _place_label(place)
                find = Found(person, surface, address, kind, label, warned=not blocks)
                found.setdefault((person, letters(surface), kind, place), find)

    # --- Attribution of finds ------------------------------------------------------------------

    def _attributed(self, address: Address, found: Iterable[Found]) -> Iterator[Found]:
        """Yield each find with the field that contains the name, and whether it is allowed."""
        found = list(found)
        if not found:
            return
        rows = _rows_of(address.source)
        allowed = self._allowed_in(rows) if address.source else self._allowed_anywhere()
        places: dict[tuple[UUID, str], tuple[str, str, str]] = {}
        for printed in rows:
            for text, value in texts_of(printed).items():
                for person, surface, _blocks in self.matches(" ".join(value.split())):
                    where = str(text.place), text.table, str(printed.pk)
                    places.setdefault((person, letters(surface)), where)
        seen = set()
        for find in found:
            place, table, row = places.get(
                (find.person, letters(find.surface)), (find.place, "", "")
            )
            accepted = letters(find.surface) in allowed
            find = replace(find, place=place, table=table, row=row, accepted=accepted)
            key = (find.person, letters(find.surface), find.kind, find.place)
            if key not in seen:
                seen.add(key)
                yield find

    def _allowed_in(self, rows: Iterable[Model]) -> set[str]:
        keys = ((table_of(row), str(row.pk)) for row in rows)
        return {name for key in keys for name in self.allowed.get(key, ())}

    def _allowed_anywhere(self) -> set[str]:
        """Return the names allowed in lists. Each text in a list is also checked on its page."""
        if self._allowed_in_lists is None:
            keys = [key for key in self.allowed if _is_printed(*key, self.at)]
            self._allowed_in_lists = {name for key in keys for name in self.allowed[key]}
        return self._allowed_in_lists

    # --- For the desk --------------------------------------------------------------------------

    def _store(self, since: "Changes | None") -> None:
        finds = NameCheckFind.objects.all()
        with transaction.atomic():
            before = set(finds.values_list("person", "row", "place"))
            if since is None:
                finds.delete()
            else:
                finds.exclude(person__in=self.protected).delete()
                finds.filter(kind=Kind.NOTICE).delete()
                read = [*self._read, *since.former_addresses()]
                for start in range(0, len(read), BATCH):
                    finds.filter(address__in=read[start : start + BATCH]).delete()
            existing = set(Person.objects.filter(pk__in={f.person for f in self.report.found})
                        .values_list("pk", flat=True))  # fmt: skip
            NameCheckFind.objects.bulk_create(
                [
                    NameCheckFind(
                        person_id=find.person, address=find.address.path, kind=find.kind,
                        place=find.place[:120], table=find.table, row=find.row,
                        accepted=find.accepted, warned=find.warned, at=self.at,
                    )
                    for find in self.report.found if find.person in existing
                ],
                batch_size=BATCH,
            )  # fmt: skip
            new = [
                find
                for find in self.report.found
                if not (find.accepted or find.warned)
                and (find.person, find.row, find.place[:120]) not in before
            ]
            notify_of_names(pk for find in new for pk in _releases_with(find, self.at))


def _place_label(place: str) -> str:
    if place.startswith(_ATTRIBUTE):
        return _("attribute %(name)s") % {"name": place.removeprefix(_ATTRIBUTE)}
    return str(PLACES.get(place, place))


def _rows_of(source: Model | None) -> list[Model]:
    """Return the rows whose texts the address of a record prints."""
    match source:
        case Release():
            return printed_with(source)
        case Person():
            rows = printed_by(source)
            for release in Release.objects.public().filter(mentions__person=source):
                rows += printed_with(release)
            return rows
        case MediaAsset():
            return [source]
    return []


def _releases_with(find: Found, at: datetime) -> set[UUID]:
    """Return the public releases that print what was found: on their page, in a row or a file."""
    source = find.address.source
    own = {source.pk} if isinstance(source, Release) else set()
    row = row_or_none(find.table, find.row) or source
    if row is None:
        return own
    printing_it = Release.objects.public(at).filter(releases_printing(row))
    return own | set(printing_it.values_list("pk", flat=True))


def _is_printed(table: str, row: str, at: datetime) -> bool:
    found = row_of(table, row)
    return found is not None and is_printed(found, at)


def _texts_in_headers(answer: Any) -> Iterator[Piece]:
    for name in ("Content-Disposition", "Location"):
        yield Kind.FILE_NAME, _("the name of the download"), answer.headers.get(name, "")


def _texts_in(answer: Any, address: Address) -> Iterator[Piece]:
    """Yield the texts of an answer. Raises UnreadableFileError and OSError."""
    kind, form = address.kind, answer.headers.get("Content-Type", "").partition(";")[0]
    with _content(answer) as file:
        if form == "application/zip":
            for name in printed_texts.names_in_zip(file):
                yield Kind.FILE_NAME, _("a file name in the ZIP"), name
            texts = printed_texts.texts_in_zip(file)
        elif form == "image/jpeg":
            if isinstance(address.source, Release):
                yield kind, "text", address.source.title  # the card shows it
            texts = printed_texts.picture(file)
        else:
            texts = _texts_of_form(form, file.read())
        for place, text in texts:
            yield kind, place, text


def _texts_of_form(form: str, content: bytes) -> Iterator[tuple[str, str]]:
    if form == "text/html":
        return printed_texts.html(content)
    if form.endswith("xml"):
        return printed_texts.xml(content)
    text = content.decode(errors="replace")
    if form.endswith("json"):
        return printed_texts.values(json.loads(text))
    return printed_texts.table(text) if form == "text/csv" else printed_texts.plain(text)


_READERS: dict[str, Callable[[IO[bytes]], Iterator[tuple[str, str]]]] = {
    "pdf": printed_texts.pdf,
    "docx": printed_texts.word,
}


def _texts_in_asset(asset: MediaAsset) -> Iterator[Piece]:
    """Yield the texts of a file as the public gets it. Raises UnreadableFileError and OSError."""
    style, extension = asset.download_rendition
    yield Kind.FILE_NAME, _("the name of the download"), asset.download_name(extension)
    reader = printed_texts.picture if asset.is_picture else _READERS.get(extension)
    if reader is None:
        message = _("the text of “%(extension)s” files is not read")
        raise UnreadableFileError(message % {"extension": extension})
    kind = Kind.METADATA if asset.is_picture else Kind.DOCUMENT
    with asset.open_rendition(style, extension) as file:
        for place, text in reader(file):
            yield kind, place, text


# --- Recent changes ------------------------------------------------------------------------------


def moment(text: str, at: datetime) -> datetime:
    """Parse what an operator entered: an ISO date or time, or how long before `at`, as 12h or 1d.

    A time without an offset is in the newsroom’s time zone. Raises ValueError.
    """
    if ago := re.fullmatch(r"(\d{1,5})([dh])", text.strip()):
        return at - timedelta(**{{"d": "days", "h": "hours"}[ago[2]]: int(ago[1])})
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else timezone.make_aware(moment)


class Changes:
    """The records that may print other names than at an earlier moment, because of changes."""

    def __init__(self, check: NameCheck, since: datetime) -> None:
        self.check, self.since, self.at = check, since, check.at
        self.people: set[UUID] = set()
        self.assets: set[UUID] = set()
        self.releases: set[UUID] = set()
        self._changed_releases()
        self._changed_rows()
        self._exceptions()
        self.protected = self._protected_since()
        for person in self.protected:
            for printed in printing(person, self.at):
                if printed.release:
                    self.releases.add(printed.release.pk)
                if printed.page:
                    self.people.add(printed.page.pk)

    def scope(self) -> Scope:
        """Return the public addresses to read."""
        everything = whole_site(self.at)
        used = Q(illustrations__release__in=self.releases) | Q(poster_of__in=self.releases)
        read = used | Q(portrait_of__in=self.people) | Q(pk__in=self.assets)
        if self.protected:  # the text of documents is not indexed, so all are read
            read |= ~Q(kind=MediaAsset.Kind.IMAGE)
        assets = MediaAsset.objects.filter(read).values("pk")
        return Scope(
            at=self.at,
            releases=everything.releases.filter(pk__in=self.releases),
            people=everything.people.filter(pk__in=self.people),
            assets=everything.assets.filter(pk__in=assets),
            topics=Topic.objects.none(),
            listed=0,
            whole=False,
        )

    def former_addresses(self) -> Iterator[str]:
        """Yield the addresses of the changed records, including those that are no longer public."""
        changed = Release.objects.filter(pk__in=self.releases).prefetch_related("former_slugs")
        for release in changed:
            for slug in [release.slug, *(former.slug for former in release.former_slugs.all())]:
                for name, kind in FORMS.items():
                    if slug:
                        yield _of_release(name, kind, release, slug).path
        for person in Person.objects.filter(pk__in=self.people):
            address = person.get_absolute_url()
            yield address
            pages = NameCheckFind.objects.filter(address__startswith=f"{address}?page=")
            yield from pages.values_list("address", flat=True)
        for asset in MediaAsset.objects.filter(pk__in=self.assets).exclude(original=""):
            yield _of_asset(asset).path

    def _changed_releases(self) -> None:
        published = Q(publish_at__range=(self.since, self.at))
        changed = Q(updated_at__gte=self.since) | published
        for model, when in ((Event, "at"), (Correction, "at")):
            rows = model._default_manager.filter(**{f"{when}__gte": self.since})
            changed |= Q(pk__in=rows.exclude(release=None).values("release"))
        self._add_releases(changed)

    def _changed_rows(self) -> None:
        """Add the records that print a row that has a newer version."""
        for table in TABLES:
            model: Any = model_of(table)
            if not hasattr(model, "history") or model is Release:
                continue
            versions = model.history.filter(history_date__gte=self.since)
            if model is MediaAsset:
                self.assets |= set(versions.order_by().values_list("uuid", flat=True))
            elif model is Person:
                self.people |= set(versions.order_by().values_list("uuid", flat=True))
            elif model in (Topic, Contact):
                self._add_releases(self._prints_one_of(model, versions))
            elif hasattr(model, "person_id"):
                self.people |= set(versions.order_by().values_list("person_id", flat=True))
            else:
                cases = versions.order_by().values("case_id")
                people = Case.objects.filter(pk__in=cases).values_list("person_id", flat=True)
                self.people |= set(people)
        consents = Consent.history.filter(history_date__gte=self.since)
        self.people |= set(consents.order_by().values_list("person_id", flat=True))
        used = Q(poster__in=self.assets) | Q(illustrations__asset__in=self.assets)
        self._add_releases(used | Q(mentions__person__in=self.people))
        portraits = Person.objects.filter(portrait__in=self.assets)
        self.people |= set(portraits.values_list("pk", flat=True))

    @staticmethod
    def _prints_one_of(model: Any, versions: Any) -> Q:
        rows = model._default_manager.filter(pk__in=versions.order_by().values("id"))
        return reduce(or_, map(releases_printing, rows), Q(pk__in=()))

    def _exceptions(self) -> None:
        """Add the records that print a row with a name exception that began or ended since then."""
        changed = NameException.objects.filter(Q(at__gte=self.since) | Q(ended_at__gte=self.since))
        for exception in changed.select_related("release"):
            row = exception.release or row_of(exception.table, exception.row)
            if row is None:
                continue
            self._add_releases(releases_printing(row))
            if isinstance(row, MediaAsset):
                self.assets.add(row.pk)
                portraits = Person.objects.filter(portrait=row)
                self.people |= set(portraits.values_list("pk", flat=True))
            elif person := person_of(row):
                self.people.add(person.pk)

    def _protected_since(self) -> list[Person]:
        """Return the protected people whose protection or names may have changed since then."""
        today, day = timezone.localdate(self.at), timezone.localdate(self.since)
        lowered = LevelChange.objects.filter(
            Q(requested_at__gte=self.since) | Q(decided_at__gte=self.since)
        )
        ended = Q(name_consent_until__gte=day - timedelta(days=1), name_consent_until__lt=today)
        new = Q(pk__in=self.people) | Q(pk__in=lowered.values("person")) | ended
        return list(Person.objects.protected(today).filter(new))

    def _add_releases(self, condition: Q) -> None:
        found = Release.objects.filter(condition).values_list("pk", flat=True)
        self.releases |= set(found.order_by())
