"""The public pages. Each asks the clock once and sees only what is public at that moment."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from hashlib import sha256
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from assets import storage
from assets.cards import share_card
from assets.models import CONTENT_TYPES
from newsroom.archive import MOST_TOPICS, Filters, facets
from newsroom.bundle import media_zip
from newsroom.calls import entries
from newsroom.counts import MOST_COUNTED, CountUpTo
from newsroom.exports import as_ninjs, as_text, withdrawn_ninjs
from newsroom.page import ReleasePage
from newsroom.prisoners import Filters as PrisonerFilters
from newsroom.prisoners import (
    as_csv,
    columns,
    current_cases,
    picture,
    sections,
    title_of,
    with_people,
)
from newsroom.prisoners import facets as prisoner_facets
from newsroom.structured import news_article, profile
from newsroom.word import as_docx
from people.models import Consent, Group, Person
from people.names.patterns import pattern
from releases.addresses import site_url
from releases.models import FormerSlug, Quote, Release, ReleaseQuerySet, Topic
from releases.rules.visibility import public_assets

OfARelease = Callable[[HttpRequest, ReleasePage | Release], HttpResponseBase]

A_DAY = 24 * 60 * 60  # seconds
A_YEAR = 365 * A_DAY
A_PAGE = 20
ON_THE_FRONT = 8
LONGEST_TERM = 200  # characters
IN_A_SITEMAP = 5_000  # addresses in a file; the protocol allows 50,000
OF_A_QUOTATION = (
    "position", "text", "attribution_name", "attribution_title", "speaker",
    "release__slug", "release__title", "release__language", "release__publish_at",
)  # fmt: skip
CASE_PARTS = ("statuses", "events", "charges", "sentences", "designations")


def listed(at: datetime) -> ReleaseQuerySet:
    """Return the public releases as lists show them, newest first."""
    return Release.objects.public(at).select_related("poster").defer("notes_to_editors")


def page_of(request: HttpRequest, rows: "QuerySet[Any] | list[Any]", size: int = 0) -> "Page[Any]":
    """Return the page of a list that the address asks for, of `size` rows or A_PAGE.

    Raises Http404 where there is none.
    """
    try:
        return Paginator(rows, size or A_PAGE).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None


@require_safe
def newsroom(request: HttpRequest) -> HttpResponse:
    """The front page: the newest release as the lead, the ones before it, and ways in."""
    now = timezone.now()
    newest = list(listed(now)[: ON_THE_FRONT + 1])
    about_it = Topic.releases.through.objects.filter(
        topic=OuterRef("pk"), release__in=Release.objects.public(now)
    )
    topics = Topic.objects.filter(Exists(about_it)).annotate(count=CountUpTo(about_it))
    cases = current_cases(timezone.localdate(now)).in_group(Group.DETENTION)
    return render(
        request,
        "newsroom/newsroom.html",
        {
            "lead": newest[0] if newest else None,
            "releases": newest[1:],
            "topics": topics.order_by("name")[:MOST_TOPICS],
            "most_counted": MOST_COUNTED,
            "cases": cases.select_related("person")[:3],
        },
    )


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """Every public release, page by page, narrowed by the filters of the address."""
    now = timezone.now()
    filters = Filters.from_query(request.GET)
    return render(
        request,
        "newsroom/archive.html",
        {
            "page": page_of(request, filters.apply(listed(now))),
            "filters": filters,
            "facets": list(facets(filters, now)),
        },
    )


def of_one_release(view: OfARelease) -> Callable[..., HttpResponseBase]:
    """Let a view print a public release, or the tombstone of one that was withdrawn.

    A former address leads to the present one, in the same form.
    """

    @wraps(view)
    def find(request: HttpRequest, slug: str) -> HttpResponseBase:
        now = timezone.now()
        releases = Release.objects.public(now).filter(slug=slug).select_related("poster")
        if found := releases.prefetch_related("topics", "contacts").first():
            return view(request, ReleasePage(found, at=now))
        if withdrawn := Release.objects.tombstones(now).filter(slug=slug).first():
            response = view(request, withdrawn)
            response.status_code = 410
            return response
        public = Release.objects.public(now)
        former = FormerSlug.objects.filter(slug=slug, release__in=public).first()
        if former is None or request.resolver_match is None:
            raise Http404
        return redirect(request.resolver_match.view_name, slug=former.release.slug, permanent=True)

    return require_safe(find)


@of_one_release
def release(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release; its tombstone where it was withdrawn."""
    if isinstance(page, Release):
        return render(request, "newsroom/withdrawn.html", {"release": page})
    context = {
        "page": page,
        "release": page.release,
        "structured": news_article(page, site_url(request), settings.NEWSROOM_NAME),
        "lang": page.release.language,
        "dir": page.release.direction,
    }
    return render(request, "newsroom/release.html", context)


@of_one_release
def release_text(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release as plain text."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    words = as_text(page, site_url(request), settings.NEWSROOM_NAME)
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@of_one_release
def release_word(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release as a Word file."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    written = as_docx(page, site_url(request), settings.NEWSROOM_NAME)
    response = HttpResponse(written, content_type=CONTENT_TYPES["docx"])
    name = content_disposition_header(True, f"{page.release.slug}.docx")
    response["Content-Disposition"] = str(name)
    return response


@of_one_release
def release_json(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release as ninjs."""
    if isinstance(page, Release):
        data = withdrawn_ninjs(page)
    else:
        data = as_ninjs(page, site_url(request), settings.NEWSROOM_NAME)
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})


@of_one_release
def release_card(request: HttpRequest, page: ReleasePage | Release) -> HttpResponseBase:
    """The card that stands for a release without a picture, set from its title."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    shown = page.release
    words = {
        "kind": shown.get_kind_display(),
        "newsroom": settings.NEWSROOM_NAME,
        "language": shown.language,
        "direction": shown.direction,
        "day": date_format(shown.day, "j F Y"),
    }
    name = sha256(f"{shown.title} {words}".encode("utf-8", "replace")).hexdigest()
    response: HttpResponse | None = get_conditional_response(request, etag=f'"{name}"')
    if response is None:
        # By its words: whatever keeps it, nothing that was to be hidden is found by it.
        card = cache.get_or_set(f"card.{name}", lambda: share_card(shown.title, **words), A_DAY)
        response = HttpResponse(card, content_type="image/jpeg")
    response["ETag"] = f'"{name}"'
    return response


@of_one_release
def release_zip(request: HttpRequest, page: ReleasePage | Release) -> HttpResponseBase:
    """One release with its pictures and documents, streamed."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    archive = media_zip(page, site_url(request), settings.NEWSROOM_NAME)
    response = StreamingHttpResponse(archive, content_type="application/zip")
    response["Content-Length"] = len(archive)
    name = content_disposition_header(True, f"{page.release.slug}.zip")
    response["Content-Disposition"] = str(name)
    return response


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Our spokespeople, page by page."""
    now = timezone.now()
    today = timezone.localdate(now)
    spokespeople = Person.objects.with_page(today).spokespeople(today)
    page = page_of(request, spokespeople.select_related("portrait").prefetch_related("roles"))
    said = Quote.objects.filter(speaker=OuterRef("pk"), release__in=Release.objects.public(now))
    these = Person.objects.filter(pk__in=[person.pk for person in page])
    quotations = dict(these.order_by().values_list("pk", CountUpTo(said)))
    context = {
        "page": page,
        "speakers": [(person, quotations.get(person.pk, 0)) for person in page],
        "most_counted": MOST_COUNTED,
        "today": today,
    }
    return render(request, "newsroom/people.html", context)


@require_safe
def person(request: HttpRequest, slug: str) -> HttpResponse:
    """One person: titles, the case, what they said, page by page, and the newest releases."""
    now = timezone.now()
    today = timezone.localdate(now)
    found = get_object_or_404(
        Person.objects.with_page(today)
        .select_related("portrait")
        .prefetch_related(
            "names",
            "roles",
            "consents",
            *(f"cases__{part}" for part in CASE_PARTS),
        ),
        slug=slug,
    )
    said = Quote.objects.filter(speaker=found, release__in=Release.objects.public(now))
    term = request.GET.get("q", "").strip()[:LONGEST_TERM]
    quotes = said.select_related("release").only(*OF_A_QUOTATION).order_by("release", "position")
    if term:
        words = Concat("text", Value("\n"), "release__title", output_field=TextField())
        with_term = quotes.alias(words=words).filter(words__regex=pattern(term))
        # Every text is read for this: once, and not for the number and for the page again.
        page = page_of(request, list(with_term.values_list("pk", flat=True)))
        page.object_list = quotes.filter(pk__in=page.object_list)
    else:
        page = page_of(request, quotes)
    releases = list(listed(now).filter(mentions__person=found)[: A_PAGE + 1])
    context = {
        "person": found,
        "entries": entries(found.cases.all(), now),
        "today": today,
        "health": found.has_consent(Consent.Scope.HEALTH, today),
        "term": term,
        "query": urlencode({"q": term}) if term else "",
        "said": said.count() if term else page.paginator.count,
        "page": page,
        "releases": releases[:A_PAGE],
        "more": len(releases) > A_PAGE,
        "structured": profile(found, today, site_url(request), now),
    }
    return render(request, "newsroom/person.html", context)


@require_safe
def prisoners(request: HttpRequest) -> HttpResponse:
    """The people whose cases we follow, page by page: as a roll by group, a table and a picture."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = PrisonerFilters.from_query(request.GET)
    cases = filters.order(filters.narrow(current_cases(today), today), today)
    page = page_of(request, with_people(cases))
    context = {
        "title": title_of(filters, page, today),
        "filters": filters,
        "facets": list(prisoner_facets(filters, today)),
        "page": page,
        "sections": sections(entries(page, now)),
        "columns": columns(filters),
        "picture": picture(page, today),
        "today": today,
    }
    return render(request, "newsroom/prisoners.html", context)


@require_safe
def prisoners_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Everybody in the same table, for spreadsheets."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = PrisonerFilters.from_query(request.GET)
    cases = filters.order(filters.narrow(current_cases(today), today), today)
    lines = as_csv(cases, site_url(request), now)
    begun = [*islice(lines, 2)]  # what fails at once is answered with an error, not with half
    response = StreamingHttpResponse(chain(begun, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "prisoners.csv")
    return response


@require_safe
def rendition(request: HttpRequest, uuid: UUID, style: str, extension: str) -> HttpResponseBase:
    """A picture in one of its styles, or a document, while something public shows it.

    The plain address gives what is current, and is asked for anew each time. The one with a
    version may be kept by the reader's own browser, and by nothing between us (decision 0015).
    What is taken along is heavy, and comes from the bucket where there is one (decision 0016).
    """
    now = timezone.now()
    asset = get_object_or_404(public_assets(now), pk=uuid)
    name = asset.stored_name(style, extension)
    if (style, extension) == asset.press and (
        address := storage.signed_address(
            name, filename=asset.download_name(extension), content_type=CONTENT_TYPES[extension]
        )
    ):
        away = HttpResponseRedirect(address)
        away["Cache-Control"] = "private, no-store"
        return away
    etag = f'"{asset.version}-{style}-{extension}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    response = response or asset.rendition_response(style, extension)
    response["ETag"] = etag
    if request.GET.get("v") == asset.version:
        ends = asset.licence_expires
        kept = min(int((ends - now).total_seconds()), A_YEAR) if ends else A_YEAR
        response["Cache-Control"] = f"private, max-age={kept}, immutable"
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The files that name every public page, for search engines."""
    now = timezone.now()
    files = [(reverse("sitemap_pages"), 1)]
    for name, rows in (("sitemap_people", _paged_people(now)), ("sitemap_releases", _paged(now))):
        files += [(reverse(name), n) for n in Paginator(rows, IN_A_SITEMAP).page_range]
    return render(request, "sitemap.xml", {"files": files}, content_type="application/xml")


@require_safe
def sitemap_pages(request: HttpRequest) -> HttpResponse:
    """The pages that are always there."""
    names = ("newsroom", "archive", "people", "prisoners")
    return _addresses(request, [(reverse(name), None) for name in names])


@require_safe
def sitemap_people(request: HttpRequest) -> HttpResponse:
    """The pages of people."""
    page = page_of(request, _paged_people(timezone.now()), IN_A_SITEMAP)
    return _addresses(request, [(reverse("person", args=[slug]), None) for (slug,) in page])


@require_safe
def sitemap_releases(request: HttpRequest) -> HttpResponse:
    """The pages of releases, and when each was changed."""
    page = page_of(request, _paged(timezone.now()), IN_A_SITEMAP)
    return _addresses(
        request, [(reverse("release", args=[slug]), changed) for slug, changed in page]
    )


def _paged_people(at: datetime) -> "QuerySet[Person, tuple[str]]":
    people = Person.objects.with_page(timezone.localdate(at))
    return people.order_by("pk").values_list("slug")


def _paged(at: datetime) -> "QuerySet[Release, tuple[str, datetime]]":
    """Return the public releases, the oldest first: what is full is not filled anew."""
    releases = Release.objects.public(at).order_by("publish_at", "pk")
    return releases.values_list("slug", "updated_at")


def _addresses(
    request: HttpRequest, addresses: Iterable[tuple[str, datetime | None]]
) -> HttpResponse:
    context = {"addresses": addresses}
    return render(request, "sitemap_part.xml", context, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What robots may read: all that anybody may."""
    return render(request, "robots.txt", content_type="text/plain")


def _withdrawn_text(release: Release) -> HttpResponse:
    words = f"This release was withdrawn.\n\n{release.withdrawal_reason}\n"
    return HttpResponse(words, content_type="text/plain; charset=utf-8")
